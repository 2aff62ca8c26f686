# Settings follow the name of the command: make train PRESET=dense EPOCHS=50
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help train test quick soak sweep evaluate sample board bench example results lint docs check clean

BIN := .venv/bin
# These count on the command line of make only: a shell may have a SEED for another program.
PYTHON = python3
DATA =
PRESET =
EPOCHS =
MINUTES =
SEED =
RUN =
DEVICES =
WORKERS =
TRIALS =
COUNT =
OUT =
EXAMPLE = infogan
ARGS =

# What is left out, `gan-model` chooses. A value may have spaces and quotes.
quoted = '$(subst ','\'',$(1))'
option = $(if $(2),$(1) $(call quoted,$(2)))

# The run of `make sample` and `make evaluate`: where `make train` trains with the same settings.
NAMED := sample fashion_mnist mnist cifar10
USUAL = $(if $(filter-out $(NAMED),$(DATA)),suited,modern)
FOLDER = $(shell CDPATH= cd $(call quoted,$(DATA)) 2>/dev/null && basename "$$(pwd -P)" \
	|| basename $(call quoted,$(DATA)))
NAME = $(if $(filter-out $(NAMED),$(DATA)),$(FOLDER),$(or $(DATA),sample))
TRAINED = $(or $(RUN),runs/$(or $(PRESET),$(USUAL))-$(NAME))

help: # list the commands
	@awk -F ': .*# ' '/^[a-z]+:.* # / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
	@echo 'Settings follow the verb: make train DATA=path/to/pictures MINUTES=5 ARGS="--image-size 32"'

.venv/ready: pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "make: Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.13"; exit 1; }
	@echo "Setting up .venv (once, about a minute) ..."
	@"$(PYTHON)" -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch .venv/ready

.venv/dev: .venv/ready
	@echo "Setting up what the tests need (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch .venv/dev

train: .venv/ready # train a preset, or resume it: PRESET= DATA= EPOCHS= or MINUTES= SEED= RUN= DEVICES= or WORKERS=
	@$(BIN)/gan-model train $(call option,--preset,$(PRESET)) $(call option,--data,$(DATA)) \
		$(call option,--epochs,$(EPOCHS)) $(call option,--minutes,$(MINUTES)) \
		$(call option,--seed,$(SEED)) $(call option,--run-dir,$(RUN)) \
		$(call option,--devices,$(DEVICES)) $(call option,--workers,$(WORKERS)) $(ARGS)

# Processes that run one file at a time: what its tests share is made once. How many: tests/conftest.py
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test: .venv/dev # run all tests but those of make soak
	@$(PYTEST) -m 'not soak' $(ARGS)

soak: .venv/dev # run the tests that take longest
	@$(PYTEST) -m soak $(ARGS)

quick: .venv/dev # run the fast tests only
	@$(PYTEST) -m 'not slow and not soak' $(ARGS)

sweep: .venv/ready # search the codings size and learning rates: PRESET= DATA= SEED= TRIALS= EPOCHS= RUN= WORKERS=
	@$(BIN)/gan-model sweep $(call option,--preset,$(PRESET)) $(call option,--data,$(DATA)) \
		$(call option,--trials,$(TRIALS)) $(call option,--epochs,$(EPOCHS)) \
		$(call option,--seed,$(SEED)) $(call option,--run-dir,$(RUN)) \
		$(call option,--workers,$(WORKERS)) $(ARGS)

evaluate: .venv/ready # measure the quality of a run, with pictures: RUN= ARGS=
	@$(BIN)/gan-model evaluate $(call quoted,$(TRAINED)) $(ARGS)

sample: .venv/ready # generate images from a run: RUN= COUNT= OUT=file.png, .npz or .gif
	@$(BIN)/gan-model sample $(if $(findstring --from,$(ARGS)),,$(call quoted,$(TRAINED))) \
		$(call option,--count,$(COUNT)) $(call option,--seed,$(SEED)) $(call option,--out,$(OUT)) $(ARGS)

board: .venv/ready # start TensorBoard for all runs
	@$(BIN)/gan-model board runs

bench: .venv/ready # compare images per second with the reference loop, or ARGS="--workers 1 2" of workers
	@$(BIN)/python experiments/$(if $(findstring --workers,$(ARGS)),scaling,benchmark).py $(ARGS)

example: .venv/ready # train a GAN with a step of its own: EXAMPLE=infogan, feature_matching, bigan or two_discriminators
	@mkdir -p runs; $(BIN)/python experiments/examples $(EXAMPLE) \
		$(call option,--epochs,$(EPOCHS)) $(call option,--out,$(or $(OUT),runs/$(EXAMPLE).png)) $(ARGS)

results: .venv/ready # train one study for docs/results.md, which takes an hour or more: ARGS="--study modern"
	@$(BIN)/python experiments/results.py $(ARGS)

lint: .venv/dev # check style, unused code, order of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.venv/docs: .venv/ready
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch .venv/docs

docs: .venv/docs # build the documentation as a site, site/index.html, and check its links
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet && echo "The documentation: site/index.html"

check: lint docs test # run all checks that a change must pass

clean: # remove the environment and build files, but not runs/
	rm -rf .venv build dist site *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
