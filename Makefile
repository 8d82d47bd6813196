# Two commands do the main things on a fresh machine: `make demo` and `make test`.
# PYTHON=python3.12 picks another Python (3.11 or newer).
.DEFAULT_GOAL := help
.PHONY: help demo test lint types tests notebooks outputs lab app bench-panel bench bench-calls bench-batch faults bench-history bench-jobs format clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARTIFACTS := artifacts
# A file that is newer than pyproject.toml says that what it names is installed.
DEMO := $(VENV)/.installed-demo
DEV := $(VENV)/.installed-dev
# No key, no history of the user's: what a target draws, it draws offline and into a folder of its own.
OFFLINE := env -u OPENAI_API_KEY -u OPENAI_BASE_URL DALLE_NB_BACKEND=offline

help:  ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO)  ## Draw the first lesson's pictures without a key, and write a page to look at
	@$(OFFLINE) $(BIN)/python scripts/demo.py $(ARTIFACTS)/demo

test: lint types tests notebooks  ## Run every check: style, types, tests in a kernel and a browser, notebooks

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

tests: $(DEV)
	$(BIN)/python scripts/install_browser.py
	$(BIN)/python scripts/install_node_sdk.py
	$(BIN)/python scripts/install_old_sdk.py
	@# What a browser did not show in half a minute is looked at once more, and counted as such in the report.
	$(BIN)/python -m pytest -n 2 --dist loadscope --reruns 1 --only-rerun "Locator expected" --only-rerun "playwright" --junitxml $(ARTIFACTS)/tests.xml

notebooks: $(DEV)
	$(OFFLINE) $(BIN)/python -m pytest -n 2 --dist loadfile -p dalle_nb._nbval --nbval --nbval-current-env \
	  --junitxml $(ARTIFACTS)/notebooks.xml notebooks

outputs: $(DEV)  ## Build the lessons from their source and execute them; LESSONS="03 08" makes these only
	@$(OFFLINE) $(BIN)/python scripts/make_lessons.py $(LESSONS)

app: $(DEV)  ## Show the panel alone as a web page (Voilà)
	$(BIN)/voila notebooks/panel-app.ipynb

lab: $(DEV)  ## Open JupyterLab on the lessons
	$(BIN)/jupyter lab --notebook-dir notebooks

painter-sheet: $(DEMO)  ## Draw the painter's sheet into docs/painter-sheet.jpg, and the whole one into artifacts/
	@$(BIN)/python scripts/painter_sheet.py docs/painter-sheet.jpg artifacts/painter-sheet.jpg

painter-trial: $(DEMO)  ## Draw numbered pictures for a stranger to name, without their prompts
	@$(BIN)/python benchmarks/painter_trial.py $(ARTIFACTS)/trial

bench-painter: $(DEMO)  ## Measure the painter over the sheet's prompts: seconds, memory, size
	@$(BIN)/python benchmarks/painter.py

bench: $(DEV)  ## Measure start-up, painter and notebook size, as ratios
	@$(OFFLINE) $(BIN)/python benchmarks/run.py

bench-calls: $(DEV)  ## Measure a call's time and memory beside the bare SDK, as ratios
	@$(BIN)/python benchmarks/calls.py

bench-panel: $(DEV)  ## Measure the panel in a browser: opening, first answer, scrolling, painting, bytes saved
	$(BIN)/python benchmarks/panel.py

bench-batch: $(DEV)  ## Measure and prove batches: speed, memory, limits, 600 prompts with faults, twenty kills
	@$(BIN)/python benchmarks/batch.py

faults: $(DEV)  ## Try every fault of a server, and count how the targets are met
	@$(BIN)/python benchmarks/faults.py

bench-serve: $(DEV)  ## Measure the server: a call above painting in process, and a class of 64 for a minute
	@$(OFFLINE) $(BIN)/python benchmarks/serve.py

bench-jobs: $(DEV)  ## Measure collecting a job of 2,000 results: seconds, and memory beside the whole file's
	@$(BIN)/python benchmarks/jobs.py

bench-history: $(DEV)  ## Measure the history at 100,000 Runs beside a pandas-and-CSV one, as ratios
	@$(OFFLINE) $(BIN)/python benchmarks/history.py

format: $(DEV)  ## Put the code into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove what the other targets made
	rm -rf $(VENV) $(ARTIFACTS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(DEMO): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable . --group demo
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[serve,frames]' --group dev
	@touch $@ $(DEMO)
