#!/bin/sh
# Form, lints, bans, licences and shell scripts. What needs a tool that is not installed is skipped and counted.
set -eu
cd "$(dirname "$0")/.."
skipped=0
step() {
    echo "lint: $*"
    "$@"
}
skip() {
    echo "skipped: $*"
    skipped=$((skipped + 1))
}

for component in fmt clippy; do
    if ! cargo "$component" --version > /dev/null 2>&1; then
        echo "error: cargo $component is missing" >&2
        echo "hint: rustup component add rustfmt clippy" >&2
        exit 3
    fi
done
step cargo fmt --check
# The library and the executable are held to the bans of clippy.toml; tests may use files, programs and clocks.
step cargo clippy --locked --quiet --lib --bins -- -D warnings
step cargo clippy --locked --quiet --all-targets -- -D warnings \
    -A clippy::disallowed_methods -A clippy::unwrap_used -A clippy::print_stdout -A clippy::print_stderr
step scripts/prove-bans.sh
RUSTDOCFLAGS="-D warnings" step cargo doc --locked --quiet --no-deps
if command -v cargo-deny > /dev/null; then
    step cargo deny --log-level error --all-features check licenses bans sources
    if said=$(cargo deny --log-level error --all-features check advisories 2>&1); then
        echo "lint: no advisories"
    elif echo "$said" | grep -q "failed to fetch advisory database"; then
        skip "the advisory database cannot be fetched from here"
    else
        echo "$said" >&2
        exit 1
    fi
else
    skip "cargo-deny is not installed (cargo install --locked cargo-deny)"
fi
if command -v shellcheck > /dev/null; then
    step shellcheck scripts/*.sh .ci/run
else
    skip "shellcheck is not installed (apt-get install shellcheck)"
fi
echo "lint: clean, $skipped skipped"
