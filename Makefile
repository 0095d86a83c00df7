# geonb: every target sets up what it needs on first use. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
MXNET := .venv-mxnet
PIP := -m pip --disable-pip-version-check
SOURCES := geonb geonb_training tests benchmarks binder workshop
PYTEST_FLAGS ?=
LAB_FLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-mxnet demo lab lab-mxnet labextension test test-newest test-mxnet check format lock \
	notebooks slides wheelhouse binder-rehearsal pictures \
	bench mini clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready  ## the everyday environment (.venv): newest NumPy, no MXNet
setup-mxnet: $(MXNET)/ready  ## the reference environment (.venv-mxnet): MXNet and the NumPy it needs

$(VENV)/ready: requirements/newest.txt pyproject.toml
	$(call install,$(VENV),requirements/newest.txt)

$(MXNET)/ready: requirements/mxnet.txt pyproject.toml
	$(call install,$(MXNET),requirements/mxnet.txt)

# The environment is made anew from its lock; the stamp is written last, so a broken setup is repeated.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "geonb needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=/path/to/python3.11 $@"; exit 2; }
	@echo "==> setting up $(1) from $(2) (once; a minute or two)"
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python $(PIP) install --require-hashes --no-deps --progress-bar on -r $(2)
	@$(1)/bin/python $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@
	@echo "==> $(1) is ready"
endef

demo: $(VENV)/ready  ## locate the example photo: a table, a PNG and an HTML page
	@$(VENV)/bin/geonb demo

labextension: $(VENV)/ready  ## build gmaps' widgets for JupyterLab into .venv (needs node)
	@$(VENV)/bin/python labextension/build.py

lab: $(VENV)/ready  ## open JupyterLab with the first notebook
	$(call lab,$(VENV))

lab-mxnet: $(MXNET)/ready  ## the same beside MXNet: with the reference engine and the training
	$(call lab,$(MXNET))

define lab
	@test -d $(1)/share/jupyter/labextensions/jupyter-gmaps || $(1)/bin/python labextension/build.py
	@$(1)/bin/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_five_guesses.ipynb $(LAB_FLAGS)
endef

test: test-newest test-mxnet  ## all tests, in both environments

test-newest: $(VENV)/ready  ## the tests on the newest NumPy, without MXNet
	@echo "==> tests on the newest NumPy, without MXNet"
	@$(VENV)/bin/python -m pytest -m "not mxnet" $(PYTEST_FLAGS)

test-mxnet: $(MXNET)/ready  ## the tests beside MXNet
	@echo "==> tests beside MXNet"
	@$(MXNET)/bin/python -m pytest -m "not newest" $(PYTEST_FLAGS)

check: $(VENV)/ready  ## format, lint and types
	@$(VENV)/bin/ruff format --check $(SOURCES)
	@$(VENV)/bin/ruff check $(SOURCES)
	@$(VENV)/bin/mypy geonb geonb_training
	@! command -v shellcheck > /dev/null || shellcheck .ci/run binder/postBuild sagemaker/on-start.sh workshop/stick/install.sh

format: $(VENV)/ready  ## put the sources in format
	@$(VENV)/bin/ruff format $(SOURCES)
	@$(VENV)/bin/ruff check --fix $(SOURCES)

lock:  ## compile the two locks anew (needs uv)
	uv pip compile -q -U pyproject.toml --extra lab --extra dev --generate-hashes --no-header --no-annotate --python-version 3.11 -o requirements/newest.txt
	uv pip compile -q -U pyproject.toml --extra mxnet --extra lab --extra dev --generate-hashes --no-header --no-annotate --python-version 3.11 -o requirements/mxnet.txt

bench: $(VENV)/ready $(MXNET)/ready  ## speed and memory, against the limits that are promised
	@$(MXNET)/bin/python benchmarks/locationnet.py
	@$(VENV)/bin/python benchmarks/partition.py
	@$(VENV)/bin/python benchmarks/evaluation.py
	@$(VENV)/bin/python benchmarks/occlusion.py

notebooks: $(MXNET)/ready  ## execute all notebooks whole, into artefacts/notebooks (about 10 minutes)
	@$(MXNET)/bin/python workshop/run_notebooks.py

slides: $(VENV)/ready  ## turn the first notebook into slides, into artefacts/slides (needs npm)
	@$(VENV)/bin/python workshop/slides/make.py

wheelhouse: $(VENV)/ready  ## fill artefacts/stick for a workshop on bad Wi-Fi: wheels, notebooks, model
	@$(VENV)/bin/python workshop/stick/fill.py

binder-rehearsal: $(VENV)/ready  ## what Binder does, without Docker: environment, postBuild, 00 to 05 in 2 GB
	@$(VENV)/bin/python binder/rehearse.py

pictures: $(VENV)/ready  ## draw the pictures of the README and of the notebooks anew
	@$(VENV)/bin/python workshop/pictures.py

mini: $(MXNET)/ready  ## train the mini model anew, and draw the example photos (about 15 minutes)
	$(MXNET)/bin/python -m geonb_training mini geonb/data/mini
	$(MXNET)/bin/python -m geonb_training.scenes.example geonb/data

clean:  ## remove the environments and what the tools left behind
	rm -rf $(VENV) $(MXNET) .mypy_cache .pytest_cache .ruff_cache .hypothesis
