#!/usr/bin/env bash
# Promotes what staging has proved: for each service a branch promote/<service>-<commit> with the production values and the verdict
# that admits them, and a merge request, which `gate guard` judges and people merge. No branch of others is pushed to.
#   SERVICES      which; those with a verdict in build/verdicts if not set
#   BASE_BRANCH   the branch to merge into; only what is in it already is promoted
#   FORGE         github or gitlab opens the merge request there; else the branch is pushed only
source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"

target=${BASE_BRANCH:-main}
git fetch --quiet origin "+refs/heads/$target:refs/remotes/origin/$target" || die "The branch $target cannot be fetched from origin."
start=$(git rev-parse HEAD)
git merge-base --is-ancestor "$start" "refs/remotes/origin/$target" ||
  die "$(git rev-parse --short HEAD) is not in $target: merge it first, then promote it."

tree="$PWD/build/pipeline/promotion" # a checkout of its own: this one stays as it is
leave() { git worktree remove --force "$tree" 2>/dev/null || true; }
trap leave EXIT

in_tree() { git -C "$tree" "$@"; }

push() { in_tree push --quiet "$@"; }

open_request() {
  local branch=$1 title=$2 body=$3
  case ${FORGE:-} in
    gitlab)
      push --push-option=merge_request.create --push-option="merge_request.target=$target" \
        --push-option="merge_request.title=$title" --push-option=merge_request.remove_source_branch \
        origin "HEAD:refs/heads/$branch"
      ;;
    github)
      push origin "HEAD:refs/heads/$branch"
      gh pr create --base "$target" --head "$branch" --title "$title" --body-file "$body"
      ;;
    *)
      push origin "HEAD:refs/heads/$branch"
      ;;
  esac
}

promote() {
  local service=$1 branch folder said title strange
  branch="promote/$service-${start:0:12}"
  folder="charts/services/$service/environments/production"
  said="build/pipeline/promote-$service.txt"
  if git ls-remote --exit-code --heads origin "refs/heads/$branch" >/dev/null; then
    say "$service is proposed already, in $branch."
    return
  fi
  gate promote "$service" --root "$tree" | grep -v "^  wrote " | tee "$said"
  strange=$(in_tree status --porcelain --untracked-files=all -- . \
    ":(exclude)$folder/values.yaml" ":(exclude)$folder/promotion.dsse.json")
  [[ -z $strange ]] || die "gate promote changed more than the values and their verdict: $strange"
  in_tree add -- "$folder"
  if in_tree diff --cached --quiet; then
    say "$service is in production as staging has it."
    return
  fi
  title="Promote $service to production"
  in_tree -c user.name="${GATE_GIT_NAME:-Promotion gate}" -c user.email="${GATE_GIT_EMAIL:-promotion-gate@localhost}" \
    commit --quiet --message "$title" --message "$(<"$said")"
  open_request "$branch" "$title" "$said"
  say "$service is proposed in $branch."
}

tools
python ci/toolchain/tools.py helm
mkdir -p build/pipeline
if [[ -n ${SERVICES:-} ]]; then
  mapfile -t services < <(named)
else
  shopt -s nullglob
  services=(build/verdicts/*/staging.dsse.json)
  services=("${services[@]%/staging.dsse.json}")
  services=("${services[@]##*/}")
fi
((${#services[@]})) || die "There is no verdict of staging in build/verdicts: verify first, or name SERVICES."

leave
git worktree prune
git worktree add --quiet --detach "$tree" "$start"
refused=()
for service in "${services[@]}"; do
  in_tree checkout --quiet --force --detach "$start"
  in_tree clean --quiet -d --force
  # in a shell of its own, not in a condition, where errexit would not hold: a service that is refused holds up no other
  (promote "$service") &
  wait $! || refused+=("$service")
done
if ((${#refused[@]})); then
  say "Not promoted: ${refused[*]}."
  exit 1
fi
