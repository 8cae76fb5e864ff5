.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.app: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.app requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

setup: $(VENV)/.dev  ## make .venv with all that app, tests and benchmarks need

app: $(VENV)/.app  ## start the app on the embedded model
	$(BIN)/streamlit run app.py

test: setup  ## all tests but the slow proofs
	$(BIN)/pytest -m "not slow and not browser" --numprocesses=auto --dist=loadfile
	$(BIN)/pytest -m "browser and not slow"

test-slow: setup  ## the slow proofs: what the shipped models and figures claim
	$(BIN)/pytest -m slow

check: setup  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup  ## measure speed on this machine
	$(BIN)/python -m bench --large

soak: setup  ## measure many sessions at once, kills, thousands of runs, memory, accessibility (minutes)
	$(BIN)/python -m soak

lock: setup  ## pin what the container installs: newest versions, with hashes (requirements.lock)
	$(BIN)/uv pip compile --no-config --quiet --upgrade --universal --python-version 3.12 --generate-hashes \
		--custom-compile-command "make lock" --output-file requirements.lock requirements.txt

assets: setup  ## rebuild data, models and calibration (hours; see assets/README.md)
	assets/build.sh

.PHONY: help setup app test test-slow check bench soak lock assets
