# Each target sets up what it needs, in a virtual environment of its own, from nothing but
# Python 3.11+ (with venv and pip) and make.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
SCENARIO ?= rate-limited
# More than two cores suit: much of the tests' time is a rollout or a window that passes. With more still, tests
# wait for a processor, and what a person would see in time comes too late for them.
WORKERS ?= 4

# The larger lock is made first, and the smaller one is a part of it: what is run is what is tested.
EXTRAS = gcp aws vault test lint build
LOCKED = --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --quiet

.PHONY: help drill test lint screenshots bench lock clean

help:
	@echo "make drill        open the console in a simulated incident (SCENARIO=$(SCENARIO))"
	@echo "make test         run the tests"
	@echo "make lint         style, types and import layers"
	@echo "make screenshots  draw screenshots/ anew from drills"
	@echo "make bench        measure every budget, as ratios in one run"
	@echo "make lock         resolve the pinned requirements anew"
	@echo "make clean        remove the virtual environment"

drill: $(VENV)/.runtime
	@$(BIN)/python -m tui drill $(SCENARIO)

test: $(VENV)/.development
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: $(VENV)/.development
	$(BIN)/python screenshots/draw.py
	$(BIN)/python screenshots/page.py

bench: $(VENV)/.development
	$(BIN)/python -m benchmarks

lock: $(VENV)/bin/python
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml $(EXTRAS:%=--extra %) $(LOCKED) --output-file requirements-dev.txt
	$(BIN)/uv pip compile pyproject.toml --constraint requirements-dev.txt $(LOCKED) --output-file requirements.txt

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Leeward needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# Bytecode is compiled here, since a first paint without it takes three times as long.
$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Setting up Leeward in $(VENV) (about half a minute, once) ..."
	$(PIP) install --require-hashes --requirement requirements.txt
	@$(BIN)/python -m compileall -q tui widgets
	@touch $@

$(VENV)/.development: requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Setting up Leeward for development in $(VENV) (about a minute, once) ..."
	$(PIP) install --require-hashes --requirement requirements-dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q tui widgets
	@touch $(VENV)/.runtime $@
