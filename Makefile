# From a clean clone: `make run`. Everything is set up once and again only when a lock changes;
# the stamps below remember it, so that the second time costs nothing.

SHELL := bash
.DELETE_ON_ERROR:
# Steps build on one another through the stamps; in parallel they would race.
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
BUILT := xinglin/ui/static/ui/built
MESSAGES := $(wildcard xinglin/locale/*/LC_MESSAGES/*.po)

# More arguments for pytest: make test ARGS='-k referral -x'
ARGS ?=
# Browsers share the cores with their servers, so that more workers gain little on small machines.
WORKERS ?= 2
# New versions of everything: make lock UPGRADE=--upgrade
UPGRADE ?=

# For tools that read the settings without serving anything: not in anybody's data.
TOOL_ENV := XINGLIN_HOME=var/tools XINGLIN_ENV=demo SECRET_KEY=only-for-tools \
	DJANGO_SETTINGS_MODULE=xinglin.config.settings

# ---------------------------------------------------------------------------------- for people

.PHONY: help
help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.stamp-self $(BUILT)/.stamp messages-compiled ## Install what running needs, into this folder only

.PHONY: run
run: setup ## Serve on 127.0.0.1:8000 (HOST, PORT, XINGLIN_HOME override); the first start loads the demo county
	@exec $(BIN)/xinglin serve

.PHONY: test
test: setup-dev ## All tests, on SQLite and then on PostgreSQL (ARGS='-k name' narrows)
	@deploy/prepare-tests.sh
	@status=0; \
	echo "── Tests on SQLite"; \
	$(BIN)/pytest -n $(WORKERS) --db sqlite $(ARGS) || status=1; \
	echo "── Tests on PostgreSQL"; \
	if $(PYTHON) -m tests.postgres; then \
		$(BIN)/pytest -n $(WORKERS) --db postgres $(ARGS) || status=1; \
	fi; \
	exit $$status

.PHONY: check
check: lint test ## What CI runs: format, lint, types, layers, migrations, tests

.PHONY: lint
lint: setup-dev ## Format, lint, types, layers, migrations: check without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(TOOL_ENV) $(BIN)/mypy --strict xinglin
	$(BIN)/lint-imports
	$(TOOL_ENV) $(PYTHON) -m django makemigrations --check --dry-run

.PHONY: bench
bench: setup-dev ## Benchmarks: a table of ratios, and JSON in XINGLIN_HOME/bench
	$(PYTHON) -m bench

.PHONY: soak
soak: setup-dev ## Tests that take hours
	$(BIN)/pytest -m soak $(ARGS)

.PHONY: golden
golden: setup-dev ## Write the golden files anew; review the diff
	XINGLIN_GOLDEN=write $(BIN)/pytest -k golden $(ARGS)

.PHONY: manual
manual: setup-dev ## Take the manual's screenshots anew from the browser journeys
	@deploy/prepare-tests.sh
	XINGLIN_SCREENSHOTS=$${XINGLIN_SCREENSHOTS:-var/screenshots} $(PYTHON) -m tests.browser.manual

.PHONY: messages
messages: setup-dev ## Collect the texts to translate into xinglin/locale
	@deploy/prepare-tests.sh
	cd xinglin && $(subst var/tools,../var/tools,$(TOOL_ENV)) ../$(PYTHON) -m django makemessages \
		-l en --no-obsolete --add-location file --ignore 'ui/static/*' --ignore '*/tests/*'
	$(TOOL_ENV) $(PYTHON) -m xinglin.gateway.descriptions
	@# A date that changes with every run would be in every diff.
	@sed -i.bak '/^"POT-Creation-Date:/d' xinglin/locale/en/LC_MESSAGES/django.po
	@rm -f xinglin/locale/en/LC_MESSAGES/django.po.bak

.PHONY: lock
lock: $(VENV)/.stamp-run ## Lock the dependencies anew (UPGRADE=--upgrade for new versions)
	$(LOCK) pyproject.toml --group build -o requirements/base.txt
	@# Constrained by the base: otherwise the tests would run on other versions than people do.
	$(LOCK) pyproject.toml --group build --extra dev -c requirements/base.txt -o requirements/dev.txt
	$(LOCK) --group pyproject.toml:node -o requirements/node.txt
	@$(FIND_NODE); npm install --package-lock-only --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@! grep -l '://' requirements/*.txt || { echo "A lock names the host it was made from."; exit 1; }
	@! grep -l '"resolved"' package-lock.json || { echo "package-lock.json names a host."; exit 1; }

.PHONY: clean
clean: ## Remove everything that set-up made; the data in var/ stays
	rm -rf $(VENV) node_modules $(BUILT) .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis dist build var/tools
	find xinglin tests -name __pycache__ -prune -exec rm -rf {} +
	rm -f xinglin/locale/*/LC_MESSAGES/*.mo

# ---------------------------------------------------------------------------------- the set-up

# The tests need more than running does. A dev install contains the run install and says so by
# touching its stamp, so that `make run` after `make test` takes nothing away again.
.PHONY: setup-dev
setup-dev: $(VENV)/.stamp-dev node_modules/.stamp-dev setup

# pip's mirror is uv's mirror: many set one for pip and do not know of uv's own setting.
UV = export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null)}}}"; \
	[ -n "$$UV_DEFAULT_INDEX" ] || unset UV_DEFAULT_INDEX; \
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv

LOCK = @$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(UPGRADE)

# Some names on the path are only signposts (pyenv) or lack the venv module (Debian): ask each.
FIND_PYTHON = found=; for candidate in python3.13 python3.12 python3.11 python3; do \
	if $$candidate -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' \
		>/dev/null 2>&1; then found=$$candidate; break; fi; done; \
	[ -n "$$found" ] || { echo "Xinglin needs Python 3.11 or newer with its venv module" \
		"(Debian and Ubuntu: apt-get install python3 python3-venv)."; exit 1; }

$(VENV)/.stamp-created:
	@$(FIND_PYTHON); echo "Creating $(VENV) with $$($$found --version)"; $$found -m venv --clear $(VENV)
	@# uv itself comes by pip, in the version of the lock and with its hash checked.
	@awk '/^uv==/ { found = 1 } found; found && !/\\$$/ { exit }' requirements/base.txt >$(VENV)/uv.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@touch $@

$(VENV)/.stamp-run: requirements/base.txt | $(VENV)/.stamp-created
	@echo "Installing Python packages"
	@rm -f $(VENV)/.stamp-dev
	@$(UV) pip sync --quiet --require-hashes requirements/base.txt
	@touch $@

$(VENV)/.stamp-dev: requirements/base.txt requirements/dev.txt | $(VENV)/.stamp-created
	@echo "Installing Python packages, with those for the tests"
	@$(UV) pip sync --quiet --require-hashes requirements/dev.txt
	@touch $(VENV)/.stamp-run $@

# After every sync, which removes what its lock does not name. Built by the locked hatchling.
$(VENV)/.stamp-self: $(VENV)/.stamp-run pyproject.toml
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The machine's Node.js if it is recent enough, else one from the Python registry.
FIND_NODE = if ! { command -v npm && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'; } \
	>/dev/null 2>&1; then echo "No Node.js 18 or newer here: installing one into $(VENV)"; \
	($(UV) pip install --quiet --require-hashes -r requirements/node.txt) || exit 1; \
	export PATH="$(CURDIR)/$(BIN):$$PATH"; fi
NPM_CI = $(FIND_NODE); npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null

node_modules/.stamp-run: package.json package-lock.json | $(VENV)/.stamp-run
	@echo "Installing front-end packages"
	@$(NPM_CI) --omit=dev
	@touch $@

node_modules/.stamp-dev: package.json package-lock.json | $(VENV)/.stamp-run
	@echo "Installing front-end packages, with those for the tests"
	@$(NPM_CI)
	@touch node_modules/.stamp-run $@

# Only the files that pages use are copied out of node_modules.
$(BUILT)/.stamp: node_modules/.stamp-run $(wildcard xinglin/ui/assets.py xinglin/ui/assets/*.py) | $(VENV)/.stamp-self
	@$(PYTHON) -m xinglin.ui.assets
	@mkdir -p $(@D) && touch $@

# Babel, because gettext's own compiler is not on every machine.
.PHONY: messages-compiled
messages-compiled: $(MESSAGES:.po=.mo)

%.mo: %.po | $(VENV)/.stamp-run
	@$(BIN)/pybabel --quiet compile -i $< -o $@
	@[ -f $@ ] || { echo "$< was not compiled: remove the 'fuzzy' mark above its first entry."; exit 1; }
