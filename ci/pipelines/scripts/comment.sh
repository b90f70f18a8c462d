#!/usr/bin/env bash
# Writes each verdict of build/gate into the gate's comment on the merge request: FORGE is github or gitlab, MERGE_REQUEST is
# OWNER/REPO#N or PROJECT!N; the token is in GITHUB_TOKEN or GITLAB_TOKEN.
source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"

[[ ${FORGE:-} == github || ${FORGE:-} == gitlab ]] || die "FORGE is ${FORGE:-not set}: it is github or gitlab."
[[ -n ${MERGE_REQUEST:-} ]] || die "MERGE_REQUEST is not set: name it as OWNER/REPO#N or PROJECT!N."
shopt -s nullglob
verdicts=(build/gate/*/verdict.json)
if ((!${#verdicts[@]})); then
  say "There is no verdict to write down."
  exit 0
fi
tools
for verdict in "${verdicts[@]}"; do
  gate comment "$verdict" "--$FORGE" "$MERGE_REQUEST"
done
