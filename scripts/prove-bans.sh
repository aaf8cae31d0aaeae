#!/bin/sh
# Shows that the bans can fail: breaks each on purpose in a crate of its own, with this project's manifest and clippy.toml,
# and sees that clippy complains of it. Leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
crate=$(mktemp -d)
trap 'rm -rf "$crate"' EXIT INT TERM
mkdir "$crate/src"
cp Cargo.lock clippy.toml "$crate"
# Without benches and the like: their files are not there.
sed '/^\[\[/,/^$/d' Cargo.toml > "$crate/Cargo.toml"
cat > "$crate/src/lib.rs" <<'RUST'
//! Every line breaks a ban.
/// Each on a line of its own.
pub fn broken(number: Option<u8>) {
    let _ = std::fs::read("file");
    let _ = std::fs::File::open("file");
    let _ = fs_err::read_to_string("file");
    let _ = std::path::Path::new("file").exists();
    let _ = std::process::Command::new("program");
    let _ = tokio::process::Command::new("program");
    let _ = std::env::var("VARIABLE");
    let _ = std::time::SystemTime::now();
    let _ = std::time::Instant::now();
    let _ = chrono::Utc::now();
    std::thread::sleep(std::time::Duration::ZERO);
    let _ = std::net::TcpStream::connect("127.0.0.1:1");
    let _ = std::io::stdout();
    println!("output");
    eprintln!("errors");
    dbg!(number);
    let _ = number.unwrap();
    todo!()
}
RUST
broken=$(sed -n '/pub fn broken/,/^}/p' "$crate/src/lib.rs" | grep -c '^    ')
# The target folder of the project: its dependencies are checked already.
if (cd "$crate" && CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}" cargo clippy --offline --quiet -- -D warnings) 2> "$crate/said"; then
    echo "bans: clippy accepts what is banned" >&2
    exit 1
fi
failed=0
line=$(grep -n 'pub fn broken' "$crate/src/lib.rs" | cut -d: -f1)
last=$((line + broken))
while [ "$line" -lt "$last" ]; do
    line=$((line + 1))
    if ! grep -q -- "--> src/lib.rs:$line:" "$crate/said"; then
        echo "bans: not complained of: $(sed -n "${line}p" "$crate/src/lib.rs")" >&2
        failed=1
    fi
done
[ "$failed" -eq 0 ] && echo "bans: all $broken kinds are caught"
exit "$failed"
