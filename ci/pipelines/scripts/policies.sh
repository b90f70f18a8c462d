#!/usr/bin/env bash
# Tells by meaning what the change does to the fleet, in build/pipeline/blast-radius.md too. Fails on a policy that is wider or a
# selector that is another one, unless a commit acknowledges it (docs/blast-radius.md).
source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"

commit=$(base)
mkdir -p build/pipeline
make --no-print-directory diff BASE="$commit" | tee build/pipeline/blast-radius.md
