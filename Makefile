# Two commands: `make score` and `make test`. Each makes the environment it needs once.
PYTHON ?= python3
VENV ?= .venv
REPORT ?= report
BIN = $(VENV)/bin

.PHONY: score test lint test-lowest test-brainscore test-brainscore-language clean

score: $(VENV)/.ready
	$(BIN)/neuromodels score timescale/leaky-small --on timescale/grasshopper-ridge --layers state --out $(REPORT)
	$(BIN)/neuromodels score language/suma-small --on 'language/*' --available --seed 10 20 30 42 50 --out $(REPORT)
	$(BIN)/neuromodels report $(REPORT) > /dev/null

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The lower bounds of the dependencies, in an environment of their own.
test-lowest:
	PYTHON=$(PYTHON) .ci/lowest

# Brain-Score, in environments of their own: vision and language want different versions of scikit-learn.
test-brainscore:
	PYTHON=$(PYTHON) .ci/brainscore vision

test-brainscore-language:
	PYTHON=$(PYTHON) .ci/brainscore language

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.11 to 3.13 is needed; $(PYTHON) is `$(PYTHON) --version 2>&1`. Run: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[language,recordings]'
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.ready

clean:
	rm -rf $(VENV) $(REPORT)
