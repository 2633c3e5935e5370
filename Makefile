# Two commands on a fresh machine: `make demo` and `make test`. Both set up first, into
# .venv, from the lock files; the second time that costs nothing. Needed: Python 3.11 or
# newer, make, and a package registry that pip (or uv, if it is there) knows.

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	command -v $$p && break; done)
ARGS   ?=
# A file's tests stay together: their servers and pages are shared. Long files go first;
# they mostly wait, so there is one process more than the machine has cores.
ABREAST := -n $(shell expr $$(nproc) + 1) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
CODE   := forwarder workers config tests bench
DOCS   := README.md $(wildcard docs/*.md docs/*/*.md)

export UV_PYTHON_DOWNLOADS := never
# The tests start Python some hundred times: what is compiled once is read the next time.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check lint bench chaos fuzz simulate docs lock clean

help:
	@echo "make demo    a month of signed webhooks through the whole product, on loopback"
	@echo "make test    everything: lint, types, floors, tests with real servers, docs"
	@echo "make check   the fast part of it"
	@echo "make bench   the numbers of this machine, into bench-output/"
	@echo "make chaos   what breaks while senders post: real crashes, about half an hour"
	@echo "make fuzz    spoilt, forged and stale requests, 100,000 over real HTTP"
	@echo "make simulate  how often the report's bands hold the truth (about an hour)"
	@echo "make docs    write what is generated: settings, README tables"
	@echo "make lock    resolve the lock files anew (needs uv)"
	@echo "make clean   remove .venv and everything generated; never your data"

demo: $(VENV)/.runtime-ready
	@$(BIN)/forwarder demo $(ARGS)

test: $(VENV)/.dev-ready
	@$(BIN)/python tests/install_servers.py
	@$(BIN)/python tests/audit_dependencies.py
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest $(ABREAST) --cov --cov-report=term $(ARGS)
	@$(BIN)/cog --check --verbosity=0 $(DOCS)

check: $(VENV)/.dev-ready
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest $(ABREAST) -q -m "not slow" $(ARGS)

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

bench: $(VENV)/.dev-ready
	$(BIN)/python -m bench $(ARGS)

chaos: $(VENV)/.dev-ready
	@$(BIN)/python tests/install_servers.py
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: $(VENV)/.dev-ready
	FUZZ_MUTANTS=1000 FUZZ_EXAMPLES=300 HYPOTHESIS_PROFILE=thorough \
		$(BIN)/pytest -q --timeout=7200 tests/fuzz
	$(BIN)/python -m tests.fuzz.flood $(ARGS)

simulate: $(VENV)/.dev-ready
	$(BIN)/python -m tests.reconcile.simulate $(ARGS)

docs: $(VENV)/.dev-ready
	$(BIN)/python -m config.docs
	$(BIN)/cog -r --verbosity=0 $(DOCS)

LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-header --quiet

lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) demo-output bench-output test-output dist .coverage \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# ---- set-up -------------------------------------------------------------------------

$(VENV)/.runtime-ready: requirements.lock pyproject.toml | $(BIN)/python
	@$(call install,requirements.lock)
	@$(launcher)
	@touch $@

$(VENV)/.dev-ready: requirements-dev.lock requirements.lock pyproject.toml | $(BIN)/python
	@$(call install,requirements-dev.lock)
	@$(launcher)
	@touch $@ $(VENV)/.runtime-ready

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Python 3.11 or newer is needed:" \
		"install it, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@rm -rf $(VENV)
	@if command -v uv >/dev/null; then uv venv --quiet --python "$(PYTHON)" $(VENV); \
	else $(ensurepip) && "$(PYTHON)" -m venv $(VENV); fi

# Debian splits venv off its python3.
define ensurepip
{ "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get -qq update \
		&& DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
			-o DPkg::Lock::Timeout=120 install python3-venv >/dev/null \
		&& "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; } \
	|| { echo "This Python cannot make a virtual environment:" \
		"install python3-venv (apt-get install python3-venv), then try again" >&2; \
		exit 2; }; }
endef

# pip and uv read the same lock and check the same hashes.
define install
echo "Setting up $(VENV) from $(1)"; \
if command -v uv >/dev/null; then \
	uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); \
else \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip; } \
	&& $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check \
		--root-user-action=ignore --require-hashes -r $(1); \
fi
endef

# The checkout itself is what runs: no build backend, no second download.
define launcher
$(BIN)/python -c "import sysconfig, pathlib; \
	pathlib.Path(sysconfig.get_path('purelib'), 'pin-forwarder.pth') \
	.write_text('$(CURDIR)\n', encoding='utf-8')" \
&& printf '#!/bin/sh\nexec "%s" -P -m forwarder "$$@"\n' "$(CURDIR)/$(BIN)/python" \
	> $(BIN)/forwarder \
&& chmod 755 $(BIN)/forwarder
endef
