# shellcheck shell=bash
# Sourced by the two jobs that verify, after job.sh.

# Names the services to verify: SERVICES, or those of which the range renders other objects for staging.
to_verify() {
  if [[ -n ${SERVICES:-} ]]; then
    named
    return
  fi
  local commits
  commits=$(range)
  gate changed "$commits" --environment staging
}

# Verifies each on the target $1, all of them whatever comes of one; the reports go to build/gate/<service>.
# Ends with 1 if one is not PASS.
verify_each() {
  local target=$1 service services failed=()
  services=$(to_verify)
  if [[ -z $services ]]; then
    say "No service renders otherwise for staging, so there is nothing to verify."
    return
  fi
  for service in $services; do
    say "Verifying $service in staging on $target."
    make --no-print-directory gate SERVICE="$service" ENVIRONMENT=staging TARGET="$target" \
      ARGS="--reports build/gate/$service ${GATE_ARGS:-}" || failed+=("$service")
  done
  if ((${#failed[@]})); then
    say "Not PASS: ${failed[*]}. Each one's verdict is in build/gate/<service>/."
    return 1
  fi
}
