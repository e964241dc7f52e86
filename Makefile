# lab · run · test · notebooks · bench · clean: each makes the environment first if it is missing.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
UV := $(shell command -v uv 2>/dev/null)
RUN ?= run-$(shell date +%Y%m%d-%H%M%S)

# Where this is set, every kernel would compile some 2,900 modules again at each start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help lab run test test-spawn test-pythons quick notebooks bench clean
help:
	@echo "make lab        JupyterLab on chapter 00"
	@echo "make test       every test, every notebook"
	@echo "make quick      after an edit, under a minute: style, contract, what belongs to the changed files"
	@echo "make test-spawn every notebook with processes started as on macOS and Windows"
	@echo "make test-pythons the unit tests under each Python that is supported: make test-pythons PYTHONS=3.13"
	@echo "make run        chapter 10 without a browser: make run ARGS=\"-p data_dir ~/pictures -p epochs 3\""
	@echo "make notebooks  build the chapters from their sources: make notebooks CHAPTERS=\"05 10\""
	@echo "make bench      the races and the lab's latency, as ratios in one run"
	@echo "make clean      remove the environment and everything that was built"

lab: $(VENV)/.base
	@$(PY) tools/start_lab.py

run: $(VENV)/.base
	@$(PY) tools/run_chapter.py --name "$(RUN)" -- $(ARGS)

test: $(VENV)/.test
	$(PY) -m pytest --nbval -n auto --dist loadfile $(ARGS)

quick: $(VENV)/.test
	$(PY) tools/quick.py $(CHAPTERS) -- $(ARGS)

test-spawn: $(VENV)/.test
	$(PY) -m pytest --nbval --start-method spawn -n auto --dist loadfile notebooks $(ARGS)

PYTHONS ?= 3.11 3.12 3.13
test-pythons:
	for each in $(PYTHONS); do \
		$(MAKE) test VENV=.venv-$$each PYTHON=python$$each ARGS="tests/unit $(ARGS)" || exit 1; \
	done

notebooks: $(VENV)/.test
	$(PY) tools/build_notebooks.py $(CHAPTERS)

bench: $(VENV)/.test
	$(PY) -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) .venv-* build dist runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(PY):
	@$(PYTHON) tools/check_python.py
ifdef UV
	uv venv --quiet --seed --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
else
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "This Python cannot make environments: install its venv package (Debian: apt-get install python3-venv)."; exit 1; }
endif

# One recipe, two sets of extras: the stamp's name says which.
$(VENV)/.base: EXTRAS :=
$(VENV)/.test: EXTRAS := [test,bench]
$(VENV)/.base $(VENV)/.test: pyproject.toml constraints.txt $(wildcard dpwidgets/labextension/* dpwidgets/labextension/static/*) | $(PY)
ifdef UV
	uv pip install --quiet --compile-bytecode --python $(PY) --constraint constraints.txt --editable ".$(EXTRAS)"
else
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".$(EXTRAS)"
endif
	@touch $@
