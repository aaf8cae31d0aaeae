#!/bin/sh
# Runs every test and counts. Namespaces and mounts need root: another user's test programs run through sudo.
set -eu
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ]; then
    host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${host}_RUNNER=sudo -E"
    echo "test: built as $(id -un), run through sudo"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 0 > "$work/status"
: > "$work/skips"
export IPERFTESTER_TEST_SKIPS="$work/skips"
{ cargo test --locked --no-fail-fast 2>&1 < /dev/null || echo $? > "$work/status"; } | tee "$work/log"
echo
grep -E '^test .* \.\.\. ignored' "$work/log" || true
# What passed without having done its work says so in this list.
sort -u "$work/skips"
awk -v skipped="$(sort -u "$work/skips" | wc -l)" \
    '/^test result:/ { passed += $4; failed += $6; skipped += $8 }
     END { printf "test: %d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$work/log"
exit "$(cat "$work/status")"
