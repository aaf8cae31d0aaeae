#!/bin/sh
# Fuzzes the three places where bytes of others come in: the topology, the session's messages, the tools' outputs.
#   scripts/fuzz.sh [SECONDS for each of the three; 60 where it is left out]
# Needs cargo-fuzz (cargo install cargo-fuzz) and a C++ compiler; a stable toolchain will do.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
command -v cargo-fuzz > /dev/null || { echo "error: cargo-fuzz is missing; hint: cargo install cargo-fuzz" >&2; exit 3; }

seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
mkdir -p "$seeds/topology" "$seeds/messages" "$seeds/outputs"
find examples tests/topologies -name '*.yaml' | while read -r file; do
    cp "$file" "$seeds/topology/$(echo "$file" | tr / _)"
done
printf '%s' '{"request":"hello","protocol":1,"ports":{"first":5201,"last":5220}}' > "$seeds/messages/hello"
printf '%s' '{"request":"start","job":1,"address":"fd00::1","port":0,"deadline_seconds":9.5,"test":{"ping":{"count":2,"interval_seconds":0.2,"timeout_seconds":1.0,"size_bytes":null}}}' > "$seeds/messages/start"
printf '%s' '{"reply":"finished","job":1,"ending":{"exit_code":0,"stdout":"","stderr":"","fault":null,"counters":{}}}' > "$seeds/messages/finished"
# The first byte says whose output it is: the tool's place in ToolKind::ALL.
for file in tests/fixtures/tools/*; do
    case "$(basename "$file" | sed 's/^fail-//')" in
        *.meta.json | *.err | README*) continue ;;
        iperf3*) tool=0 ;; ping*) tool=1 ;; traceroute*) tool=2 ;; iperf2*) tool=3 ;;
        mtr*) tool=4 ;; tracepath*) tool=5 ;; *) continue ;;
    esac
    [ "$(wc -c < "$file")" -lt 60000 ] || continue
    { printf '%b' "\\0$tool"; cat "$file"; } > "$seeds/outputs/$(basename "$file")"
done

for target in topology messages outputs; do
    mkdir -p "fuzz/corpus/$target"
    echo "fuzz: $target for $seconds s"
    # No sanitizer: the code is safe Rust, panics and hangs are what is looked for.
    if cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "$seeds/$target" -- \
        -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        > "$seeds/log" 2>&1; then
        grep 'stat::' "$seeds/log"
    else
        tail -n 40 "$seeds/log" >&2
        echo "fuzz: $target ended with a finding; what made it is in fuzz/artifacts/$target" >&2
        exit 1
    fi
done
