#!/usr/bin/env bash
# Runs presetctl for one workspace and hands the result on. Everything comes in the environment and stays data: nothing
# of it becomes code, a command to the runner, or an option, but for ARGUMENTS, which are the words of whoever calls.
set -eo pipefail # and not -u, for which the bash of a Mac takes an empty list for an unset variable

main() {
  local out code=0 key=${API_KEY:-} management_key=${MANAGEMENT_KEY:-} variables=${VARIABLES:-}
  unset API_KEY MANAGEMENT_KEY VARIABLES
  hand_on "${API_KEY_ENV:-OPENROUTER_API_KEY}" "$key"
  hand_on "${MANAGEMENT_KEY_ENV:-OPENROUTER_MANAGEMENT_KEY}" "$management_key"
  hand_on_lines "$variables"
  out=$(mktemp -d "${RUNNER_TEMP:?}/presetctl.XXXXXX")
  tell folder "$out"
  read_words
  case "$COMMAND" in
    plan) plan "$out" || code=$? ;;
    apply) apply "$out" || code=$? ;;
    drift) drift "$out" || code=$? ;;
    import) import "$out" || code=$? ;;
    *) printf 'The command must be plan, apply, drift or import.\n' >&2 && code=64 ;;
  esac
  exit "$code"
}

# tell NAME VALUE: one output. The values are words of ours, never text from elsewhere.
tell() {
  printf '%s=%s\n' "$1" "$2" >> "$GITHUB_OUTPUT"
}

# hand_on NAME VALUE: exports a secret under the name that presetctl.yaml gives it.
hand_on() {
  if [[ ! $1 =~ ^[A-Z][A-Z0-9_]*$ || $1 =~ ^(PATH|HOME|IFS|ENV|SHELLOPTS|BASH.*|PYTHON.*|(ACTIONS|GIT|GITHUB|LD|RUNNER)_.*)$ ]]; then
    printf 'The variable for a key must be in capitals, such as OPENROUTER_API_KEY, and none that means something else.\n' >&2
    exit 64
  fi
  if [[ -n $2 ]]; then
    export "$1=$2"
  fi
}

# hand_on_lines LINES: the same for every line NAME=VALUE. The runner hides a secret as a whole, so each value is named to it.
hand_on_lines() {
  local line value
  while IFS= read -r line; do
    line=${line%$'\r'}
    if [[ $line == *=* ]]; then
      value=${line#*=}
      if [[ -n $value ]]; then
        value=${value//%/%25}
        printf '::add-mask::%s\n' "${value//$'\r'/%0D}"
      fi
      hand_on "${line%%=*}" "${line#*=}"
    elif [[ $line =~ [^[:space:]] ]]; then
      printf 'Each line of the variables must be NAME=value.\n' >&2
      exit 64
    fi
  done <<< "$1"
}

# The words of ARGUMENTS and all others that differ as `more`, those of every command as `common`.
read_words() {
  common=(-C "${FOLDER:-.}")
  more=()
  if [[ -n ${WORKSPACE:-} ]]; then
    more+=(-w "$WORKSPACE")
  fi
  local words=()
  IFS=$' \t\n\r' read -r -d '' -a words <<< "${ARGUMENTS:-}" || true # the end of the text is no fault
  more+=("${words[@]}")
}

plan() {
  local code=0
  if [[ -n ${COMPARE:-} ]]; then
    more+=(--compare "$COMPARE")
  fi
  if [[ -n ${BASE:-} ]]; then
    more+=(--base "$BASE")
  fi
  if [[ ${OFFLINE:-} == true ]]; then
    more+=(--offline)
  fi
  quietly presetctl "${common[@]}" plan "${more[@]}" --format json --out "$1/plan.json" \
    --report "markdown=$1/plan.md" --report "html=$1/plan.html" --report "human=$1/plan.txt" > "$1/result.json" || code=$?
  if [[ -f $1/plan.txt ]]; then
    quietly cat "$1/plan.txt" >&2
  fi
  hand_back "$1/plan.json" "$1/result.json" "$code"
}

apply() {
  local code=0
  if [[ -z ${COMPARE:-} ]]; then
    printf 'apply needs `compare`: the plan that was agreed to.\n' >&2
    return 64
  fi
  quietly presetctl "${common[@]}" apply "${more[@]}" --compare "$COMPARE" --yes --format json \
    --report "markdown=$1/applied.md" > "$1/apply.json" || code=$?
  hand_back "$COMPARE" "$1/apply.json" "$code"
}

# hand_back PLAN RESULT CODE: the outputs of a plan and of what came of it; gives the exit code.
hand_back() {
  if (($3)); then
    quietly cat "$2" >&2 # says why
  fi
  if [[ ! -f $1 ]]; then
    presetctl ci outputs -- "$2" || (($3)) || return
  elif (($3)) || [[ $COMMAND == apply ]]; then
    presetctl ci outputs --apply "$2" -- "$1" || (($3)) || return
  else
    presetctl ci outputs -- "$1" || return
  fi
  return "$3"
}

drift() {
  local code=0
  quietly presetctl "${common[@]}" drift "${more[@]}" --format json > "$1/drift.json" || code=$?
  case "$code" in
    0) tell drifted false ;;
    2) tell drifted true && quietly cat "$1/drift.json" >&2 ;;
    *) hand_back "" "$1/drift.json" "$code" ;;
  esac
}

# Drift, and then the files as somebody made the workspace. What can't be brought into files stays as it is.
import() {
  local code=0 found slug slugs=()
  drift "$1" || return
  found=$(jq -r '.drifts[] | select(.archived | not) | .slug' "$1/drift.json") || return
  if [[ -n $found ]]; then
    while IFS= read -r slug; do slugs+=("$slug"); done <<< "$found"
    quietly presetctl "${common[@]}" import --update "${more[@]}" -- "${slugs[@]}" >&2 || code=$?
  fi
  ((code == 3 || code == 6)) || return "$code" # some or all refused, and said why
}

# quietly COMMAND…: runs it, while the runner takes no line that it prints for a command.
quietly() {
  local token code=0
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$token" >&2
  "$@" || code=$?
  printf '::%s::\n' "$token" >&2
  return "$code"
}

main
