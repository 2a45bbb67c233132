#!/bin/sh
# The main job on the embedded workspaces: validate, plan, apply, change a preset, apply again, plan again.
# Works on a copy, so that nothing in the checkout changes. Usage: demo.sh PRESETCTL
set -eu

presetctl=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cp -R "$source/presets" "$source/presetctl.yaml" "$work"
cd "$work"

show() {
  printf '\n$ presetctl %s\n' "$*"
  "$presetctl" "$@"
}

show validate
show plan
show apply --yes

printf '\n--- one preset is changed on purpose: temperature 0.7 becomes 0.4, and a sentence of its prompt ---\n'
sed -e 's/temperature: 0.7/temperature: 0.4/' -e 's/Be warm and brief\./Be warm, plain and brief./' \
  presets/email-copywriter.yaml > changed && mv changed presets/email-copywriter.yaml

show plan
show apply --yes
show plan

printf '\n--- the second kind of workspace: LibreChat, where a field can only go with its preset ---\n'
show plan -w chat
show apply -w chat --yes
sed -e '/topP:/d' presets/librechat/code-helper.yaml > changed && mv changed presets/librechat/code-helper.yaml
show plan -w chat
show apply -w chat --yes
show plan -w chat
