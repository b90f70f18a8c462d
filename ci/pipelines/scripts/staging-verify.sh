#!/usr/bin/env bash
# Verifies what the change renders otherwise in staging's own cluster, and signs: the verdicts that may promote.
#   GATE_SIGNING_KEY    the private key's PEM
#   STAGING_CONTEXT     the context of staging's cluster in the kubeconfig
#   STAGING_KUBECONFIG  the kubeconfig's text; else the file that KUBECONFIG names
source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

[[ -n ${GATE_SIGNING_KEY:-} ]] || die "GATE_SIGNING_KEY is not set: without a signature no verdict promotes."
if [[ -z ${STAGING_TARGET:-} ]]; then
  [[ -n ${STAGING_CONTEXT:-} ]] || die "STAGING_CONTEXT is not set: name the context of staging's cluster in its kubeconfig."
  STAGING_TARGET="context:$STAGING_CONTEXT"
fi
if [[ -n ${STAGING_KUBECONFIG:-} ]]; then
  KUBECONFIG=$(mktemp) # 0600
  export KUBECONFIG
  trap 'rm -f "$KUBECONFIG"' EXIT
  printf '%s\n' "$STAGING_KUBECONFIG" >"$KUBECONFIG"
  unset STAGING_KUBECONFIG
fi
tools
verify_each "$STAGING_TARGET"
