# `make repro` runs the main job, `make test` passes the tests; both build their own environment first.
# The same in plain commands: see README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := 0.13.9
export PATH := $(CURDIR)/$(BIN):$(PATH)
# pip's own setting for local wheels (such as a CPU build of torch) holds for uv as well
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export DVC_NO_ANALYTICS := 1
# Some machines forbid compiled modules to be kept; then each of many short processes compiles its libraries anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: repro test lint types lab verify models quality benchmarks live clean

repro: $(READY)
	complaintlab run

test: $(READY)
	ruff check .
	ruff format --check .
	mypy
	pytest -n 2

lint: $(READY)
	ruff check --fix .
	ruff format .

lab: $(READY)
	python -m ipykernel install --prefix $(VENV) --name complaintlab --display-name complaintlab
	jupyter lab --notebook-dir=. notebooks

# The environment: pinned versions, uv where it can, pip where it cannot.
$(READY): pins.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "complaintlab needs Python 3.11 to 3.13; say which one: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint pins.txt --editable '.[dev]' || \
	  { $(BIN)/python -m pip install --quiet torch==2.13.0 && \
	    $(BIN)/python -m pip install --quiet --constraint pins.txt --editable '.[dev]'; }
	touch $@

# Files that are made from the code: the pipeline and the data dictionary.
.PHONY: dvc.yaml data/dictionary.md
dvc.yaml: $(READY)
	python -m complaintlab.pipeline > .dvc.yaml.new && mv .dvc.yaml.new $@
data/dictionary.md: $(READY)
	python -m complaintlab.tables.dictionary > data/.dictionary.new && mv data/.dictionary.new $@

# Run everything anew and compare with what was committed: the same bytes on the platform that dvc.lock speaks for,
# elsewhere the same rows, words and numbers.
verify: $(READY)
	complaintlab run --force
	python -m complaintlab.verify

# Numbers that need the real data beside the checkout, or hours: kept as tables in the repository.
models: $(READY)
	python -m complaintlab.measure.learn
quality: $(READY)
	python benchmarks/measure_quality.py
benchmarks: $(READY)
	for script in benchmarks/*.py; do python $$script || exit 1; done

# Bluesky's own servers on this machine, crawled as the real ones are: Node.js 20 and PostgreSQL are needed.
LIVE := .cache/bluesky
$(LIVE)/.ready: tests/live/package.json
	mkdir -p $(LIVE) && cp $< $(LIVE)
	npm --prefix $(LIVE) install --ignore-scripts --no-audit --no-fund
	npm --prefix $(LIVE) rebuild better-sqlite3
	touch $@
live: $(READY)
	if command -v npm > /dev/null; then $(MAKE) $(LIVE)/.ready; fi
	pytest -rs tests/live

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
