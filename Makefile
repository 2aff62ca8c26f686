# One verb for each wish. Settings go behind the verb: make train PRESET=dense EPOCHS=50
.DEFAULT_GOAL := help
.PHONY: help train test quick sweep evaluate sample board bench results lint check clean

PYTHON ?= python3
BIN := .venv/bin
PRESET ?= modern
DATA ?= sample
EPOCHS ?= 20
SEED ?= 0
RUN ?= runs/$(PRESET)-$(notdir $(patsubst %/,%,$(DATA)))
COUNT ?= 25
OUT ?= samples.png

help: # list what can be asked for
	@awk -F ': .*# ' '/^[a-z]+:.* # / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
	@echo "Settings: PRESET=$(PRESET) DATA=$(DATA) EPOCHS=$(EPOCHS) SEED=$(SEED) RUN=$(RUN) COUNT= OUT= ARGS="

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch .venv/ready

train: .venv/ready # train a preset, or go on with it: PRESET= DATA= EPOCHS= or MINUTES= SEED= RUN=
	@$(BIN)/python experiments/train.py --preset $(PRESET) --data $(DATA) --seed $(SEED) \
		$(if $(MINUTES),--minutes $(MINUTES),--epochs $(EPOCHS)) --run-dir $(RUN) $(ARGS)

# A process a core, which takes a file at a time: what the tests of a file share is made once.
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test: .venv/ready # all tests
	@$(PYTEST) $(ARGS)

quick: .venv/ready # the fast tests only
	@$(PYTEST) -m 'not slow' $(ARGS)

sweep: .venv/ready # search codings size and learning rates: PRESET= DATA= SEED= TRIALS= WORKERS=
	@$(BIN)/python experiments/sweep.py --preset $(PRESET) --data $(DATA) --seed $(SEED) \
		$(if $(TRIALS),--trials $(TRIALS)) $(if $(WORKERS),--workers $(WORKERS)) \
		$(if $(filter command,$(origin EPOCHS)),--epochs $(EPOCHS)) \
		$(if $(filter command,$(origin RUN)),--run-dir $(RUN)) $(ARGS)

evaluate: .venv/ready # all numbers on the quality of a run, with pictures: RUN= ARGS=
	@$(BIN)/python experiments/evaluate.py $(RUN) $(ARGS)

sample: .venv/ready # images from a run: RUN= COUNT= OUT=file.png, .npz or .gif
	@$(BIN)/python experiments/sample.py $(RUN) --count $(COUNT) --seed $(SEED) --out $(OUT) $(ARGS)

board: .venv/ready # TensorBoard for all runs
	@$(BIN)/tensorboard --logdir runs --samples_per_plugin images=1000

bench: .venv/ready # images per second against the reference loop
	@$(BIN)/python experiments/benchmark.py $(ARGS)

results: .venv/ready # docs/results.md, a study at a time, by the clock; an hour and more: ARGS="--study modern"
	@$(BIN)/python experiments/results.py $(ARGS)

lint: .venv/ready # style, unused code, order of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

check: lint test # all that a change must pass

clean: # remove the environment and what building leaves; runs/ stays
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
