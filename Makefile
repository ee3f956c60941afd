# The two commands: `make run` and `make test`. Nothing but Python >= 3.11, git and make has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One more than there are cores: some tests wait for a clock on the wall, not for a core.
WORKERS = $$($(BIN)/python -c "import os; print((os.cpu_count() or 1) + 1)")

.PHONY: run test check lint types contracts clean

run: $(READY)
	$(BIN)/scimrig run ref: --target-file examples/scalekit.toml

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: lint types contracts test

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev --group peers
	touch $@

clean:
	rm -rf $(VENV) .scimrig dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf tests/peers/node_peers/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
