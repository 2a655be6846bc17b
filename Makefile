# `make` lists what there is to make. Each target makes its own environment in .venv first.
PYTHON ?= python3
BIN := .venv/bin
NOTEBOOKS ?= $(wildcard chapters/*.ipynb)
# The course's folder: the gradebook, what was handed in, and a teacher's own problem sets.
PS_DIR ?= exercises

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

book: .venv/installed website/node_modules  ## build the website into _build/html, warnings as errors
	$(BIN)/jupyter-book build . -W --keep-going -q
	@echo "The book is at $(CURDIR)/_build/html/index.html"

test: .venv/installed website/node_modules  ## run every check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

serve: book  ## read the website at http://localhost:8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lab: .venv/installed  ## open the chapters in JupyterLab
	$(BIN)/jupyter trust $(NOTEBOOKS) # else the stored figures do not show before a run
	$(BIN)/jupyter lab --notebook-dir=chapters

release: .venv/installed  ## make the notebook to hand out: make release PS=ps-softmax VARIANT=7
	$(BIN)/python -m grading.release $(or $(PS),$(error say which set: PS=ps-softmax)) \
	  --root $(PS_DIR) $(if $(VARIANT),--variant $(VARIANT))

notebooks: .venv/installed  ## execute the chapters in place and normalise them
	$(BIN)/python tools/notebooks.py $(NOTEBOOKS)

format: .venv/installed  ## format code and notebooks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/installed  ## make requirements.txt and binder/requirements.txt anew
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --upgrade --extra dev \
	  --no-annotate --no-header --no-emit-package ce-lib pyproject.toml -o requirements.txt
	$(BIN)/python tools/light.py

peers: .venv-peers/installed  ## compare ce_lib with PyTorch, JAX, SciPy and scikit-learn
	.venv-peers/bin/python -m pytest -o addopts= tests/test_peers.py

bench: .venv-peers/installed book  ## measure library and website beside others; write pages/benchmarks.md
	$(BIN)/python -m benchmarks.site > _build/site.md
	OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 OMP_NUM_THREADS=1 \
	  XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
	  .venv-peers/bin/python -m benchmarks

clean:  ## remove what was made, the environments included
	rm -rf _build website/node_modules .venv .venv-peers .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which: make PYTHON=/path/to/python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "This Python has no venv module (on Debian and Ubuntu: apt install python3-venv)"; exit 1; }
	$(BIN)/pip install --quiet -r requirements.txt
	$(BIN)/pip install --quiet --no-deps -e .
	@touch $@

website/node_modules: website/package-lock.json .venv/installed
	cd website && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

.venv-peers/installed: tests/peers/requirements.txt
	@$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet -r tests/peers/requirements.txt
	.venv-peers/bin/pip install --quiet --no-deps -e .
	@touch $@

.PHONY: help book test serve lab release notebooks format lock peers bench clean
