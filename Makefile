# `make demo` and `make test` are all that a fresh machine needs: Python 3.9 or newer, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
CODE := actions sensors console tests benchmarks findings relays
METADATA := pack.yaml config.schema.yaml opsroom.yaml.example actions aliases sensors rules policies rbac

.PHONY: demo chat board figures test bench lint format picture reference clean

demo: $(VENV)/.console
	@$(BIN)/python -m console.demo

chat: $(VENV)/.console
	@$(BIN)/python -m console.demo --chat-only

board: $(VENV)/.console
	@$(BIN)/python -m console.board

figures: $(VENV)/.console
	@$(BIN)/python -m console.figures

test: $(VENV)/.tests
	$(BIN)/python -m pytest -n auto --dist worksteal

# All that need no StackStorm, and the tables of docs/performance.md. With AGAINST=DIR, beside the checkout in that folder.
bench: $(VENV)/.tests
	$(BIN)/python -m benchmarks $(if $(AGAINST),--against $(AGAINST))

lint: $(VENV)/.tests
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/flake8 $(CODE)
	$(BIN)/mypy
	$(BIN)/yamllint --strict $(METADATA)

format: $(VENV)/.tests
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

picture: $(VENV)/.console
	$(BIN)/python -m console.pictures.conversation
	$(BIN)/python -m console.pictures.rooms
	$(BIN)/python -m console.board --picture
	$(BIN)/python -m console.figures --picture

# docs/reference: commands, keys of the config and reason codes, from their metadata.
reference: $(VENV)/.console
	$(BIN)/python -m console.reference

# What the console runs on is a part of what the tests need, so that a demo does not wait for linters to install.
$(VENV)/.console: requirements.txt console/requirements.txt console/requirements-stackstorm.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the console needs into $(VENV) (about a minute) ..."
	@$(PIP) install -r console/requirements.txt
	@$(PIP) install --no-deps -r console/requirements-stackstorm.txt
	@touch $@

# st2client goes first and comes back last, or pip complains of its pins beside whatever it installs.
$(VENV)/.tests: requirements-tests.txt tests/requirements-jsonschema.txt $(VENV)/.console
	@$(PIP) uninstall --yes st2client
	@$(PIP) install -r requirements-tests.txt
	@$(PIP) install --upgrade --target $(VENV)/jsonschema-3.2 --no-deps -r tests/requirements-jsonschema.txt
	@$(PIP) install --no-deps -r console/requirements-stackstorm.txt
	@touch $@

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .hypothesis
