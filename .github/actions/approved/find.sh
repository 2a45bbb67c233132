#!/usr/bin/env bash
# Asks which pull request the commit that is checked out came from, and which run made the plan that it shows.
set -euo pipefail

code=0
found=$(presetctl ci approved -w "$WORKSPACE") || code=$?
if ((code == 4)); then
  exit 0 # no plan there that counts, and presetctl said why
elif ((code)); then
  exit "$code"
fi
run=$(jq -r '.run_id // "" | tostring | select(test("^[0-9]+$"))' <<< "$found")
number=$(jq -r '.pull_request | tostring | select(test("^[0-9]+$"))' <<< "$found")
{
  printf 'folder=%s\n' "$(mktemp -d "${RUNNER_TEMP:?}/approved.XXXXXX")"
  printf 'run-id=%s\n' "$run"
  printf 'pull-request=%s\n' "$number"
} >> "$GITHUB_OUTPUT"
