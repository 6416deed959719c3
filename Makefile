# Sidechain. `make` lists what there is; `make demo` and `make test` set up all they need by themselves.
# A second run starts in seconds: every step is behind a stamp in .build.

SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
BUILD  := .build
COMPILE = $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos soak check bench verify lock package plugin native format clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(BUILD)/setup ## virtual environment, locked packages, native parts
	@$(MAKE) -s native

demo: setup ## see the whole path once: play, keep, level, post, and the follower has it
	@$(VENV)/bin/sidechain demo

test: setup $(BUILD)/system-test $(BUILD)/system-plugin ## everything that can be tested on Linux, on all cores; JOBS=1: one after another
	@$(PY) -m tests.support.compiled # outside the tests, whose time is limited
	@$(PY) -m pytest -q -n $(or $(JOBS),auto) --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 20 --durations-min 5

chaos: setup $(BUILD)/system-test ## break everything at random and judge: SEED=n plans the same again, MINUTES=10
	@$(PY) -m tests.chaos.soak $(if $(SEED),--seed $(SEED)) --minutes $(or $(MINUTES),10)

soak: chaos ## that, and all that chance decides a hundred times as often: an hour
	@SIDECHAIN_SOAK=1 $(PY) -m pytest --timeout=3600 $$(grep -rl SIDECHAIN_SOAK tests --include='test_*.py')

check: setup ## format, lint, types, imports, unit tests; under 30 s
	@$(VENV)/bin/ruff format --check -q . && $(VENV)/bin/ruff check -q .
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/lint-imports --no-logo > $(BUILD)/imports.txt || { cat $(BUILD)/imports.txt; false; }
	@$(PY) -m pytest -q -m "not slow" tests/unit tests/docs

bench: setup $(BUILD)/bench $(BUILD)/system-test $(BUILD)/system-plugin ## figures as ratios against named peers, measured in one run
	@$(MAKE) -s -C plugin BUILD=$(CURDIR)/$(BUILD)/plugin all
	@$(PY) -m benchmarks.run

verify: setup ## generated files are fresh
	@$(PY) plugin_protocol/c/generate_layout.py --check
	@$(PY) -m plugin_protocol.draw_spec --check
	@$(PY) -m plugin_protocol.make_vectors --check

lock: setup ## write requirements/*.lock anew from pyproject.toml
	@$(COMPILE) pyproject.toml --extra desktop -o requirements/desktop.lock
	@$(COMPILE) pyproject.toml --extra relay -o requirements/relay.lock
	@$(COMPILE) pyproject.toml --extra relay --extra cluster -o requirements/cluster.lock
	@$(COMPILE) pyproject.toml --extra desktop --extra relay --extra cluster --extra dev -o requirements/dev.lock
	@$(COMPILE) pyproject.toml --extra desktop --extra relay --extra cluster --extra dev --extra bench -o requirements/bench.lock

package: setup $(BUILD)/system-test $(BUILD)/system-plugin ## the desktop build: one folder with everything in it
	@$(PY) -m pip install -q --disable-pip-version-check "pyinstaller>=6.11"
	@$(PY) packaging/build.py

format: setup ## put the code into its form
	@$(VENV)/bin/ruff format -q . && $(VENV)/bin/ruff check -q --fix .

native: $(BUILD)/system-demo audio/_kernels.so ## the C client, the native host, the pipeline's inner loops
	@$(MAKE) -s -C plugin_protocol/c BUILD=$(CURDIR)/$(BUILD)/native all

plugin: $(BUILD)/system-plugin ## VST3, CLAP and LV2, built and installed for you: ~/.vst3, ~/.clap, ~/.lv2
	@$(MAKE) -s -C plugin BUILD=$(CURDIR)/$(BUILD)/plugin install

audio/_kernels.so: audio/kernels.c
	@$(CC) -O3 -ffp-contract=off -shared -fPIC -o $@.new $< && mv $@.new $@ # never under a process that has it mapped

clean: ## remove all that was made here
	@rm -rf $(BUILD) $(VENV) audio/_kernels.so dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BUILD)/system-%: packaging/ensure_system.sh
	@mkdir -p $(BUILD)
	@packaging/ensure_system.sh $*
	@touch $@

$(BUILD)/bench: requirements/bench.lock $(BUILD)/setup
	@echo "installing the peers that we are measured beside …"
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.lock 2> >(grep -v "is ignored: it is" >&2)
	@touch $@

$(BUILD)/setup: requirements/dev.lock pyproject.toml | $(BUILD)/system-demo
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages …"
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock 2> >(grep -v "is ignored: it is" >&2)
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . 2> >(grep -v "is ignored: it is" >&2)
	@touch $@
