#!/bin/sh
# Installs what presetctl is measured against into this folder. What can't be had is said, and not measured.
# usage: install-peers.sh PYTHON
set -u
here=$(dirname "$0")
if ! [ -f "$here/.venv/installed" ] || [ "$here/requirements.txt" -nt "$here/.venv/installed" ]; then
  { "$1" -m venv "$here/.venv" \
    && "$here/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" \
    && touch "$here/.venv/installed"; } || echo 'octoDNS and check-jsonschema could not be installed.' >&2
fi
if ! [ -f "$here/node_modules/.package-lock.json" ] || [ "$here/package-lock.json" -nt "$here/node_modules/.package-lock.json" ]; then
  { npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund && touch "$here/node_modules/.package-lock.json"; } \
    || echo 'ajv-cli could not be installed.' >&2
fi
