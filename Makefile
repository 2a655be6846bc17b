# `make` lists what there is to make. Each target makes its own environment in .venv first.
PYTHON ?= python3
BIN := .venv/bin
NOTEBOOKS ?= $(wildcard chapters/*.ipynb)
# The course's folder: the gradebook, what was handed in, and a teacher's own problem sets.
PS_DIR ?= exercises

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

book: .venv/installed website/node_modules website/wheels  ## build the website into _build/html, warnings as errors
	$(BIN)/jupyter-book build . -W --keep-going -q
	@echo "The book is at $(CURDIR)/_build/html/index.html"

test: .venv/installed .venv-student/installed website/node_modules website/wheels  ## run every check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/installed  ## lint what you changed and run its tests, in half a minute: make check FILES=...
	@$(BIN)/python tools/check.py $(FILES)

serve: book  ## read the website at http://localhost:8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

pdf: book  ## print the whole book into dist/
	$(BIN)/python -m downloads.pdf

epub: book  ## bind the whole book for e-readers, into dist/
	$(BIN)/python -m downloads.epub

zip: book  ## pack the website into dist/, to be read from any server without a network
	$(BIN)/python -m downloads.site

anki: book  ## write the quiz questions and recaps as a deck for Anki, into dist/
	$(BIN)/python -m downloads.anki

site: pdf epub zip anki  ## put into _build/site what is published: website, PDF, EPUB, zip, Anki's deck
	rm -rf _build/site
	cp -R _build/html _build/site
	cp dist/cross-entropy-and-softmax.* _build/site

lab: .venv/installed  ## open the chapters in JupyterLab
	$(BIN)/jupyter trust $(NOTEBOOKS) # else the stored figures do not show before a run
	$(BIN)/jupyter lab --notebook-dir=chapters $(if $(filter 0,$(shell id -u)),--allow-root)

release: .venv/installed  ## make the notebook to hand out: make release PS=ps-softmax VARIANT=7
	@$(BIN)/python -m grading.release $(or $(PS),$(error say which set: PS=ps-softmax)) \
	  --root "$(PS_DIR)" $(if $(VARIANT),--variant $(VARIANT))

grade: .venv/installed .venv-student/installed  ## grade what was handed in: make grade PS=ps-softmax
	@$(BIN)/python -m grading grade $(or $(PS),$(error say which set: PS=ps-softmax)) \
	  --root "$(PS_DIR)" $(if $(SCHEDULER),--scheduler $(SCHEDULER)) $(ARGS)

# Not JupyterLab: it may run a student's code when a notebook is opened.
mark: .venv/installed  ## open the form grader, to mark free texts: make mark PS_DIR=~/course
	$(BIN)/python -m grading.marking --root "$(PS_DIR)" $(ARGS)

feedback: .venv/installed  ## make the pages that go back to the students: make feedback PS=ps-softmax
	@$(BIN)/python -m grading feedback $(or $(PS),$(error say which set: PS=ps-softmax)) --root "$(PS_DIR)"

grades: .venv/installed  ## export the table of grades
	@$(BIN)/python -m grading grades --root "$(PS_DIR)"

notebooks: .venv/installed  ## execute the chapters in place and normalise them
	$(BIN)/python tools/notebooks.py $(NOTEBOOKS)

format: .venv/installed  ## format code and notebooks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

light: .venv/installed  ## run every chapter with nothing but the light install
	rm -rf _build/light
	$(PYTHON) -m venv _build/light/.venv
	_build/light/.venv/bin/pip install --quiet -r binder/requirements.txt
	cp -R chapters _build/light
	_build/light/.venv/bin/python tools/notebooks.py _build/light/chapters/*.ipynb
	$(BIN)/python tools/light.py _build/light/chapters

OF_CE_LIB = every_array bad_input calibration datasets derivatives imbalance information language linear logits loss
floors: .venv/installed  ## run ce_lib's tests and every chapter with the oldest versions that pyproject.toml allows
	rm -rf _build/floors
	$(PYTHON) -m venv _build/floors/.venv
	$(BIN)/uv pip install --quiet --python _build/floors/.venv/bin/python \
	  --resolution lowest-direct ".[notebooks]"
	$(BIN)/uv pip install --quiet --python _build/floors/.venv/bin/python -c requirements.txt \
	  pytest hypothesis mpmath mypy
	_build/floors/.venv/bin/python -m pytest -q -o addopts= $(OF_CE_LIB:%=tests/test_%.py)
	cp -R chapters _build/floors
	_build/floors/.venv/bin/python tools/notebooks.py _build/floors/chapters/*.ipynb
	$(BIN)/python tools/light.py _build/floors/chapters

links: .venv/installed website/node_modules website/wheels  ## try every link to another site
	$(BIN)/jupyter-book build . --path-output _build/links --builder linkcheck -q

wheel: .venv/installed  ## build the wheel of ce_lib into dist/
	rm -f dist/*.whl
	$(BIN)/uv build --quiet --wheel --out-dir dist

release-check: test site wheel light  ## build and check everything that a release holds
	$(BIN)/python tools/release.py

lock: .venv/installed  ## renew every pinned version: the book's, the light install's, the peers', npm's
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --upgrade --extra dev \
	  --no-annotate --no-header --no-emit-package ce-lib pyproject.toml -o requirements.txt
	printf 'numpy\nmatplotlib\nipykernel\ntqdm\n' | $(BIN)/uv pip compile --quiet --universal \
	  --no-annotate --no-header --constraint requirements.txt - -o exercises/requirements.txt
	$(BIN)/python tools/light.py
	@mkdir -p _build
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-annotate --no-header \
	  tests/peers/requirements.in -o _build/peers.txt
	grep -vE '^(cuda|nvidia|triton)' _build/peers.txt > tests/peers/requirements.txt # the CPU is enough
	cd website && PATH="$(CURDIR)/$(BIN):$$PATH" npm update --save --omit-lockfile-registry-resolved

colab: .venv/installed  ## write the chapters with an install cell, for Colab, into _build/colab
	rm -rf _build/colab
	$(BIN)/python tools/colab.py
ifdef PUSH
	cd _build/colab && git init --quiet --initial-branch=colab && git add . && \
	  git -c user.name=book -c user.email=book@localhost commit --quiet --message "The chapters for Colab" && \
	  git push --force "$${TO:?say where: TO=address of a repository}" colab
endif

peers: .venv-peers/installed  ## compare ce_lib with PyTorch, JAX, Keras, SciPy and scikit-learn
	.venv-peers/bin/python -m pytest -o addopts= tests/test_peers.py

bench: .venv-peers/installed .venv-student/installed book  ## measure library, website and grading; write pages/benchmarks.md
	$(BIN)/python -m benchmarks.site > _build/site.md
	$(BIN)/python -m benchmarks.grading > _build/grading.md
	OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 OMP_NUM_THREADS=1 \
	  XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
	  .venv-peers/bin/python -m benchmarks

clean:  ## remove what was made, the environments included
	rm -rf _build dist website/node_modules website/wheels .venv .venv-peers .venv-student
	rm -rf .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# nbgrader reads its settings there in whatever folder it is called, so that it has the jail.
.venv/installed: requirements.txt pyproject.toml exercises/nbgrader_config.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which: make PYTHON=/path/to/python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "This Python has no venv module (on Debian and Ubuntu: apt install python3-venv)"; exit 1; }
	$(BIN)/pip install --quiet -r requirements.txt
	$(BIN)/pip install --quiet --no-deps -e .
	@mkdir -p .venv/etc/jupyter
	@ln -sf ../../../exercises/nbgrader_config.py .venv/etc/jupyter/nbgrader_config.py
	@touch $@

# What submissions run in: Matplotlib's list of fonts is made here, since a jail keeps nothing.
.venv-student/installed: exercises/requirements.txt
	@$(PYTHON) -m venv .venv-student
	.venv-student/bin/pip install --quiet -r exercises/requirements.txt
	MPLCONFIGDIR="$(CURDIR)/.venv-student/matplotlib" \
	  .venv-student/bin/python -c "import matplotlib.pyplot"
	@touch $@

website/node_modules: website/package-lock.json .venv/installed
	cd website && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

website/wheels: requirements.txt website/ce_site/lite/jupyterlab.txt .venv/installed
	@rm -rf $@
	$(BIN)/pip download --quiet --no-deps --only-binary :all: --dest $@ -r website/ce_site/lite/jupyterlab.txt
	$(BIN)/pip download --quiet --no-deps --only-binary :all: --dest $@ -c requirements.txt \
	  --platform any --abi none --python-version 3.12 \
	  anywidget comm ipywidgets latex2mathml psygnal typing-extensions
	@touch $@

.venv-peers/installed: tests/peers/requirements.txt
	@$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet -r tests/peers/requirements.txt
	.venv-peers/bin/pip install --quiet --no-deps -e .
	@touch $@

.PHONY: help book test check serve pdf epub zip anki site lab release grade mark feedback grades \
  notebooks colab format light floors links wheel release-check lock peers bench clean
