# geonb: every target sets up what it needs on first use. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PYTHON_313 ?= $(shell for python in python3.13 ~/.pyenv/versions/3.13.*/bin/python; do \
  $$python -c "" 2> /dev/null && echo $$python && break; done)
VENV := .venv
VENV_313 := .venv-313
MXNET := .venv-mxnet
RAY := .venv-ray
PARITY := .venv-parity
TRAIN := .venv-train
TOOLS := .venv-dist
SITE := .venv-site
UV := .venv-uv
OLDEST := .venv-oldest
PIP := -m pip --disable-pip-version-check
SOURCES := geonb geonb_lab geonb_training tests benchmarks binder colab site tools workshop
PYTEST_FLAGS ?=
SECONDS ?= 60
LAB_FLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-313 setup-mxnet demo lab lab-mxnet labextension \
	check format fuzz test test-newest test-mxnet test-slow test-313 test-ray test-train test-oldest bench bench-geoclip bench-mini \
	notebooks site class-set slides wheelhouse binder-rehearsal colab-rehearsal devcontainer-rehearsal \
	pictures mini lock dist clean

help:
	@awk -F ':.*## ' '/^##@ / {print ""; print substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-23s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it

demo: $(VENV)/core  ## locate the example photo: a table, a PNG and an HTML page
	@$(VENV)/bin/geonb demo

lab: $(VENV)/ready  ## open JupyterLab with the first notebook
	$(call lab,$(VENV))

lab-mxnet: $(MXNET)/ready  ## the same beside MXNet: with the blog's own engine and the training
	$(call lab,$(MXNET))

# In its terminals and after ! in a notebook, `geonb` is this environment's.
define lab
	@test -d $(1)/share/jupyter/labextensions/jupyter-gmaps || $(1)/bin/python labextension/build.py
	@mkdir -p $(1)/etc/jupyter/labconfig
	@cp workshop/lab_settings.json $(1)/etc/jupyter/labconfig/default_setting_overrides.json
	@cp workshop/terminals.json $(1)/etc/jupyter/jupyter_server_config.json
	@PATH="$(CURDIR)/$(1)/bin:$$PATH" $(1)/bin/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_five_guesses.ipynb $(LAB_FLAGS)
endef

labextension: $(VENV)/ready  ## build gmaps' widgets for JupyterLab into .venv (needs node)
	@$(VENV)/bin/python labextension/build.py

##@ Set it up (the other targets do this when they need it)

setup: $(VENV)/ready  ## the everyday environment (.venv), whole: newest NumPy, no MXNet
setup-313: $(VENV_313)/ready  ## the same on Python 3.13 (.venv-313)
setup-mxnet: $(MXNET)/ready  ## the MXNet environment (.venv-mxnet): MXNet and the NumPy it needs

# In two steps: `make demo` waits for the first, which brings what geonb itself needs; what notebooks, tests and their
# tools need is added when a target first asks for it.
$(VENV)/core: requirements/core.txt requirements/newest.txt requirements/geoclip.txt pyproject.toml
	$(call environment,$(PYTHON),$(VENV),requirements/core.txt,some seconds)
	$(call geonb,$(VENV))
	@touch $@

$(VENV)/ready: $(VENV)/core
	$(call packages,$(VENV),requirements/newest.txt,a minute or two)
	$(call packages,$(VENV),requirements/geoclip.txt,some seconds)
	@touch $@

$(VENV_313)/ready: requirements/newest.txt requirements/geoclip.txt pyproject.toml
	$(call install,$(PYTHON_313),$(VENV_313),requirements/newest.txt)

$(RAY)/ready: requirements/ray.txt pyproject.toml
	$(call install,$(PYTHON),$(RAY),requirements/ray.txt)

$(OLDEST)/ready: requirements/oldest.txt requirements/geoclip.txt pyproject.toml
	$(call install,$(PYTHON),$(OLDEST),requirements/oldest.txt)

$(PARITY)/ready: requirements/parity.txt requirements/geoclip.txt pyproject.toml
	$(call install,$(PYTHON),$(PARITY),requirements/parity.txt)

$(MXNET)/ready: requirements/mxnet.txt requirements/geoclip.txt pyproject.toml
	$(call install,$(PYTHON),$(MXNET),requirements/mxnet.txt)

$(TRAIN)/ready: requirements/train.txt requirements/geoclip.txt pyproject.toml
	$(call install,$(PYTHON),$(TRAIN),requirements/train.txt)

$(SITE)/ready: requirements/site.txt pyproject.toml
	$(call install,$(PYTHON),$(SITE),requirements/site.txt)

# The environment is made anew from its lock; the stamp is written last, so a broken setup is repeated.
define install
	$(call environment,$(1),$(2),$(3),a minute or two)
	$(call packages,$(2),requirements/geoclip.txt,some seconds)
	$(call geonb,$(2))
	@touch $@
endef

define environment
	@test -n "$(1)" || { echo "$@ needs Python 3.13. Try: make PYTHON_313=/path/to/python3.13 $@"; exit 2; }
	@$(1) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "geonb needs Python 3.11 or newer; $(1) is older. Try: make PYTHON=/path/to/python3.11 $@"; exit 2; }
	@echo "==> making an environment in $(2), with $$($(1) --version)"
	@$(1) -m venv --clear $(2)
	$(call packages,$(2),$(3),$(4))
endef

define packages
	@echo "==> installing $(2) into $(1) (once; $(3))"
	@$(1)/bin/python $(PIP) install --quiet --require-hashes --no-deps -r $(2)
endef

define geonb
	@$(1)/bin/python $(PIP) install --quiet --no-deps --no-build-isolation -e .
endef

##@ Check a change

fuzz: $(VENV)/ready  ## break files for every reader, SECONDS=60 each; what breaks a rule stays in tests/corpus
	@$(VENV)/bin/python tests/support/fuzzing.py $(SECONDS)

check: $(VENV)/ready  ## format, lint and types
	@$(VENV)/bin/ruff format --check $(SOURCES)
	@$(VENV)/bin/ruff check $(SOURCES)
	@$(VENV)/bin/mypy geonb geonb_lab geonb_training
	@! command -v shellcheck > /dev/null || shellcheck .ci/run binder/postBuild binder/geoclip.sh sagemaker/on-start.sh workshop/stick/install.sh

format: $(VENV)/ready  ## put the sources in format
	@$(VENV)/bin/ruff format $(SOURCES)
	@$(VENV)/bin/ruff check --fix $(SOURCES)

# Two processes, each with whole files, so that what a file sets up is set up once.
BOTH := -n 2 --dist loadfile

test: test-newest  ## the quick tests, without MXNet and, where it can run, beside it
	@reason=$$($(PYTHON) tools/mxnet_here.py); \
	  if [ -z "$$reason" ]; then $(MAKE) --no-print-directory test-mxnet; \
	  else echo "==> the tests beside MXNet are left out: $$reason"; test -z "$$GEONB_NO_SKIPS"; fi

test-newest: $(VENV)/ready  ## the quick tests on the newest NumPy, without MXNet
	@echo "==> tests on the newest NumPy, without MXNet"
	@$(VENV)/bin/python -m pytest -m "not mxnet and not ray and not torch and not browser and not slow" $(BOTH) $(PYTEST_FLAGS)

test-mxnet: $(MXNET)/ready  ## the quick tests beside MXNet
	@echo "==> tests beside MXNet"
	@$(MXNET)/bin/python -m pytest -m "not newest and not ray and not torch and not browser and not slow" $(BOTH) $(PYTEST_FLAGS)

test-slow: $(VENV)/ready $(MXNET)/ready  ## the slow tests and those in a browser: notebooks, training, full sizes
	@echo "==> slow tests on the newest NumPy"
	@$(VENV)/bin/python -m pytest -m "not mxnet and not ray and not torch and (browser or slow)" $(BOTH) $(PYTEST_FLAGS)
	@echo "==> slow tests beside MXNet"
	@$(MXNET)/bin/python -m pytest -m "not newest and not ray and not torch and (browser or slow)" $(BOTH) $(PYTEST_FLAGS)

test-313: $(VENV_313)/ready  ## the quick tests on Python 3.13
	@echo "==> tests on Python 3.13"
	@$(VENV_313)/bin/python -m pytest -m "not mxnet and not ray and not torch and not browser and not slow and not linux311" $(BOTH) $(PYTEST_FLAGS)

SAFETY := tests/geonb/photos tests/geonb/web tests/geonb/weights tests/geonb/test_files.py tests/geonb/test_writing.py

# Widgets and the blog's own resize are tested elsewhere. What old releases of others warn of is newer than they are.
test-oldest: $(OLDEST)/ready  ## the tests of safety, on the oldest releases that pyproject.toml allows
	@echo "==> tests of safety on the oldest releases that are allowed"
	@$(OLDEST)/bin/python -m pytest -m "not mxnet and not browser and not slow" $(BOTH) -W ignore::DeprecationWarning \
	  --ignore tests/geonb/photos/test_uploads.py --ignore tests/geonb/photos/test_squares.py $(SAFETY) $(PYTEST_FLAGS)

test-ray: $(RAY)/ready  ## the tests on a Ray cluster of three nodes on this machine
	@echo "==> tests on a Ray cluster"
	@$(RAY)/bin/python -m pytest -m ray tests/project/test_privacy.py tests/geonb_lab/many/test_ray.py $(PYTEST_FLAGS)

test-train: $(TRAIN)/ready  ## the tests of training in PyTorch, in one process and in two
	@echo "==> tests of training in PyTorch"
	@$(TRAIN)/bin/python -m pytest -m torch tests/project/test_privacy.py tests/geonb_training/test_torch_network.py tests/geonb_training/test_torch_trainer.py $(PYTEST_FLAGS)

# PyTorch's build without CUDA isn't on PyPI: PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL says where it is.
parity: $(PARITY)/ready  ## compare GeoCLIP with its authors' own on torch, at full size (5 GB of disk, some minutes)
	@$(PARITY)/bin/python benchmarks/parity.py

bench: $(VENV)/ready $(MXNET)/ready $(RAY)/ready $(TRAIN)/ready  ## speed and memory, against the limits that are promised
	@$(MXNET)/bin/python benchmarks/locationnet.py
	@$(MXNET)/bin/python benchmarks/many.py
	@$(VENV)/bin/python benchmarks/partition.py
	@$(VENV)/bin/python benchmarks/evaluation.py
	@$(VENV)/bin/python benchmarks/occlusion.py
	@$(VENV)/bin/python benchmarks/album.py
	@$(VENV)/bin/python benchmarks/head.py
	@$(VENV)/bin/python benchmarks/strange.py
	@$(VENV)/bin/python benchmarks/training.py

bench-geoclip: $(PARITY)/ready  ## GeoCLIP's speed and memory, against its authors' own on torch (6 GB of disk)
	@$(PARITY)/bin/python benchmarks/geoclip_speed.py

bench-mini: $(VENV)/ready $(MXNET)/ready $(TRAIN)/ready  ## mini trained by PyTorch and by MXNet: which is better, which quicker (half an hour)
	@$(VENV)/bin/python benchmarks/mini_trainers.py

##@ Notebooks and workshops

notebooks: $(MXNET)/ready  ## execute all notebooks whole, into artefacts/notebooks (about 10 minutes)
	@$(MXNET)/bin/python workshop/run_notebooks.py

# Sphinx gets a copy in which the pages lie as here, so that their links to each other hold.
site: PAGES := artefacts/site-source
site: $(SITE)/ready $(VENV)/ready  ## build and check the site, in artefacts/site (GEONB_SITE_EXECUTE=cache: only what changed)
	@rm -rf $(PAGES) artefacts/site
	@mkdir -p $(PAGES)
	@cp -r site/. docs notebooks workshop README.md CONTRIBUTING.md CHANGELOG.md $(PAGES)
	@$(SITE)/bin/python -m sphinx --fail-on-warning --keep-going -q $(PAGES) artefacts/site
	@$(VENV)/bin/python site/check.py

class-set: $(VENV)/ready  ## a round of the guessing game on paper, into artefacts/class_set (SEED=7)
	@$(VENV)/bin/python workshop/class_set.py --seed $(or $(SEED),7)

slides: $(VENV)/ready  ## turn the first notebook into slides, into artefacts/slides (needs npm)
	@$(VENV)/bin/python workshop/slides/make.py

wheelhouse: $(VENV)/ready  ## fill artefacts/stick for a workshop on bad Wi-Fi: wheels, notebooks, models
	@$(VENV)/bin/python workshop/stick/fill.py

binder-rehearsal: $(VENV)/ready  ## what Binder does, without Docker: environment, postBuild with a stand-in for GeoCLIP, 00 to 05 in 2 GB
	@$(VENV)/bin/python binder/rehearse.py

colab-rehearsal:  ## what Colab does, without its page: our first cell on its packages, 00, 03 and 04
	@$(PYTHON_313) colab/rehearse.py

# A container's image is one thing that can't be had without Docker; what is run in it can.
devcontainer-rehearsal:  ## what a devcontainer does, without Docker: its commands in a clean clone, and the demo
	@rm -rf artefacts/devcontainer && git clone --quiet . artefacts/devcontainer
	@cd artefacts/devcontainer && $(PYTHON) -c 'import json; \
	  print(json.load(open(".devcontainer/devcontainer.json"))["onCreateCommand"])' | env -u MAKEFLAGS sh -ex
	@artefacts/devcontainer/.venv/bin/geonb demo --output artefacts/devcontainer

##@ Make its parts anew

pictures: $(VENV)/ready  ## draw the pictures of the README and of the notebooks
	@$(VENV)/bin/python workshop/pictures.py

mini: $(MXNET)/ready  ## train the mini model, and draw the example photos (about 15 minutes)
	$(MXNET)/bin/python -m geonb_training mini geonb/data/mini
	$(MXNET)/bin/python tools/shipped.py geonb/data

COMPILE := $(UV)/bin/uv pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11
LOCK_FLAGS ?= --upgrade
lock: $(UV)/ready  ## compile the locks anew, with the newest releases (LOCK_FLAGS=: with those that they have)
	$(COMPILE) $(LOCK_FLAGS) --universal pyproject.toml --extra lab --extra dev --extra parquet -o requirements/newest.txt
	$(COMPILE) $(LOCK_FLAGS) --universal pyproject.toml --group editable -c requirements/newest.txt -o requirements/core.txt
	$(COMPILE) $(LOCK_FLAGS) pyproject.toml --extra mxnet --extra lab --extra dev -o requirements/mxnet.txt
	$(COMPILE) $(LOCK_FLAGS) pyproject.toml --extra mxnet --extra notebooks --group site -o requirements/site.txt
	$(COMPILE) $(LOCK_FLAGS) --resolution lowest-direct pyproject.toml --extra heic --group oldest -o requirements/oldest.txt
	$(COMPILE) $(LOCK_FLAGS) pyproject.toml --extra ray --group cluster -o requirements/ray.txt
	$(COMPILE) $(LOCK_FLAGS) pyproject.toml --group parity -o requirements/parity.txt
	$(COMPILE) $(LOCK_FLAGS) pyproject.toml --extra train --group training -o requirements/train.txt
	$(COMPILE) $(LOCK_FLAGS) --universal --group dist -o requirements/dist.txt
	$(COMPILE) $(LOCK_FLAGS) --universal --group uv -o requirements/uv.txt

$(UV)/ready: requirements/uv.txt
	$(call environment,$(PYTHON),$(UV),requirements/uv.txt,some seconds)
	@touch $@

##@ Release it

# The wheel is built from the sdist, and installed as `pip install geonb` would do it, with the versions of the lock.
dist: FRESH := artefacts/fresh
dist: $(TOOLS)/ready  ## build sdist and wheel into dist/, and try the wheel in an empty environment
	@rm -rf dist $(FRESH)
	@$(TOOLS)/bin/python -m build --no-isolation
	@$(TOOLS)/bin/twine check --strict dist/*
	@$(PYTHON) -m venv $(FRESH)/env
	@mkdir $(FRESH)/elsewhere
	@sed -n '/^[a-z]/s/ *\\$$//p' requirements/newest.txt > $(FRESH)/constraints.txt
	@$(FRESH)/env/bin/python $(PIP) install --quiet --constraint $(FRESH)/constraints.txt dist/geonb-*.whl
	@cd $(FRESH)/elsewhere && unset PYTHONPATH && export GEONB_CACHE=$$PWD/cache && \
	  ../env/bin/geonb demo && test -s where.png && test -s where.html && ../env/bin/geonb train --help > /dev/null
	@echo "==> dist/ holds a release:" dist/*

$(TOOLS)/ready: requirements/dist.txt
	$(call environment,$(PYTHON),$(TOOLS),requirements/dist.txt,some seconds)
	@touch $@

clean:  ## remove the environments and what the tools left behind
	rm -rf $(VENV) $(VENV_313) $(MXNET) $(RAY) $(PARITY) $(TRAIN) $(SITE) $(TOOLS) $(UV) $(OLDEST) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
