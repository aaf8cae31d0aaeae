#!/bin/sh
# The demo after the build: four probes in three sites, a link that falls short of its contract, a report that says so.
set -eu
cd "$(dirname "$0")/.."
program=target/release/iperftester
topology=examples/quickstart.yaml
html=target/demo-report.html

sudo=""
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    echo "demo: the probes are network namespaces, which need root: what follows runs through sudo"
fi
iperftester() {
    echo
    echo "\$ iperftester -t $topology $*"
    $sudo "$program" -t "$topology" "$@"
}

trap 'iperftester destroy' EXIT
trap 'exit 130' INT TERM

iperftester deploy
status=0
iperftester run || status=$?
# 1: an expectation failed, which is what the demo is to show.
[ "$status" -le 1 ] || exit "$status"
iperftester report --format html --out "$html"
echo
echo "demo: the same as a page: file://$PWD/$html"
