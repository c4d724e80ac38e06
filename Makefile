# external-file-process: `make help` lists the targets. Everything that is built goes to build/.

ifneq ($(words $(CURDIR)),1)
$(error the path "$(CURDIR)" has blanks, which neither make nor curl's build can handle: clone to another folder)
endif

BUILD   ?= build
CC      := gcc
CLANG   := clang
PYTHON  := /usr/bin/python3
JOBS    ?= $(shell nproc)
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(JOBS)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# --- what there is ---

LIB_SOURCES       := $(sort $(wildcard lib/*/*.c lib/*/*/*.c))
RUNTIME_SOURCES   := $(sort $(wildcard runtime/*.c))
# What the runtime needs of base and http: no more, and nothing that needs more than the C library.
RUNTIME_NEEDS     := $(addprefix lib/base/,arena clock encode env error hex json_writer log memory redact slice strbuf utf8) \
                     $(addprefix lib/http/,http http_body http_call http_dial http_head http_plain http_request)
FUNCTIONS         := $(sort $(notdir $(patsubst %/bootstrap.c,%,$(wildcard functions/*/bootstrap.c))))
UNIT_TESTS        := $(sort $(patsubst %.c,%,$(wildcard tests/unit/test_*.c)))
WIRE_TESTS        := $(sort $(patsubst %.c,%,$(wildcard tests/wire/test_*.c)))
WIRE_HELPERS      := $(filter-out $(addsuffix .c,$(WIRE_TESTS)),$(wildcard tests/wire/*.c))
PROBE_PARTS       := $(wildcard tests/functions/aws_probe_*.c)
TEST_FUNCTIONS    := $(sort $(patsubst %.c,%,$(filter-out $(PROBE_PARTS),$(wildcard tests/functions/*.c))))
FUZZERS           := $(sort $(patsubst %.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
BENCHES           := $(sort $(patsubst %.c,%,$(wildcard tests/bench/*.c)))
C_FILES           := $(wildcard lib/*/*.[ch] lib/*/*/*.[ch] runtime/*.[ch] functions/*.[ch] functions/*/*.[ch] tests/*/*.[ch])

include layers/native/native.mk
$(NATIVE_STAMP): | debian-packages

# --- how it is built ---

WARNINGS  := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -Werror
INCLUDES  := -Ilib -I. -Itests
HARDENED  := -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 -fPIE \
             $(if $(filter aarch64%,$(shell $(CC) -dumpmachine)),-mbranch-protection=standard,-fcf-protection)
SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
GC        := -ffunction-sections -fdata-sections

# `make V=1` shows whole commands.
V ?=
said = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)

# A flavour is a way to compile the whole tree, in build/<flavour>.
#   release  what ships: optimised, hardened, static-pie on the native libraries
#   test     what the tests run: address and undefined behaviour sanitizers, shared libraries
#   fuzz     clang with libFuzzer's instrumentation
#   coverage as test, counting lines
FLAVOURS          := release test fuzz coverage
release_CC        := $(CC)
# Where it was built shall not show: the linker's build id depends on the debug information, too.
release_CFLAGS    := -O2 -g -ffile-prefix-map=$(CURDIR)=. $(HARDENED) $(GC) $(NATIVE_CFLAGS)
release_LDFLAGS   := $(NATIVE_LDFLAGS) -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack
release_LIBS      := $(NATIVE_LIBS)
test_CC           := $(CC)
test_CFLAGS       := -O1 -g $(SANITIZE)
# A hundred programs are linked: gold needs a fifth of the time.
test_LDFLAGS      := $(SANITIZE) -fuse-ld=gold
fuzz_CC           := $(CLANG)
fuzz_CFLAGS       := -O1 -g -fsanitize=fuzzer-no-link $(SANITIZE)
fuzz_LDFLAGS      := -fsanitize=fuzzer $(SANITIZE)
coverage_CC       := $(CC)
coverage_CFLAGS   := -O0 -g --coverage -fprofile-update=atomic
coverage_LDFLAGS  := --coverage
# Test programs run once: optimising them takes longer than it saves.
$(BUILD)/test/tests/%.o: test_CFLAGS += -O0
# The rooms that fuzzers link, in a library without the others.
FUZZED_ROOMS      := aws aws/s3 base config event http redshift stage
$(foreach f,release test coverage,$(eval $(f)_SOURCES := $(LIB_SOURCES)))
fuzz_SOURCES      := $(wildcard $(FUZZED_ROOMS:%=lib/%/*.c))
PURE_LIBS         := -lcjson -lcrypto -lz -lm
SHARED_LIBS       := -lcurl -lpq -lssl $(PURE_LIBS)
$(foreach f,test fuzz coverage,$(eval $(f)_LIBS := $(SHARED_LIBS)))
$(foreach f,test fuzz coverage,$(eval $(f)_CFLAGS += -isystem /usr/include/postgresql))

define flavour_rules
$(BUILD)/$(1)/%.o: %.c $(if $(filter release,$(1)),$(NATIVE_STAMP)) | debian-packages
	@mkdir -p $$(@D)
	$$(call said,CC) $$($(1)_CC) $(WARNINGS) $(INCLUDES) $$($(1)_CFLAGS) -MMD -MP -c $$< -o $$@

$(BUILD)/$(1)/%.o: %.S $(wildcard layers/certs/*.pem lib/*/sql/*.sql) | debian-packages
	@mkdir -p $$(@D)
	$$(call said,CC) $$($(1)_CC) -MMD -MP -c $$< -o $$@

$(BUILD)/$(1)/libexternal_file.a: $($(1)_SOURCES:%.c=$(BUILD)/$(1)/%.o) $(patsubst %.S,$(BUILD)/$(1)/%.o,$(wildcard lib/*/*.S))
	@rm -f $$@
	$$(call said,AR) ar rcsD $$@ $$^

$(BUILD)/$(1)/liblambda_runtime.a: $(RUNTIME_SOURCES:%.c=$(BUILD)/$(1)/%.o) $(RUNTIME_NEEDS:%=$(BUILD)/$(1)/%.o)
	@rm -f $$@
	$$(call said,AR) ar rcsD $$@ $$^

# Unit tests get neither libcurl nor libpq: the linker proves that what they call is pure.
$(BUILD)/$(1)/tests/unit/%: $(BUILD)/$(1)/tests/unit/%.o $(BUILD)/$(1)/libexternal_file.a $(BUILD)/$(1)/liblambda_runtime.a
	$$(call said,LINK) $$($(1)_CC) $$($(1)_LDFLAGS) -o $$@ $$^ -lcmocka $(PURE_LIBS)

$(BUILD)/$(1)/tests/wire/%: $(BUILD)/$(1)/tests/wire/%.o $(WIRE_HELPERS:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/$(1)/liblambda_runtime.a $(BUILD)/$(1)/libexternal_file.a
	$$(call said,LINK) $$($(1)_CC) $$($(1)_LDFLAGS) -o $$@ $$^ -lcmocka $$($(1)_LIBS) -lpthread

$(BUILD)/$(1)/tests/functions/aws_probe: $(PROBE_PARTS:%.c=$(BUILD)/$(1)/%.o)
$(BUILD)/$(1)/tests/functions/%: $(BUILD)/$(1)/tests/functions/%.o $(BUILD)/$(1)/liblambda_runtime.a $(BUILD)/$(1)/libexternal_file.a
	$$(call said,LINK) $$($(1)_CC) $$($(1)_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$($(1)_LIBS)

$(BUILD)/$(1)/tests/bench/%: $(BUILD)/$(1)/tests/bench/%.o $(BUILD)/$(1)/liblambda_runtime.a $(BUILD)/$(1)/libexternal_file.a
	$$(call said,LINK) $$($(1)_CC) $$($(1)_LDFLAGS) -o $$@ $$^ $$($(1)_LIBS)
endef
$(foreach flavour,$(FLAVOURS),$(eval $(call flavour_rules,$(flavour))))

define function_rules
$(BUILD)/$(1)/functions/$(2)/bootstrap: $(patsubst %.c,$(BUILD)/$(1)/%.o,$(wildcard functions/*.c functions/$(2)/*.c)) $(BUILD)/$(1)/liblambda_runtime.a $(BUILD)/$(1)/libexternal_file.a
	$$(call said,LINK) $$($(1)_CC) $$($(1)_LDFLAGS) -o $$@ $$^ $$($(1)_LIBS)
endef
$(foreach flavour,$(FLAVOURS),$(foreach function,$(FUNCTIONS),\
	$(eval $(call function_rules,$(flavour),$(function)))))

$(BUILD)/fuzz/tests/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o $(BUILD)/fuzz/libexternal_file.a
	$(call said,LINK) $(fuzz_CC) $(fuzz_LDFLAGS) -o $@ $^ $(PURE_LIBS)

-include $(shell find $(BUILD)/release $(BUILD)/test $(BUILD)/fuzz $(BUILD)/coverage -name '*.d' 2>/dev/null)

# --- targets ---

BOOTSTRAPS := $(FUNCTIONS:%=$(BUILD)/release/functions/%/bootstrap)
TEST_PROGRAMS = $(UNIT_TESTS:%=$(BUILD)/$(1)/%) $(WIRE_TESTS:%=$(BUILD)/$(1)/%) $(TEST_FUNCTIONS:%=$(BUILD)/$(1)/%)
RELEASE_PROGRAMS := $(BOOTSTRAPS) $(TEST_FUNCTIONS:%=$(BUILD)/release/%)
FUNCTION_ZIPS := $(FUNCTIONS:%=dist/%.zip)
PACKAGES := $(FUNCTION_ZIPS) dist/layer-certs.zip
SDK := $(BUILD)/sdk
# Outlives build/sdk, and may be shared, as NATIVE_CACHE.
SDK_CACHE ?= $(BUILD)/sdk-cache

.PHONY: status why all setup debian-packages package demo test fuzz coverage lint format bench local clean help always

all: $(BUILD)/release/libexternal_file.a $(BUILD)/release/liblambda_runtime.a $(RELEASE_PROGRAMS) ## build the libraries and both functions (the default)

setup: debian-packages $(SDK)/stamp ## install what is missing: debian-packages.txt, and the AWS SDK v3 for tests/sdk

debian-packages:
	@./setup.sh

$(SDK)/stamp: $(addprefix tests/sdk/,install.sh toolchain.txt package.json package-lock.json) | debian-packages
	@SDK_CACHE=$(SDK_CACHE) tests/sdk/install.sh $(SDK)

package: $(PACKAGES) ## make the zips to deploy: dist/<function>.zip and dist/layer-certs.zip

$(FUNCTION_ZIPS) &: package.sh $(BOOTSTRAPS) | debian-packages
	@./package.sh $(BUILD) functions

dist/layer-certs.zip: package.sh $(wildcard layers/certs/*.pem $(RDS_BUNDLE)) $(BUILD)/rds-bundle | debian-packages
	@./package.sh $(BUILD) layer

# Which bundle the layer was made with: changes when another one, or none, is asked for.
$(BUILD)/rds-bundle: always
	@mkdir -p $(@D)
	@echo '$(RDS_BUNDLE)' | cmp -s - $@ || echo '$(RDS_BUNDLE)' > $@

test: $(SDK)/stamp $(call TEST_PROGRAMS,test) $(BUILD)/test/liblambda_runtime.a $(FUZZERS:%=$(BUILD)/fuzz/%) $(RELEASE_PROGRAMS) $(BUILD)/release/liblambda_runtime.a $(PACKAGES) ## run every test; TEST=<part of a name> runs some
	@$(PYTHON) tests/run.py --build $(BUILD) $(if $(TEST),--only $(TEST))

FUZZ_SECONDS ?= 30
fuzz: $(FUZZERS:%=$(BUILD)/fuzz/%) ## fuzz every parser of outside bytes, FUZZ_SECONDS each
	@for fuzzer in $(FUZZERS:tests/fuzz/fuzz_%=%); do \
	    mkdir -p $(BUILD)/fuzz/corpus/$$fuzzer; \
	    echo "== $$fuzzer"; \
	    $(BUILD)/fuzz/tests/fuzz/fuzz_$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	        -print_final_stats=1 -verbosity=0 -artifact_prefix=$(BUILD)/fuzz/ \
	        $(BUILD)/fuzz/corpus/$$fuzzer tests/fuzz/corpus/$$fuzzer || exit 1; \
	done

# What everything builds on, and what decides about a file.
COVERED_ROOMS := runtime lib/base lib/statement lib/job lib/state lib/advance
COVERED_PERCENT ?= 90
coverage: $(call TEST_PROGRAMS,coverage) ## line coverage of the unit and wire tests, by file; fails if a room of COVERED_ROOMS has under 90 %
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@$(PYTHON) tests/run.py --build $(BUILD) --flavour coverage
	@gcovr --root . --filter 'lib/' --filter 'runtime/' --object-directory $(BUILD)/coverage \
	    --gcov-ignore-parse-errors --txt - --html-details $(BUILD)/coverage/index.html \
	    --json $(BUILD)/coverage/coverage.json $(BUILD)/coverage
	@for room in $(COVERED_ROOMS); do \
	    gcovr --root . --add-tracefile $(BUILD)/coverage/coverage.json --filter "$$room/" \
	        --txt $(BUILD)/coverage/room.txt --fail-under-line $(COVERED_PERCENT) || \
	        { echo "coverage: $$room has under $(COVERED_PERCENT) % of its lines covered" >&2; exit 1; }; \
	done

lint: debian-packages compile_commands.json ## formatting, include rules, clang-tidy, cppcheck, Python and shell checks
	@$(PYTHON) tests/lint/lint.py --build $(BUILD) --jobs $(JOBS)

# What clangd and clang-tidy ask: the command of each C file in the flavour `test`.
compile_commands.json: always ## write the compilation database that editors read (clangd)
	@for source in $(filter %.c,$(C_FILES)); do \
	    printf '{"directory": "%s", "file": "%s", "command": "%s"}\n' '$(CURDIR)' "$$source" \
	        "$(test_CC) $(WARNINGS) $(INCLUDES) $(test_CFLAGS) -c $$source"; \
	done | sed '1s/^/[/; $$!s/$$/,/; $$s/$$/]/' > $@

format: debian-packages ## format all C files in place
	@clang-format -i $(C_FILES)

bench: $(BENCHES:%=$(BUILD)/release/%) $(RELEASE_PROGRAMS) $(PACKAGES) ## measure against the floor; prints ratios
	@$(PYTHON) tests/bench/run.py --build $(BUILD)

local: package ## the system on a local AWS on PORT (4566), until Ctrl-C; . build/local/env to use it; DIRECT=1 without a queue
	@PYTHONPATH=tests exec $(PYTHON) -m emulator --folder $(BUILD)/local --port $(or $(PORT),4566) --deploy dist $(if $(DIRECT),--direct)

# In a psql on the database of the local system. A key goes in by the environment: the shell must not read it.
psql_local = test -f $(BUILD)/local/env || { echo "no local system is running: start one with make local" >&2; exit 1; }; \
	. $(BUILD)/local/env && psql -X -q -v ON_ERROR_STOP=1

status: ## what is unfinished on the local system, and why
	@$(psql_local) -f sql/postgres/show/status.sql

why: export FILE_KEY = $(value KEY)
why: ## what happened to the files of the local system whose key contains KEY
	@test -n "$$FILE_KEY" || { echo "name a key or a part of one: make why KEY=..." >&2; exit 1; }
	@$(psql_local) -v key="$$FILE_KEY" -f sql/postgres/show/why.sql

demo: package ## the main job on sample files, from nothing: journeys, rows, archive, notifications
	@PYTHONPATH=tests $(PYTHON) -m demo.demo

clean: ## remove all that was built, but not what was downloaded
	@find $(BUILD) -mindepth 1 -maxdepth 1 ! -name native-cache ! -name sdk-cache -exec rm -rf {} + 2>/dev/null || true
	@rm -rf dist compile_commands.json

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z_.]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
