#!/usr/bin/env bash
# Verifies what the change renders otherwise in a kind cluster of this host. No secret, no shared cluster, no signature.
source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

unset GATE_SIGNING_KEY
tools
verify_each "${KIND_TARGET:-kind}"
