#!/bin/sh
# A statically linked executable that needs nothing of the system it runs on. The explicit target keeps the flag away from
# the build's own programs (procedural macros are shared libraries).
set -eu
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$host"
program="target/$host/release/iperftester"
echo "static: $program, $(wc -c < "$program") bytes"
