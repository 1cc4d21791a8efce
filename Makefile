# The commands of a checkout. `make run` and `make test` need nothing but Python 3.11 or newer.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Which tests (an expression of marks), more arguments of pytest, and the Debian packages of the programs that tests
# talk to (those that are missing).
MARKS ?= flow or not flow
TESTS ?=
PEERS ?=
# What is installed is what was tested together: constraints.txt; nothing is compiled here.
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --only-binary :all: --constraint constraints.txt

.PHONY: run demo install install-dev test test-oldest check bench-check faults format generate constraints dashboard-pictures docs dist clean

run: install  ## install what running needs, start the exporter, say where to look and where to send
	@echo
	@$(BIN)/errtally serve

# It does not install: `make run` may be at that in another terminal.
demo:  ## send the traffic of a small shop to the exporter that runs
	@[ -e $(VENV)/.installed ] || { echo "Type make run in another terminal first, and make demo again when that says that errtally listens."; exit 1; }
	@$(BIN)/errtally demo

install: $(VENV)/.installed  ## put the exporter, the generators and the analyser into .venv, and nothing else

install-dev: $(VENV)/.installed-dev  ## put what tests and checks need there as well

$(BIN)/python:
	@deploy/make-environment $(PYTHON) $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing errtally and what it needs into $(VENV) (about 220 MB) ..."
	@$(PIP_INSTALL) --progress-bar off --editable '.[exporter,generate,analyser]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --upgrade 'pip>=25.1'
	@$(PIP_INSTALL) --quiet --editable '.[all]' --group dev
	@touch $@

test: install-dev  ## run all tests on all cores; installs the programs that they talk to where that is allowed
	@tests/install-peers $(PEERS)
	$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder -m "not alone and ($(MARKS))" $(TESTS)
	$(BIN)/python -m pytest -m "alone and ($(MARKS))" $(TESTS) || [ $$? = 5 ]  # 5: there are none of them

# Of what needs no other program, nor tools of tests that want newer versions of what they share with errtally.
OLDEST := .venv-oldest
OLDEST_TESTS := $(addprefix tests/,analyser config generate logs recovery exporter/bench exporter/commands exporter/demo exporter/digest)
OLDEST_TESTS += tests/exporter/store tests/test_command_line.py

test-oldest: install-dev  ## run tests on the oldest versions of all packages that pyproject.toml allows (PYTHON=... says with which)
	@echo "Installing the oldest versions that are allowed into $(OLDEST) ..."
	@$(BIN)/uv venv --quiet --clear --no-python-downloads --python $(PYTHON) $(OLDEST)
	@$(BIN)/uv pip compile --quiet pyproject.toml --extra all --group tests --resolution lowest-direct --only-binary :all: \
	  --python $(OLDEST)/bin/python --no-header --no-annotate --no-emit-index-url --output-file $(OLDEST)/requirements.txt
	@$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python --only-binary :all: --requirement $(OLDEST)/requirements.txt
	@$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python --no-deps --editable .
	$(OLDEST)/bin/python -m pytest -n auto --dist loadscope -m "not flow and not alone" $(OLDEST_TESTS)

check: install-dev  ## lint, types, import contracts, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/errtally rules check
	$(BIN)/errtally alertmanager check
	$(BIN)/errtally dashboards check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench-check: install-dev  ## CPU of the hot paths beside the parent commit's (or COMMIT=...), in turns; fails when one is slower
	$(BIN)/python -m errtally.exporter.bench.check $(COMMIT)

faults: install-dev  ## kill, fill, damage and starve the exporter for about an hour; writes the table of docs/reliability.md
	@tests/install-peers
	@rm -f .faults.jsonl
	ERRTALLY_KILL_ROUNDS=25 ERRTALLY_PAUSE_SECONDS=120 ERRTALLY_FAULT_STARTS=40 ERRTALLY_JOURNAL_MIB=1024 ERRTALLY_ISSUES=50000 ERRTALLY_LINEAR_SHARE=1 \
	  ERRTALLY_FAULTS_FILE=$(CURDIR)/.faults.jsonl $(BIN)/python -m pytest -n0 tests/faults tests/flow/test_abuse.py \
	  tests/flow/test_durability.py tests/exporter/test_linear_pipeline.py
	$(BIN)/python -m tests.faults.record .faults.jsonl

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: install-dev  ## write the generated rules, routes and dashboards anew
	$(BIN)/errtally rules build
	$(BIN)/errtally alertmanager build
	$(BIN)/errtally alertmanager build --config deploy/errtally.yml --out deploy/generated/alertmanager
	$(BIN)/errtally dashboards build
	$(BIN)/errtally analyse deploy/textfile/shop --format prometheus --project checkout --fail-on never --output deploy/textfile/checkout.prom
	$(BIN)/python docs/build_reference.py

constraints: install-dev  ## choose the versions in constraints.txt anew
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --only-binary :all: --python-version 3.11 --upgrade \
	  --no-header --no-annotate --no-emit-index-url --output-file constraints.txt

dashboard-pictures: install-dev  ## draw docs/pictures/dashboard-*.png; needs node, npm, chromium, prometheus, 500 MB in ~/.cache
	$(BIN)/python -m tests.pictures.take

docs: install-dev  ## build the documentation as a site into build/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

dist: install-dev  ## build sdist and wheel into dist; SOURCE_URL=https://... is where the project is published
	SOURCE_URL=$(SOURCE_URL) $(BIN)/python -m build --outdir dist .

clean:
	rm -rf $(VENV) $(OLDEST) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
