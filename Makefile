# A thin front for meson and tools/; `make help` lists the targets.
SHELL := /bin/bash
BUILD ?= build
JOBS ?= 2
TIME ?= 60
PREFIX ?= /usr/local

.PHONY: help deps deps-build build run test vmtest bench fuzz install clean

help:
	@echo 'make deps      install what building and testing need (Debian packages, tools/deps.txt)'
	@echo 'make build     build $(BUILD)/stockade'
	@echo 'make run       build, then scan this machine and a real image'
	@echo 'make test      everything that CI checks: both builds, style, integration, corpora'
	@echo 'make vmtest    the guard on the kernels that Debian packages, in QEMU (part of make test)'
	@echo 'make bench     measure speed and memory beside their floor'
	@echo 'make fuzz      run each fuzz target for TIME=$(TIME) seconds'
	@echo 'make install   install under DESTDIR$(PREFIX)'
	@echo 'make clean     remove the build directories'

deps:
	@tools/install_deps build test

deps-build:
	@tools/install_deps build

build: deps-build
	@tools/build $(BUILD) --prefix=$(PREFIX)

run: build
	@tools/run_demo $(BUILD)/stockade

test: deps
	@tools/run_tests --jobs $(JOBS)

vmtest: deps
	@tools/build $(BUILD)
	@tmp=$$(mktemp -d) && STOCKADE=$(CURDIR)/$(BUILD)/stockade SK_SRC=$(CURDIR) SK_TMP=$$tmp \
		SK_CACHE=$(CURDIR)/build/test-cache test/t6300-guard-vm; status=$$?; rm -rf "$$tmp"; exit $$status

bench: deps-build
	@tools/install_deps bench
	@tools/build $(BUILD)
	@perf/run $(BUILD)/stockade

fuzz:
	@tools/install_deps build test fuzz
	@tools/run_fuzz --time $(TIME)

install: build
	@meson install -C $(BUILD) --no-rebuild --quiet

clean:
	rm -rf build build-*
