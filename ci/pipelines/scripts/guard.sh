#!/usr/bin/env bash
# Refuses a change of production that no verdict has proved. Runs from the checkout of the branch that is merged into, so that a
# change brings neither this script nor the gate that judges it; HEAD_SHA names the change, whose files are only read.
source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"

tools
python ci/toolchain/tools.py helm renderer
commits=$(range)
gate guard "$commits"
