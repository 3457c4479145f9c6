# make run: set up and serve. make test: set up and test (<10 min). make proof: the long ones. make bench: RESULTS.md
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
.PHONY: run test proof bench lint setup editor clean

$(VENV)/.installed: pyproject.toml
	$(PY) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -q -e '.[dev]'
	touch $@
setup: $(VENV)/.installed
