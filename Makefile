# The commands of a checkout. `make run` and `make test` need nothing but Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run install test check bench-check format generate dashboard-pictures clean faults

run: install  ## install everything, start the exporter, say where to look and where to send
	@echo
	@$(BIN)/errtally serve

install: $(VENV)/.installed  ## put the exporter, the generators and what tests need into .venv

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "errtally needs Python 3.11 or newer; say which one: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); tests/install-peers python3-venv && $(PYTHON) -m venv $(VENV); }
	@echo "installing errtally and what it needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $@

test: install  ## run all tests; installs the programs that they talk to where that is allowed
	@tests/install-peers
	$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder

check: install  ## lint, types, import contracts, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/errtally rules check
	$(BIN)/errtally alertmanager check
	$(BIN)/errtally dashboards check

bench-check: install  ## CPU of the hot paths beside the parent commit's (or COMMIT=...), in turns; fails when one is slower
	$(BIN)/python -m errtally.exporter.bench.check $(COMMIT)

faults: install  ## kill, fill, damage and starve the exporter for about an hour; writes the table of docs/reliability.md
	@tests/install-peers
	@rm -f .faults.jsonl
	ERRTALLY_KILL_ROUNDS=25 ERRTALLY_FAULT_STARTS=40 ERRTALLY_FAULTS_FILE=$(CURDIR)/.faults.jsonl $(BIN)/python -m pytest -n0 tests/faults tests/flow/test_abuse.py tests/flow/test_durability.py
	$(BIN)/python -m tests.faults.record .faults.jsonl

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: install  ## write the generated rules, routes and dashboards anew
	$(BIN)/errtally rules build
	$(BIN)/errtally alertmanager build
	$(BIN)/errtally alertmanager build --config deploy/errtally.yml --out deploy/generated/alertmanager
	$(BIN)/errtally dashboards build
	$(BIN)/python docs/build_reference.py

dashboard-pictures: install  ## draw docs/pictures/dashboard-*.png; needs node, npm, chromium, prometheus, 500 MB in ~/.cache
	$(BIN)/python -m tests.pictures.take

clean:
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
