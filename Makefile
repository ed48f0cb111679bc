# On a machine with Python 3.11, make and git: `make demo` shows everything, `make test` checks everything.
# Both first make .venv and install into it; that is done once, and again when pyproject.toml changes.

EXTRAS ?= cpu,dev
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PACKAGES := $(patsubst %/__init__.py,%,$(wildcard */__init__.py))
CHECKED := $(PACKAGES) $(wildcard benchmarks scripts) tests
# Threads that wait without turning leave busy cores to others.
PYTEST := OMP_WAIT_POLICY=passive $(BIN)/pytest -n $(JOBS) --dist loadfile --doctest-modules tests $(PACKAGES)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# The first of these that starts and is new enough; a pyenv shim may exist and start nothing.
FOUND := $(shell for each in python3.11 python3.12 python3.13 python3; do \
	$$each -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$each && break; done)
PYTHON ?= $(FOUND)

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all lint types bench clean

help:  ## Say what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## Make .venv with everything in it (EXTRAS=gpu,dev for a GPU, PYTHON=... for another Python).

$(INSTALLED): pyproject.toml
	@$(if $(PYTHON),$(PYTHON),false) -c '$(NEW_ENOUGH)' 2>/dev/null || { \
	echo "Expected Python 3.11 or newer. Received: $(if $(PYTHON),$(PYTHON),none of that kind on the path)." \
	"Install it, or name one: make PYTHON=/path/to/python3.11"; exit 1; } >&2
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	@touch $@

demo: install  ## Simulate a city, learn from it, judge the model, issue one warning: see demo/.
	$(BIN)/tocsin demo --out demo

lint: install
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)

types: install
	$(BIN)/mypy

test: lint types  ## Lint, format, types and tests, without the slow ones (JOBS=0 for one process).
	$(PYTEST) -m "not slow and not gpu"

test-all: lint types  ## The same with the slow tests.
	$(PYTEST) -m "not gpu"

bench: install  ## Measure speed; prints one line for each figure.
	@for each in benchmarks/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

clean:  ## Remove what was made, .venv and the demo included.
	rm -rf $(VENV) build dist demo *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
