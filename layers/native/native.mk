# The static libraries that shipped programs are linked with. The Makefile includes this file; alone,
# `make -f layers/native/native.mk native-flags` prints the three lists of flags.
#
#   NATIVE_STAMP    depend on it: made once the libraries and headers are in $(BUILD)/native
#   NATIVE_CFLAGS   headers, and code that can stand in a static-pie
#   NATIVE_LDFLAGS  static-pie, hardened, small
#   NATIVE_LIBS     in link order
#
# NATIVE_CACHE names a folder for sources and finished builds that outlives build/ or is shared.

BUILD        ?= build
NATIVE_DIR   := $(dir $(lastword $(MAKEFILE_LIST)))
NATIVE       := $(BUILD)/native
NATIVE_CACHE ?= $(BUILD)/native-cache
NATIVE_STAMP := $(NATIVE)/stamp

NATIVE_CFLAGS  := -fPIE -isystem $(NATIVE)/include -I$(NATIVE)
# RELR packs 20,000 relocations into 7 KB. The linker's only warnings are that getaddrinfo, getpwuid_r
# and dlopen may want glibc at run time: README.md beside this file says why they do not.
NATIVE_LDFLAGS := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,pack-relative-relocs \
                  -Wl,--gc-sections,--no-warnings
NATIVE_LIBS    := $(NATIVE)/lib/libcurl.a $(NATIVE)/lib/libpq.a $(NATIVE)/lib/libcjson.a \
                  -l:libssl.a -l:libcrypto.a -l:libz.a

# dpkg's list files are renewed when Debian's own static libraries are: then the key is looked at again.
NATIVE_INPUTS := $(NATIVE_DIR)build.sh $(subst :,\:,$(wildcard \
                 $(foreach package,libssl-dev zlib1g-dev libc6-dev,/var/lib/dpkg/info/$(package)[.:]*list)))

native_default_goal := $(.DEFAULT_GOAL)

$(NATIVE_STAMP): $(NATIVE_INPUTS) $(if $(NATIVE_UPDATE),native-look-again)
	@NATIVE_CACHE=$(NATIVE_CACHE) NATIVE_UPDATE=$(NATIVE_UPDATE) $(NATIVE_DIR)build.sh $(NATIVE)

.PHONY: native native-look-again native-flags
native: $(NATIVE_STAMP) ## build the static libraries; NATIVE_UPDATE=1 takes Debian's newest

native-flags:
	@echo 'NATIVE_CFLAGS=$(NATIVE_CFLAGS)'
	@echo 'NATIVE_LDFLAGS=$(NATIVE_LDFLAGS)'
	@echo 'NATIVE_LIBS=$(NATIVE_LIBS)'

.DEFAULT_GOAL := $(native_default_goal)
