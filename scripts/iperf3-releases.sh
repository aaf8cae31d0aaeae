#!/bin/sh
# Lays other releases' iperf3 beside the installed one, for the tests: target/iperf3/SUITE/iperf3, started by its own C library.
# Nothing is installed. The packages come from where this machine gets its Debian, signatures checked; it need not be root.
# What cannot be had is said in target/iperf3/SUITE/missing, and the tests that want it say "skipped".
set -eu
cd "$(dirname "$0")/.."
# iperf3 3.9 (processes, an old JSON) and 3.18 (threads, --json-stream), each with the libraries it is linked with.
old="bullseye iperf3 libiperf0 libsctp1 libssl1.1 libc6"
new="trixie iperf3 libiperf0 libsctp1 libssl3t64 libzstd1 zlib1g libc6"

miss() {
    echo "skipped: iperf3 of $suite: $1"
    mkdir -p "$place"
    echo "$1" > "$place/missing"
}

# The archive that this machine's own release is from, also where no lists have been fetched yet; its updates and security
# fixes are in others, and an archive that is not Debian's fails the check of the signature.
archive() {
    own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # these are apt's own words
    apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(ORIGIN)' 'Identifier: Packages' 'Component: main' 2> /dev/null \
        | awk -v own="$own" '
            $1 == own && $3 == "Debian" { found = $2; exit }
            $1 == own && first == "" { first = $2 }
            END { print found == "" ? first : found }'
}

apt() {
    # The lists, the cache and the state are ours alone; the user who fetches is the one who runs this.
    private="$work/apt"
    mkdir -p "$private/lists/partial" "$private/cache/archives/partial"
    : > "$private/status"
    apt-get -q -o Dir::Etc::sourcelist="$work/suite.sources" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o APT::Default-Release= \
        -o Dir::State="$private" -o Dir::State::lists="$private/lists" -o Dir::State::status="$private/status" \
        -o Dir::Cache="$private/cache" -o APT::Sandbox::User= -o Acquire::Retries=2 -o Acquire::Languages=none \
        -o APT::Update::Error-Mode=any "$@"
}

get() {
    suite=$1
    shift
    place="target/iperf3/$suite"
    if [ -x "$place/iperf3" ] && "$place/iperf3" --version > /dev/null 2>&1; then
        return
    fi
    rm -rf "$place"
    uri=$(archive)
    # A new machine has no lists yet; who may not fetch them leaves it at that.
    if [ -z "$uri" ] && apt-get -q update > /dev/null 2>&1; then uri=$(archive); fi
    if [ -z "$uri" ]; then
        miss "this machine has no lists of Debian's own archive"
        return
    fi
    {
        printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$suite"
        # The keys of all releases; apt's own set where that file is elsewhere.
        keys=/usr/share/keyrings/debian-archive-keyring.gpg
        [ ! -f "$keys" ] || echo "Signed-By: $keys"
    } > "$work/suite.sources"
    if ! said=$(apt update 2>&1 && cd "$work" && apt download "$@" 2>&1); then
        miss "apt-get cannot fetch it: $(echo "$said" | grep '^[EW]:' | head -n 1)"
        return
    fi
    mkdir -p "$place/root"
    for package in "$work"/*.deb; do
        dpkg-deb -x "$package" "$place/root"
        rm "$package"
    done
    # By its full name: what stands in lib64 may be a link to a place outside.
    loader=$(cd "$place/root" && find lib usr/lib -path '*-linux-gnu*/ld-linux*' 2> /dev/null | head -n 1)
    triplet=$(basename "$(dirname "$loader")")
    cat > "$place/iperf3" << END
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/root
exec "\$root/$loader" --library-path "\$root/lib/$triplet:\$root/usr/lib/$triplet" "\$root/usr/bin/iperf3" "\$@"
END
    chmod +x "$place/iperf3"
    if ! said=$("$place/iperf3" --version 2>&1); then
        rm -rf "$place"
        miss "it does not start: $(echo "$said" | head -n 1)"
        return
    fi
    echo "deps: $suite has $(echo "$said" | sed -n '1s/ (.*//p')"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for wanted in "$old" "$new"; do
    # shellcheck disable=SC2086 # a suite and its packages
    get $wanted
done
