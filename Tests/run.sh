#!/usr/bin/env bash
# Runs the built tests, and repeats at the end which of them failed and how: with a thousand tests, failures stand far above the last line.
# Arguments are handed on to `swift test`, as in Tests/run.sh --filter Membership.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift test -c release --skip-build "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if [ "$status" != 0 ]; then
  echo; echo "What failed:"
  grep -aE 'recorded an issue|^✘|Fatal error|signal code|^↳' "$log" | grep -avE '^↳ (Testing Library Version|Target Platform)' | cut -c1-600 | tail -n 200
fi
exit "$status"
