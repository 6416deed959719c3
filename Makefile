# Sidechain. `make` lists what there is; `make demo` and `make test` set up all they need by themselves.
# A second run starts in seconds: every step is behind a stamp in .build.

SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
BUILD  := .build
COMPILE = $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
CRDT = relay/app/site/static/crdt/library.js
.PHONY: help setup dev demo test chaos soak load-test check bench verify lock crdt wheel package package-windows deb deb-test relay-deb relay-deb-test band-test plugin native pictures format clean test-windows windows macos
STEP = packaging/step.sh
PIP = $(PY) -m pip install -q --disable-pip-version-check

dev test test-windows windows check bench package package-windows: export STRICT = 1 # warnings are errors to us, and none to who only wants to play

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(BUILD)/run ## what it needs to run: virtual environment, locked packages, native parts
	@$(STEP) "compiling the C client, the host without a window and the pipeline's inner loops" $(MAKE) -s native

dev: $(BUILD)/setup $(CRDT) ## that, and what tests and checks need
	@$(MAKE) -s native

demo: setup ## see the whole path once: play, keep, level, post, and the follower has it; STAY=1 leaves the page open
	@$(VENV)/bin/sidechain demo $(if $(STAY),--stay)

test: dev $(BUILD)/system-test $(BUILD)/system-plugin $(BUILD)/prometheus $(BUILD)/clamd ## everything that can be tested on Linux, one worker more than cores; JOBS=1: one after another
	@$(PY) -m tests.support.compiled # outside the tests, whose time is limited
	@$(PY) -m pytest -q -n $(or $(JOBS),$(shell expr $$(nproc) + 1)) --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 20 --durations-min 5 --ignore=tests/windows

test-windows: dev $(BUILD)/system-windows $(BUILD)/windows/ready ## what can be tested of Windows on Linux, under Wine: client, plugin, daemon
	@$(PY) -m pytest -q --durations 10 tests/windows

chaos: dev $(BUILD)/system-test ## break everything at random and judge: SEED=n plans the same again, MINUTES=10
	@$(PY) -m tests.chaos.soak $(if $(SEED),--seed $(SEED)) --minutes $(or $(MINUTES),10)

soak: chaos ## that, and all that chance decides a hundred times as often: an hour
	@SIDECHAIN_SOAK=1 $(PY) -m pytest --timeout=3600 $$(grep -rl SIDECHAIN_SOAK tests --include='test_*.py')

load-test: dev ## a load on a relay of your own, with p50, p95 and what failed: RELAY=http://127.0.0.1:8700, or TOKEN=an admin's; SECONDS_LONG=20
	@$(PY) -m benchmarks.load $(or $(RELAY),http://127.0.0.1:8700) --seconds $(or $(SECONDS_LONG),20) $(if $(TOKEN),--token $(TOKEN))

check: dev ## format, lint, types, imports, unit tests; under 30 s
	@$(VENV)/bin/ruff format --check -q . && $(VENV)/bin/ruff check -q .
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/lint-imports --no-logo > $(BUILD)/imports.txt || { cat $(BUILD)/imports.txt; false; }
	@$(PY) -m pytest -q -m "not slow" tests/unit tests/docs

bench: dev $(BUILD)/bench $(BUILD)/system-test $(BUILD)/system-plugin $(BUILD)/system-bench ## figures as ratios against named peers, measured in one run
	@$(MAKE) -s -C plugin BUILD=$(CURDIR)/$(BUILD)/plugin all
	@$(PY) -m benchmarks.run

verify: dev ## generated files are fresh
	@$(PY) plugin_protocol/c/generate_layout.py --check
	@$(PY) -m plugin_protocol.draw_spec --check
	@$(PY) -m plugin_protocol.make_vectors --check

lock: dev ## write requirements/*.lock anew from pyproject.toml; each pins what dev.lock pins, for they are installed together
	@$(COMPILE) pyproject.toml --extra desktop --extra relay --extra cluster --extra traces --extra dev -o requirements/dev.lock
	@$(COMPILE) -c requirements/dev.lock pyproject.toml --extra desktop -o requirements/desktop.lock
	@$(COMPILE) -c requirements/dev.lock pyproject.toml --extra relay -o requirements/relay.lock
	@$(COMPILE) -c requirements/dev.lock pyproject.toml --extra relay --extra cluster -o requirements/cluster.lock
	@$(COMPILE) -c requirements/dev.lock pyproject.toml --extra desktop --extra relay --extra cluster --extra traces --extra dev --extra bench -o requirements/bench.lock
	@$(COMPILE) -c requirements/dev.lock requirements/cross.in -o requirements/cross.lock
	@$(subst --universal,--python-platform windows,$(COMPILE)) pyproject.toml --extra desktop requirements/windows.in -o requirements/windows.lock

crdt: $(CRDT) ## the library that the studio edits together with, made of what npm has

package: dev $(BUILD)/system-test $(BUILD)/system-plugin ## the desktop build: one folder with everything in it
	@$(PIP) "pyinstaller>=6.11"
	@$(PY) packaging/build.py

package-windows: dev $(BUILD)/system-windows $(BUILD)/windows/ready ## the desktop build for Windows, made and tried under Wine: a folder with install.cmd, and its zip
	@$(PY) packaging/windows_package.py

wheel: dev ## build the wheel, install it with the runtime locks alone, use it, and say what it takes up
	@$(PY) packaging/try_wheel.py

deb: package ## the Debian package, of the desktop build
	@$(PY) packaging/deb.py

deb-test: $(BUILD)/system-deb ## as root: the package in a bare Debian: install, keep, post, upgrade, purge
	@test -d $(BUILD)/package || $(MAKE) -s package
	@$(PY) packaging/try_deb.py

relay-deb: dev ## the Debian package of a relay alone, with its user and unit
	@$(PIP) "pyinstaller>=6.11"
	@$(PY) packaging/relay_deb.py

relay-deb-test: $(BUILD)/system-deb ## as root: that package in a bare Debian: install, set up, post, upgrade, purge
	@test -d $(BUILD)/relay-package/dist || $(MAKE) -s relay-deb
	@$(PY) packaging/try_relay_deb.py

band-test: dev $(BUILD)/system-deb ## as root: "Run a relay for your band" to the letter, on two machines that are network namespaces
	@$(PY) packaging/try_band.py

PICTURES = $(patsubst tests/pictures/%.py,%,$(wildcard tests/pictures/[a-z]*.py))
pictures: dev $(BUILD)/system-test $(BUILD)/system-plugin $(BUILD)/system-pictures ## draw the documents' pictures anew: window, feed, tray
	@for each in $(PICTURES); do $(PY) -m tests.pictures.$$each docs || exit 1; done

format: dev ## put the code into its form
	@$(VENV)/bin/ruff format -q . && $(VENV)/bin/ruff check -q --fix .

native: $(BUILD)/system-demo audio/_kernels.so ## the C client, the native host, the pipeline's inner loops
	@$(MAKE) -s -C plugin_protocol/c BUILD=$(CURDIR)/$(BUILD)/native all

plugin: $(BUILD)/system-plugin ## VST3, CLAP and LV2, built and installed for you: ~/.vst3, ~/.clap, ~/.lv2
	@$(STEP) "compiling the plugin: VST3, CLAP, LV2, stereo and mono" $(MAKE) -s -j$(shell nproc) -C plugin BUILD=$(CURDIR)/$(BUILD)/plugin all
	@$(STEP) "installing it into ~/.vst3, ~/.clap and ~/.lv2" $(MAKE) -s -C plugin BUILD=$(CURDIR)/$(BUILD)/plugin install

audio/_kernels.so: audio/kernels.c audio/floats.c audio/crc.c
	@$(CC) -O3 -ffp-contract=off -shared -fPIC -o $@.new $^ && mv $@.new $@ # never under a process that has it mapped

clean: ## remove all that was made here
	@rm -rf $(BUILD) $(VENV) audio/_kernels.so dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BUILD)/system-%: packaging/ensure_system.sh
	@mkdir -p $(BUILD)
	@packaging/ensure_system.sh $*
	@touch $@

$(BUILD)/prometheus: packaging/unpack_debian.sh | $(BUILD)/system-test
	@$(STEP) "fetching Prometheus (20 MB)" packaging/unpack_debian.sh prometheus $@ prometheus promtool

$(BUILD)/clamd: packaging/unpack_debian.sh | $(BUILD)/system-test
	@$(STEP) "fetching ClamAV's daemon" packaging/unpack_debian.sh clamav-daemon $@ clamd

# What the tests of Windows run: both halves of the cross-build, and where it runs.
$(BUILD)/windows/ready: requirements/windows.lock requirements/cross.lock tests/windows/setup.sh FORCE
	@test -e $@ -a $@ -nt requirements/windows.lock || { \
	  $(STEP) "installing what fetches and cross-compiles" $(PIP) --require-hashes -r requirements/cross.lock && \
	  $(STEP) "making Windows: its Python, and Wine's prefix" tests/windows/setup.sh $(CURDIR)/$(BUILD)/windows && touch $@; }
	@$(STEP) "cross-compiling client, tests, hosts and plugin for Windows" $(MAKE) -s -j2 windows

.PHONY: FORCE
windows: ## cross-build for Windows: client, its tests, hosts and plugin
	@$(MAKE) -s -C plugin_protocol/c SYSTEM=windows BUILD=$(CURDIR)/$(BUILD)/windows/native all tests
	@$(MAKE) -s -C plugin SYSTEM=windows BUILD=$(CURDIR)/$(BUILD)/windows/plugin all
	@$(MAKE) -s -C tests/plugin BUILD=$(CURDIR)/$(BUILD)/windows/hosts windows
	@x86_64-w64-mingw32-gcc-posix -O3 -ffp-contract=off -shared -o audio/_kernels.dll audio/kernels.c audio/floats.c audio/crc.c

# UNTESTED: that it compiles for both machines is all that is known of it.
ZIG = $(CURDIR)/$(PY) -m ziglang
macos: dev $(BUILD)/system-plugin ## compile client and plugin, without a window, for macOS on arm64 and Intel: nothing of it was ever run
	@$(STEP) "installing what cross-compiles" $(PIP) --require-hashes -r requirements/cross.lock
	@for machine in aarch64 x86_64; do \
	  $(STEP) "compiling for macOS on $$machine" $(MAKE) -s -j2 -C plugin SYSTEM=macos WINDOW=0 BUILD=$(CURDIR)/$(BUILD)/macos/$$machine \
	    CC="$(ZIG) cc -target $$machine-macos.11.0" CXX="$(ZIG) c++ -target $$machine-macos.11.0" AR="$(ZIG) ar" all || exit 1; \
	done

$(CRDT): $(addprefix packaging/crdt/,package-lock.json crdt.js build.py) | $(BUILD)/setup
	@$(STEP) "making the library that the studio edits together with" $(PY) packaging/crdt/build.py
	@touch $@

$(VENV):
	@$(STEP) "making a virtual environment" $(PYTHON) -m venv $(VENV)

$(BUILD)/run: requirements/desktop.lock requirements/relay.lock pyproject.toml | $(BUILD)/system-demo $(VENV)
	@$(STEP) "installing what it needs to run (60 MB to fetch the first time)" $(PIP) --require-hashes -r requirements/desktop.lock -r requirements/relay.lock
	@$(STEP) "installing Sidechain itself, from this folder" $(PIP) --no-deps -e .
	@touch $@

$(BUILD)/bench: requirements/bench.lock $(BUILD)/setup
	@$(STEP) "installing the peers that we are measured beside" $(PIP) --require-hashes -r requirements/bench.lock
	@touch $@

$(BUILD)/setup: requirements/dev.lock pyproject.toml | $(BUILD)/system-demo $(VENV)
	@$(STEP) "installing what tests and checks need (300 MB to fetch the first time)" $(PIP) --require-hashes -r requirements/dev.lock
	@$(STEP) "installing Sidechain itself, from this folder" $(PIP) --no-deps --no-build-isolation -e .
	@touch $(BUILD)/run $@
