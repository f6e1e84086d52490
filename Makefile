# A fresh machine needs Python 3.11 or newer and make. Everything else is installed into .venv, pinned by hash, and
# everything fetched or built is kept below .cache, so that a second run does only what changed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# A venv of its own for uv, which only `make lock` needs.
LOCK_VENV := .cache/lock-venv
UV_VERSION := 0.13.9

export RUNTIME_CORE_BUILD_CACHE ?= $(CURDIR)/.cache/build
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PIP_INSTALL = $(BIN)/python -m pip install --no-input --require-hashes -r
# The project is installed from this directory without looking anything up.
PIP_SELF = $(BIN)/python -m pip install --no-input --quiet --no-index --no-deps --no-build-isolation --editable .

# The first interpreter that is new enough; override with PYTHON=...
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
    "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

# The tests use every core of a small machine, and no more of a big one than their real boots have memory for.
PYTEST_WORKERS ?= 2
PYTEST_ARGS ?=
REGRTEST_ARGS ?=

.PHONY: help demo test large check bench regrtest protos lock clean distclean

help:  ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-run  ## build, publish, verify and boot a real Pyodide release; seconds the second time
	@$(BIN)/python deploy/demo/demo.py

test: $(VENV)/.installed-dev  ## run every test
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

large: $(VENV)/.installed-dev  ## test the largest packages (USD: 30 libraries); takes minutes
	@$(BIN)/python -m pytest tests/large $(PYTEST_ARGS)

check: $(VENV)/.installed-dev  ## formatting, lint, types, import layers, generated code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@echo "comparing schemas/_generated with what the definitions give"
	@fresh=$$(mktemp -d) && trap "rm -rf $$fresh" EXIT && $(BIN)/python -c \
	    'import pathlib, sys; from schemas.generate import generate; generate(pathlib.Path(sys.argv[1]))' "$$fresh" && \
	    diff -r -x __pycache__ schemas/_generated "$$fresh" || { echo "stale: run make protos" >&2; exit 1; }

bench: $(VENV)/.installed-dev  ## measure; prints a table and writes build/bench.json
	@$(BIN)/python tests/bench/run.py

regrtest: $(VENV)/.installed-dev  ## run CPython's own tests here and under node, and compare
	@$(BIN)/python -m tests.regrtest.run $(REGRTEST_ARGS)

protos: $(VENV)/.installed-dev  ## generate the protobuf code again
	$(BIN)/python -m schemas.generate

lock: $(LOCK_VENV)/.installed  ## pin the newest allowed dependencies in requirements/
	$(LOCK_VENV)/bin/python requirements/lock.py

clean:  ## remove everything that was built or cached; keeps .venv
	rm -rf build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean  ## remove .venv too
	rm -rf $(VENV)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "$(PYTHON) cannot make virtual environments: install its venv package (python3-venv)" >&2; exit 1; }

$(VENV)/.installed-run: requirements/run.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) requirements/run.txt
	$(PIP_SELF)
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed-run
	$(PIP_INSTALL) requirements/dev.txt
	@touch $@

$(LOCK_VENV)/.installed: Makefile | $(BIN)/python
	$(BIN)/python -m venv $(LOCK_VENV)
	$(LOCK_VENV)/bin/python -m pip install --no-input --quiet uv==$(UV_VERSION)
	@touch $@
