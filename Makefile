# `make` alone lists the targets. Every target that needs it creates .venv first.
#
#   PYTHON=python3.12                                        the interpreter that .venv is made from
#   TORCH_INDEX=https://download.pytorch.org/whl/cpu         a CPU-only PyTorch: on Linux the default one brings CUDA

PYTHON ?= python3
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
BROWSER := $(VENV)/browser
DEMO := build/demo
DEMO_RUN := $(DEMO)/run-$(shell date +%Y%m%d-%H%M%S)

.DEFAULT_GOAL := help
.PHONY: help venv demo test soak check format bench bench-check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP) ## create .venv with everything that tests and checks need

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing into $(VENV) (some minutes the first time) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e '.[test,dev]'
	@touch $@

# The system's Chromium where there is one or its packages can bring it, else the one that Playwright downloads.
$(BROWSER): $(STAMP)
	@command -v chromium chromium-browser google-chrome > /dev/null || { \
		echo "Installing Chromium, which tests open the page in ..." >&2; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; \
		then { apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium; } > /dev/null; \
		else $(BIN)/playwright install chromium; fi; }
	@touch $@

demo: $(STAMP) ## search the life expectancy of 142 countries for 150 seconds, then predict with the winner
	@rm -rf $(DEMO)/data
	@$(BIN)/mthn-automl example gapminder $(DEMO)/data
	@$(BIN)/mthn-automl search $(DEMO)/data/data.csv --meta $(DEMO)/data/meta.csv \
		--time-limit 150s --output $(DEMO_RUN)
	@head -n 6 $(DEMO)/data/data.csv > $(DEMO)/new.csv
	@echo && echo "mthn-automl predict $(DEMO_RUN) $(DEMO)/new.csv"
	@$(BIN)/mthn-automl predict $(DEMO_RUN) $(DEMO)/new.csv

# A file's tests stay together, in the order of the files: what they start and share is theirs alone. Some of them wait
# for what other processes do, so that three at a time keep two cores busy.
test: $(STAMP) $(BROWSER) ## run the tests: ten to twenty minutes on two cores
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

soak: $(STAMP) ## run what `make test` has a sample of: kills, signals and faults at every moment, with Ray too
	@$(BIN)/python -m pytest -m soak -rP --durations 0

check: $(STAMP) ## formatting, lint and types, changing nothing
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

format: $(STAMP) ## format the code and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: $(STAMP) ## run the benchmarks of benchmarks/: speed, scale, the driver, searches, compression, the paper's protocol, the page
	@for name in speed scale driver search compression paper paper_cubic page claims; do \
		echo "== benchmarks/$$name.py" && $(BIN)/python benchmarks/$$name.py || exit 1; done

bench-check: $(STAMP) ## show that benchmarks run (all but those that need data sets), without measuring anything
	@$(BIN)/python -m pytest benchmarks

clean: ## remove builds, demo runs and caches; .venv stays
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache
	@find mthn_automl tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
