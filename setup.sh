#!/bin/sh
# Installs what debian-packages.txt names and the machine lacks. Quick when nothing is missing.
set -eu
cd "$(dirname "$0")"

command -v dpkg-query >/dev/null || {
    echo "setup: no dpkg-query here; this builds on Debian 12, with the packages of debian-packages.txt" >&2
    exit 1
}
missing=$(dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}\n' 2>/dev/null |
    awk 'NR == FNR { if ($1 ~ /^.i/) have[$2] = 1; next } NF && !($1 in have) { print $1 }' \
        - debian-packages.txt)
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086 # one word a package
set -- $missing
echo "installing: $*"
sudo=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup: not root and no sudo; as root run: apt-get install $*" >&2
        exit 1
    }
    sudo="sudo env DEBIAN_FRONTEND=noninteractive" # sudo hands no variables on
fi
export DEBIAN_FRONTEND=noninteractive
# An update that a mirror lets down ends well, with old lists or none: it is the installing that fails.
tries=1
until $sudo apt-get update -q -o Acquire::Retries=3 &&
    $sudo apt-get install -q -y --no-install-recommends -o Acquire::Retries=3 "$@"; do
    [ "$tries" -lt 3 ] || exit 1
    echo "setup: trying again"
    sleep $((tries * 5))
    tries=$((tries + 1))
done
