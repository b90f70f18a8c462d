#!/usr/bin/env bash
# Renders every service for every environment, and holds all against Kubernetes' schemas and the fleet's policies.
source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"

make --no-print-directory fleet
