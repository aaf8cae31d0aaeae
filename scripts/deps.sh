#!/bin/sh
# Installs what is missing (Debian 12 and 13, Ubuntu 24.04) and sees that cargo is new enough.
#   scripts/deps.sh demo|test
set -eu
cd "$(dirname "$0")/.."

# What iperftester drives, and what it is built with (SQLite is compiled in).
packages="iperf3 iperf iproute2 iputils-ping iputils-tracepath traceroute mtr-tiny nftables procps util-linux gcc libc6-dev make"
case "${1:-demo}" in
    demo) ;;
    # The tests look at results with tools that are not ours.
    test)
        packages="$packages iptables jq sqlite3 mount python3"
        # Images, and engines that the tests start themselves, here and behind ssh. A machine that has an engine keeps it: Docker's
        # own packages and Debian's exclude each other.
        packages="$packages mmdebstrap debian-archive-keyring openssh-server openssh-client openssl busybox-static docker-registry"
        # Podman's service is an engine too, root's and a user's own.
        packages="$packages podman netavark slirp4netns uidmap"
        command -v dockerd > /dev/null || [ -x /usr/sbin/dockerd ] || packages="$packages docker.io"
        # From 13 on Debian has the client apart; Ubuntu has not.
        if ! command -v docker > /dev/null && grep -qx 'ID=debian' /etc/os-release \
            && ! grep -qE '^VERSION_ID="?1[0-2]"?$' /etc/os-release; then
            packages="$packages docker-cli"
        fi
        # A kernel with netem and SCTP, wherever the tests run; Debian has it for x86 only.
        [ "$(uname -m)" != x86_64 ] || packages="$packages user-mode-linux"
        ;;
    *) echo "usage: $0 demo|test" >&2; exit 2 ;;
esac

missing=""
if command -v dpkg-query > /dev/null; then
    for package in $packages; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) || status=absent
        [ "$status" = installed ] || missing="$missing $package"
    done
else
    echo "deps: this is no Debian or Ubuntu; see yourself that these are there: $packages"
fi
if [ -n "$missing" ]; then
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        sudo=sudo
        if ! command -v sudo > /dev/null; then
            echo "error: missing:$missing" >&2
            echo "hint: as root: apt-get install --no-install-recommends$missing" >&2
            exit 3
        fi
    fi
    echo "deps: installing$missing"
    # A new machine, and most images, have no lists of packages yet.
    ls /var/lib/apt/lists/*_Packages* > /dev/null 2>&1 || $sudo apt-get update -q
    # Without questions: iperf3's package would ask whether to start a daemon, and unasked it does not.
    # shellcheck disable=SC2086 # a list of words
    if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; then
        # Lists that are old name versions that are gone.
        $sudo apt-get update -q
        # shellcheck disable=SC2086
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
    fi
else
    echo "deps: all packages are there"
fi

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(cargo --version 2> /dev/null | cut -d ' ' -f 2) || found=""
if [ -z "$found" ]; then
    echo "error: cargo is missing; iperftester is built with Rust $wanted or newer" >&2
elif [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
    echo "error: cargo is $found; iperftester is built with Rust $wanted or newer" >&2
else
    echo "deps: cargo $found"
    exit 0
fi
echo "hint: install it for your user as https://rustup.rs says, open a new shell, and come back" >&2
exit 3
