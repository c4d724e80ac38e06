#!/usr/bin/env bash
# Builds the static libraries that the shipped programs stand on, from Debian's source packages:
#
#     layers/native/build.sh <output folder>
#
# leaves include/, lib/libcurl.a, lib/libpq.a, lib/libcjson.a, native_versions.h and stamp there.
# README.md beside this file tells which options were chosen and why.
#
# Environment
#   NATIVE_CACHE   folder of the sources and of finished builds (default: native-cache, beside the
#                  output folder). With it filled, no network is needed.
#   NATIVE_UPDATE  when not empty, ask Debian's archive again for the newest versions.
#
# For tests: build.sh --debian-entries <folder like /etc/apt> <code name> prints the deb-src
# entries that would be used.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly packages=(curl postgresql-15 cjson)

# Only Debian's own tools, and nothing that a calling make or shell has set for its own compiling.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS CONFIG_SITE APT_CONFIG
unset CC CPP AR LD CFLAGS CPPFLAGS LDFLAGS LIBS CPATH C_INCLUDE_PATH LIBRARY_PATH PKG_CONFIG_PATH

readonly cflags="-O2 -fPIE -ffunction-sections -fdata-sections -fstack-protector-strong -fstack-clash-protection"
readonly cppflags="-D_FORTIFY_SOURCE=2"

readonly curl_options=(
    --disable-shared --enable-static --disable-dependency-tracking --enable-silent-rules
    --with-openssl --disable-openssl-auto-load-config
    --enable-http --enable-proxy --enable-http-auth --enable-ipv6 --enable-verbose
    --enable-threaded-resolver --enable-pthreads --disable-ares
    --without-ca-bundle --without-ca-path --without-ca-fallback
    --disable-ftp --disable-file --disable-ldap --disable-ldaps --disable-rtsp --disable-dict
    --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp
    --disable-gopher --disable-mqtt --disable-websockets --disable-unix-sockets
    --disable-crypto-auth --disable-ntlm --disable-ntlm-wb --disable-tls-srp --disable-sspi
    --disable-cookies --disable-netrc --disable-alt-svc --disable-hsts --disable-doh
    --disable-manual --disable-libcurl-option --disable-debug --disable-curldebug
    --without-zlib --without-brotli --without-zstd --without-nghttp2 --without-libidn2
    --without-libpsl --without-libgsasl --without-gssapi --without-libssh2 --without-librtmp
)
readonly postgres_options=(
    --prefix=/usr --sysconfdir=/etc/postgresql-common --with-ssl=openssl
    --without-readline --without-zlib --without-gssapi --without-ldap --without-icu
)

say() { echo "native: $*"; }

die() {
    echo "native: $*" >&2
    exit 1
}

# --- what the machine must have ---

need_tools() {
    local tool library
    for tool in gcc make ar apt-get apt-cache dpkg-source dpkg-query perl flock pkg-config sha256sum; do
        command -v "$tool" >/dev/null || die "$tool is missing: run 'make setup'"
    done
    for library in libssl.a libcrypto.a libz.a; do
        [ -e "$(gcc -print-file-name=$library)" ] || die "$library is missing: run 'make setup'"
    done
}

# --- Debian's sources ---

# Reads apt's own lists in both of their forms and prints "<uri> <suite>" for each that has
# Debian's component main. Options, signing keys and architectures are left out on purpose: what
# is fetched is verified with Debian's key ring alone.
main_entries() {
    local etc=$1
    find "$etc/sources.list" "$etc/sources.list.d" -maxdepth 1 -name '*.list' -exec awk '
        { sub(/#.*/, ""); sub(/\[[^]]*\]/, "") }
        $1 ~ /^deb(-src)?$/ { for (i = 4; i <= NF; i++) if ($i == "main") print $2, $3 }' {} + 2>/dev/null
    find "$etc/sources.list.d" -maxdepth 1 -name '*.sources' -exec awk '
        function finish(    u, s, i, j) {
            if (types ~ / deb(-src)? / && components ~ / main / && enabled !~ / (no|false|off|0) /)
                for (i = split(uris, u); i > 0; i--)
                    for (j = split(suites, s); j > 0; j--) print u[i], s[j]
            types = uris = suites = components = enabled = field = ""
        }
        FNR == 1 { finish() }
        /^#/ { next }
        /^[ \t]*$/ { finish(); next }
        /^[^ \t]/ { field = tolower(substr($0, 1, index($0, ":"))); sub(/^[^:]*:/, "") }
        { gsub(/[ \t]+/, "  ") }
        field == "types:" { types = types " " $0 " " }
        field == "uris:" { uris = uris " " $0 }
        field == "suites:" { suites = suites " " $0 }
        field == "components:" { components = components " " $0 " " }
        field == "enabled:" { enabled = enabled " " tolower($0) " " }
        END { finish() }' {} + 2>/dev/null
}

# The deb-src entries for this Debian, from whatever entries the machine has.
debian_entries() {
    local etc=$1 codename=$2
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg standard=http://deb.debian.org
    {
        main_entries "$etc" | awk -v name="$codename" '
            $2 == name || $2 == name "-updates" || $2 == name "-security"' | sort -u | grep . ||
            printf '%s %s\n' "$standard/debian" "$codename" "$standard/debian" "$codename-updates" \
                "$standard/debian-security" "$codename-security"
    } | awk -v keyring="$keyring" '{ print "deb-src [signed-by=" keyring "]", $1, $2, "main" }'
}

# A configuration of apt in $1 that leaves the machine's own alone: its own entries, lists and
# cache, and no hooks. Works for any user. Proxies and mirrors' passwords stay the machine's.
write_apt_configuration() {
    local root=$1
    mkdir -p "$root/lists/partial" "$root/archives/partial"
    : >"$root/status"
    # shellcheck source=/dev/null # it is Debian's
    debian_entries /etc/apt "$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")" >"$root/sources.list"
    cat >"$root/apt.conf" <<CONFIGURATION
Dir::Etc::sourcelist "$root/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$root";
Dir::State::lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root";
Dir::Log "$root";
APT::Sandbox::User "root";
Acquire::Retries "3";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONFIGURATION
}

# The versions of a source package that the lists know, newest first.
versions_of() {
    apt-cache -c "$work/apt/apt.conf" showsrc --only-source "$1" 2>/dev/null |
        sed -n 's/^Version: //p' |
        perl -MDpkg::Version -e 'chomp(my @v = <>); my %seen;
            print "$_\n" for grep { !$seen{$_}++ } sort { version_compare($b, $a) } @v'
}

# Brings the newest version of package $1 that is really in the archive into the current folder.
# An older one is taken only when the archive says that a file of the newer is not there: any other
# trouble is an error, not a reason to build something old.
fetch_package() {
    local package=$1 version log=$logs/fetch-$1.log
    for version in $(versions_of "$package"); do
        rm -rf "$work/attempt"
        mkdir "$work/attempt"
        if (cd "$work/attempt" && apt-get -c "$work/apt/apt.conf" source -q --only-source --download-only \
            "$package=$version") </dev/null >"$log" 2>&1; then
            mv "$work/attempt"/* .
            echo "$package $version" >>versions
            say "fetched $package $version"
            return
        fi
        grep -Eqi '404 +not found' "$log" || fail_with "$log" "cannot fetch $package $version"
        say "$package $version is listed but missing from the archive; looking for an older one"
    done
    fail_with "$logs/update.log" "no source of $package to be had from $(grep -c . "$work/apt/sources.list") entries"
}

fetch_sources() {
    local package pause
    say "asking Debian's archive for the sources"
    write_apt_configuration "$work/apt"
    # Whether there is enough shows below; but who gets an old version should know why.
    for pause in 3 10 0; do
        apt-get -c "$work/apt/apt.conf" update -q </dev/null >"$logs/update.log" 2>&1 || true
        grep -q '^[EW]: ' "$logs/update.log" || break
        sleep "$pause" # a mirror may be back by then
    done
    if grep -q '^[EW]: ' "$logs/update.log"; then
        say "warning: not all of Debian's lists could be read (see $logs/update.log); versions may not be the newest"
    fi
    mkdir "$work/sources"
    cd "$work/sources"
    for package in "${packages[@]}"; do fetch_package "$package"; done
    sha256sum ./* >"$work/SHA256SUMS"
    mv "$work/SHA256SUMS" .
    cd "$here"
    rm -rf "$work/apt" "$cache/sources"
    mv "$work/sources" "$cache/sources"
}

sources_are_whole() {
    [ -e "$cache/sources/SHA256SUMS" ] && (cd "$cache/sources" && sha256sum --quiet -c SHA256SUMS) >/dev/null 2>&1
}

# --- building ---

fail_with() {
    local log=$1
    shift
    echo "native: $*; the end of $log:" >&2
    tail -n 40 "$log" | sed 's/^/    /' >&2
    exit 1
}

# Every build function runs in the work folder with its output in its log, and stops at the first
# command that fails.

unpack() {
    rm -rf "$1"
    dpkg-source --no-check -x "$cache/sources/$1"_*.dsc "$1"
}

build_curl() {
    unpack curl
    cd curl
    # Debian's last patches (for GnuTLS and NSS) only touch Makefile.am, which is not used here.
    ./configure --prefix=/usr "${curl_options[@]}" \
        CFLAGS="$cflags -ffile-prefix-map=$PWD=curl" CPPFLAGS="$cppflags"
    make -s -C lib -j "$(nproc)"
    cp lib/.libs/libcurl.a "$result/lib/"
    mkdir "$result/include/curl"
    cp include/curl/*.h "$result/include/curl/"
}

# One archive of libpq and of the parts of PostgreSQL that it calls, in the variant made for
# libraries: that one has no function that exits.
build_libpq() {
    unpack postgresql-15
    cd postgresql-15
    ./configure -q "${postgres_options[@]}" \
        CFLAGS="$cflags -ffile-prefix-map=$PWD=postgresql" CPPFLAGS="$cppflags"
    make -s -C src/backend generated-headers
    make -s -C src/port -j "$(nproc)" libpgport_shlib.a
    make -s -C src/common -j "$(nproc)" libpgcommon_shlib.a
    make -s -C src/interfaces/libpq -j "$(nproc)" libpq.a
    ar -M <<SCRIPT
create libpq.a
addlib src/interfaces/libpq/libpq.a
addlib src/common/libpgcommon_shlib.a
addlib src/port/libpgport_shlib.a
save
end
SCRIPT
    ranlib -D libpq.a
    cp libpq.a "$result/lib/"
    cp src/interfaces/libpq/libpq-fe.h src/interfaces/libpq/libpq-events.h \
        src/include/postgres_ext.h src/include/pg_config_ext.h "$result/include/"
}

build_cjson() {
    unpack cjson
    cd cjson
    # shellcheck disable=SC2086 # the flags are words
    gcc $cflags $cppflags -DENABLE_LOCALES -c cJSON.c -o cJSON.o
    ar rcsD "$result/lib/libcjson.a" cJSON.o
    mkdir "$result/include/cjson"
    cp cJSON.h "$result/include/cjson/"
}

# Builds $1 in the background, as a process group of its own so that it can be ended as a whole.
running=()
start_build() {
    set -m
    (
        set +m
        cd "$work"
        "build_$1"
    ) </dev/null >"$logs/$1.log" 2>&1 &
    set +m
    running+=("$!")
}

stop_running() {
    local process
    for process in "${running[@]}"; do kill -TERM -- "-$process" 2>/dev/null || true; done
}

build_all() {
    local started=$SECONDS library i libraries=(libpq curl cjson)
    result=$work/result
    mkdir -p "$result/include" "$result/lib"
    say "building $(paste -sd, "$cache/sources/versions" | sed 's/,/, /g')"
    for library in "${libraries[@]}"; do start_build "$library"; done
    for i in "${!libraries[@]}"; do
        wait "${running[$i]}" || fail_with "$logs/${libraries[$i]}.log" "${libraries[$i]} did not build"
    done
    running=()
    write_versions >"$result/native_versions.h"
    echo "$key" >"$result/key"
    mkdir -p "$cache/built"
    rm -rf "$cache/built/$key"
    mv "$result" "$cache/built/$key"
    say "built in $((SECONDS - started)) s"
}

# --- what is in it ---

source_version() { sed -n "s/^$1 //p" "$cache/sources/versions"; }

# The epoch is left out: it tells nothing about what is inside.
installed_version() {
    # shellcheck disable=SC2016 # a format of dpkg-query
    dpkg-query --show --showformat '${Version}' "$1:$(dpkg --print-architecture)" | sed 's/^[0-9]*://'
}

write_versions() {
    cat <<HEADER
/* What the static libraries are made of. Written by layers/native/build.sh. */
#ifndef NATIVE_VERSIONS_H
#define NATIVE_VERSIONS_H

#define NATIVE_VERSIONS \\
	"curl $(source_version curl), libpq $(source_version postgresql-15), " \\
	"cJSON $(source_version cjson), OpenSSL $(installed_version libssl-dev), " \\
	"zlib $(installed_version zlib1g-dev), glibc $(installed_version libc6-dev)"

#endif
HEADER
}

# Changes with everything that could change the libraries.
build_key() {
    {
        cat "$here/build.sh" "$cache/sources/versions" "$cache/sources/SHA256SUMS"
        gcc --version
        dpkg --print-architecture
        for package in libssl-dev zlib1g-dev libc6-dev; do installed_version "$package"; done
    } | sha256sum | cut -c 1-16
}

# --- the whole ---

# Puts the finished build at its place. Interrupted half way it leaves no stamp, and make tries again.
install_build() {
    if [ "$(cat "$output/key" 2>/dev/null)" != "$key" ]; then
        rm -rf "$output.new" "$output.old"
        cp -R "$cache/built/$key" "$output.new"
        if [ -e "$output" ]; then mv "$output" "$output.old"; fi
        mv "$output.new" "$output"
        rm -rf "$output.old"
    fi
    touch "$output/stamp"
}

clean_up() {
    stop_running
    rm -rf "$work"
}

main() {
    mkdir -p "$(dirname "$1")"
    output=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
    cache=${NATIVE_CACHE:-$(dirname "$output")/native-cache}
    mkdir -p "$cache"
    cache=$(cd "$cache" && pwd)
    logs=$cache/logs
    need_tools

    # Held until this process and all that it started are gone.
    exec 9>"$cache/lock"
    flock -n 9 || { say "waiting for another build" && flock 9; }
    rm -rf "$cache"/work.*
    work=$(mktemp -d "$cache/work.XXXXXX")
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    mkdir -p "$logs"

    if [ -n "${NATIVE_UPDATE:-}" ] || ! sources_are_whole; then fetch_sources; fi
    key=$(build_key)
    if [ ! -e "$cache/built/$key/key" ]; then build_all; fi
    install_build
}

case ${1:-} in
--debian-entries) debian_entries "$2" "$3" ;;
'' | -*) die "usage: build.sh <output folder>" ;;
*) main "$1" ;;
esac
