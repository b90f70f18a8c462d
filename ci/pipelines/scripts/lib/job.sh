# shellcheck shell=bash
# What every job's script begins with: it is sourced, first thing. Strict mode, the checkout's folder, its tools, and sentences.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../../../.."
export PATH="$PWD/.venv/bin:$PATH"

say() { printf 'pipeline: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 3
}

# Installs what is locked, where it is not installed yet.
tools() { make --no-print-directory .venv/complete; }

# The commit to compare with: BASE_SHA; else the newest one of BASE_BRANCH; else, as for a branch's first push, the one before HEAD.
base() {
  [[ $(git rev-parse --is-shallow-repository) == false ]] ||
    die "This clone lacks the history that changes are compared with: fetch all of it (fetch-depth: 0, GIT_DEPTH: 0)."
  local given=${BASE_SHA:-}
  if [[ -z $given && -n ${BASE_BRANCH:-} ]]; then
    given="refs/remotes/origin/$BASE_BRANCH"
    git fetch --quiet origin "+refs/heads/$BASE_BRANCH:$given" || die "The branch $BASE_BRANCH cannot be fetched from origin."
  fi
  if [[ -z $given || $given =~ ^0+$ ]]; then
    given="${HEAD_SHA:-HEAD}~1"
  fi
  git rev-parse --verify --quiet "$given^{commit}" || die "There is no commit $given here to compare with: set BASE_SHA."
}

# BASE..HEAD, as `gate changed` and `gate guard` take it.
range() {
  local from to
  from=$(base)
  to=$(git rev-parse --verify --quiet "${HEAD_SHA:-HEAD}^{commit}") || die "There is no commit ${HEAD_SHA:-HEAD} here."
  printf '%s..%s\n' "$from" "$to"
}

# The services in SERVICES, which commas or spaces part; one a line.
named() {
  local names
  read -r -a names <<<"${SERVICES//[,[:space:]]/ }"
  printf '%s\n' "${names[@]}"
}
