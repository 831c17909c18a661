# `make demo` and `make check` need Python 3.11 or later and a network, nothing else.
.PHONY: demo chaos long check format lint types layers test docs programs lock bench bench-slice culprits soak clean
.DELETE_ON_ERROR:

# Tests start hundreds of processes: each would compile what it imports once more.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
RUN := $(BIN)/python -m
CULPRITS ?= runs/culprits
OUT ?= demo/$(shell date -u +%Y%m%dT%H%M%SZ)

demo: .venv/lab  ## run the case study on a lab of its own; leaves run files, plots and a report in demo/
	$(BIN)/clusterload case cluster-load --out $(OUT)

check: format lint types layers test docs  ## all that must hold before a change goes in

format: .venv/dev
	$(BIN)/ruff format --check .

lint: .venv/dev
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

layers: .venv/dev
	$(BIN)/lint-imports

test: .venv/dev programs
	$(BIN)/python scripts/test

docs: .venv/dev
	$(RUN) docs.check

chaos: .venv/dev programs  ## the tests that break a lab for a while; check runs a slice of them
	$(RUN) pytest -m chaos

programs:  ## what tests need and no Python package brings; says how to get it where it cannot
	scripts/debian prometheus=prometheus chromium=chromium chromedriver=chromium-driver

long: .venv/dev programs  ## the tests that take their time on a real cluster
	$(RUN) pytest -m long

bench: .venv/dev  ## measure what RESULTS.md claims; not part of check
	$(RUN) benchmarks

bench-slice: .venv/dev  ## show that every benchmark runs; its figures mean nothing
	$(RUN) benchmarks --quick
	$(RUN) benchmarks soak --quick

culprits: .venv/dev  ## record what is missing of the culprit benchmark (hours, on a quiet machine), and print its tables
	$(RUN) benchmarks.culprits record --to $(CULPRITS) --seeds 100-102
	$(RUN) benchmarks.culprits keep $(CULPRITS)
	$(RUN) benchmarks.culprits judge
	CULPRITS_QUARTER=all $(RUN) pytest tests/benchmarks/test_kept.py

soak: .venv/dev  ## half an hour of load, in which memory must stay flat
	$(RUN) benchmarks soak

lock: .venv/dev  ## take newer versions of what we depend on
	scripts/lock

.venv/lab: requirements/lab.txt requirements/uv.txt scripts/environment pyproject.toml
	scripts/environment requirements/lab.txt
	@touch $@

.venv/dev: requirements/dev.txt requirements/uv.txt scripts/environment pyproject.toml
	scripts/environment requirements/dev.txt --compile-bytecode
	@touch $@ .venv/lab

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
