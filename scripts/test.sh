#!/bin/sh
# Runs every test and counts. Namespaces and mounts need root: another user's test programs run through sudo.
set -eu
cd "$(dirname "$0")/.."

# Two lanes of programs that mostly wait, for engines and for deadlines, run side by side. Everything else runs after them,
# one program at a time, for it may measure, and a machine at work on something else measures wrong.
engines='attend_container docker_engine engines_smoke image_portable scenario_docker scenario_docker_faults
    scenario_docker_hosts scenario_docker_owners scenario_docker_shape scenario_image scenario_podman scenario_registry
    scenario_swarm'
waits='backend_forms deploy_abreast deploy_undo report_large scenario_agents scenario_care scenario_control scenario_deploy
    scenario_docs scenario_drift scenario_languages scenario_orphans scenario_store store_results topology_hostile'

if [ "$(id -u)" -ne 0 ]; then
    host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${host}_RUNNER=sudo -E"
    echo "test: built as $(id -un), run through sudo"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: > "$work/skips"
: > "$work/failed"
export IPERFTESTER_TEST_SKIPS="$work/skips"

# Runs test programs by the arguments that cargo takes, and notes it where one fails.
run() {
    cargo test --locked --no-fail-fast "$@" 2>&1 < /dev/null || echo "$*" >> "$work/failed"
}

# Runs the programs of a lane, which waits for no other lane's, into a log.
lane() (
    export IPERFTESTER_TEST_LANE="-$1"
    log=$work/$1.log
    shift
    # shellcheck disable=SC2046 # two words for each
    run $(printf -- '--test %s ' "$@") > "$log"
)

# The programs that are in no lane.
others() {
    for file in tests/*.rs tests/*/main.rs; do
        program=${file#tests/}
        program=${program%.rs}
        program=${program%/main}
        case " $(echo "$engines $waits" | tr '\n' ' ') " in
            *" $program "*) ;;
            *) echo "--test $program" ;;
        esac
    done
}

cargo test --locked --no-run
echo "test: two lanes side by side, for some minutes; then what they printed, and the rest"
# shellcheck disable=SC2086 # lists of words
lane engines $engines &
# shellcheck disable=SC2086
lane waits $waits &
wait
cat "$work/engines.log" "$work/waits.log"
# shellcheck disable=SC2046
{ run --lib --bins $(others) && run --doc; } | tee "$work/others.log"

cat "$work"/*.log > "$work/all"
echo
grep -E '^test .* (\.\.\. ignored|FAILED$)' "$work/all" || true
# What passed without having done its work says so in this list.
sort -u "$work/skips"
awk -v skipped="$(sort -u "$work/skips" | wc -l)" \
    '/^test result:/ { passed += $4; failed += $6; skipped += $8 }
     END { printf "test: %d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$work/all"
[ -s "$work/failed" ] || exit 0
# Every run that failed must have said which of its programs did.
[ "$(grep -cE '^error: [0-9]+ targets? failed:$' "$work/all")" -eq "$(wc -l < "$work/failed")" ]
scripts/again.sh "$work/all"
