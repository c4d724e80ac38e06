#!/bin/sh
# Makes dist/<function>.zip of each function's bootstrap, and dist/layer-certs.zip. Equal sources give
# equal zips, whatever the folder and the time. `make package` builds first and then calls this.
#
#   ./package.sh [<build folder> [functions|layer]]   packs all, or only these
#   RDS_BUNDLE=global-bundle.pem   also puts the roots of RDS into the layer
set -eu
cd "$(dirname "$0")"
build=${1:-build}
part=${2:-all}
umask 022
export TZ=UTC
epoch=198001010000 # the earliest that a zip can hold
bundle=${RDS_BUNDLE:-}

refuse() {
    echo "package: RDS_BUNDLE: $bundle $1" >&2
    exit 1
}

if [ -n "$bundle" ] && [ "$part" != functions ]; then
    [ -r "$bundle" ] || refuse "cannot be read"
    grep -q -e '-----BEGIN CERTIFICATE-----' "$bundle" || refuse "holds no PEM certificate"
    openssl crl2pkcs7 -nocrl -certfile "$bundle" >/dev/null 2>&1 || refuse "holds a broken certificate"
fi

pack() { # pack <zip> <folder>: everything in the folder, in a fixed order and without extras
    rm -f "$1"
    find "$2" -exec touch -t "$epoch" {} +
    (cd "$2" && find . -type f | LC_ALL=C sort | zip -q -X -9 -@ archive.zip)
    mv "$2/archive.zip" "$1"
    printf '%s  %s bytes\n' "$1" "$(stat -c %s "$1")"
}

mkdir -p "$build" dist
work=$(mktemp -d "$build/package.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT # else nothing would be removed: this shell's EXIT is not a signal's
trap 'exit 143' TERM HUP

pack_functions() {
    for source in functions/*/bootstrap.c; do
        function=$(basename "$(dirname "$source")")
        mkdir "$work/$function"
        strip --strip-all -o "$work/$function/bootstrap" "$build/release/functions/$function/bootstrap"
        chmod 755 "$work/$function/bootstrap"
        pack "dist/$function.zip" "$work/$function"
    done
}

pack_layer() {
    mkdir -p "$work/layer/certs"
    cp layers/certs/amazon-roots.pem "$work/layer/certs/"
    if [ -n "$bundle" ]; then
        cp "$bundle" "$work/layer/certs/rds-bundle.pem"
    fi
    chmod 644 "$work"/layer/certs/*
    pack dist/layer-certs.zip "$work/layer"
}

case $part in
functions) pack_functions ;;
layer) pack_layer ;;
all)
    pack_functions
    pack_layer
    ;;
*)
    echo "package: $part is neither functions nor layer" >&2
    exit 2
    ;;
esac
