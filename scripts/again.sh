#!/bin/sh
# again.sh LOG: asks the tests that failed in a log of `cargo test` once more, with nothing else at work, and says what came of it.
# Fails where one fails again, and where what failed must not depend on the machine: unit tests, doc tests, a program that did not build.
set -eu
log=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "PROGRAM TEST" of each failed test of a program in tests/; "- TEST" of any other's.
awk '/^ +Running / { program = "-" }
     /^ +Running tests\// { program = $2; sub(/^tests\//, "", program); sub(/(\/main)?\.rs$/, "", program) }
     /^ +Doc-tests / { program = "-" }
     /^test .* \.\.\. FAILED$/ { print program, $2 }' "$log" > "$work/tests"
# The targets that cargo calls failed: `--test PROGRAM`, `--lib`, `--doc`…
awk '/^error: [0-9]+ targets? failed:$/ { listed = 1; next }
     listed && /^    `.*`$/ { gsub(/^ +`|`$/, ""); print; next }
     { listed = 0 }' "$log" > "$work/targets"
[ -s "$work/targets" ] || { echo "again: nothing that can be asked again"; exit 1; }

while read -r kind program; do
    names=$(awk -v program="$program" '$1 == program { print $2 }' "$work/tests")
    if [ "$kind" != --test ] || [ -z "$names" ]; then
        echo "again: $kind ${program:-} is not asked again: the same must come of it at any time"
        exit 1
    fi
    # shellcheck disable=SC2086 # a list of names
    cargo test --locked --test "$program" -- --exact $names < /dev/null || exit 1
    # shellcheck disable=SC2086
    printf "again: $program: %s passed, alone; it failed beside others\n" $names
done < "$work/targets"
