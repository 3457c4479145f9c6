"""The dependency rule of the house, held by walking every import (docs/architecture.md, "Who may import whom")."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
OURS = ("actors", "collab", "gpu", "storage", "serve_app")

ALLOWED = {
    "collab": ("collab",),
    "gpu": ("gpu",),
    "storage": ("storage",),
    "actors": ("actors", "collab", "gpu", "storage"),
    "serve_app": OURS,
}

# What actors may see of gpu and storage: words, not work.
LIGHT = (
    "gpu.steps",
    "gpu.board",
    "gpu.enhance.protocol",
    "gpu.enhance.brains",
    "gpu.enhance.formats",
    "gpu.enhance.section",
    "gpu.enhance.writer",
    "gpu.video.protocol",
    "gpu.video.capabilities",
    "gpu.video.router",
    "storage.codec",
    "storage.graphs.calls",
    "storage.graphs.rows",
    "storage.graphs.view",
    "storage.ledger.errors",
    "storage.ledger.protocol",
    "storage.ledger.places",
    "storage.ledger.purging",
    "storage.ledger.queue_board",
    "storage.ledger.archive",
    "storage.ledger.seal",
)

# A vendor's client is imported only where the module's own name says so. "torch" also in vllm*.py.
VENDORS = {
    "redis": ("redis",),
    "psycopg": ("postgres", "psycopg", "pgvector"),
    "boto3": ("s3", "boto3"),
    "pinecone": ("pinecone",),
    "vllm": ("vllm",),
    "xllamacpp": ("llm_local",),
    "diffusers": ("diffusers",),
    "torch": ("diffusers", "vllm"),
    "sqlite3": ("sqlite",),
    "usearch": ("usearch",),
    "tokenizers": ("minilm",),
    "safetensors": ("minilm",),
    "threadpoolctl": ("minilm",),
}

HEAVY = ("numpy", "cv2", "av", "PIL", "ray", "starlette", "uvicorn", "websockets", "httpx", "strawberry")


def _modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield dotted, path


@cache  # every rule asks for every module
def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path}: relative imports hide the rule"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_packages_import_only_what_the_rule_allows() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in _modules()
        for name in _imports(path)
        if name.split(".")[0] in OURS and name.split(".")[0] not in ALLOWED[module.split(".")[0]]
    ]
    assert wrong == []


def test_actors_see_only_the_light_modules_of_gpu_and_storage() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in _modules()
        if module.startswith("actors")
        for name in _imports(path)
        if name.startswith(("gpu.", "storage."))
        and not name.startswith(LIGHT)
        and not any(light.startswith(name + ".") for light in LIGHT)
    ]
    assert wrong == []


def test_actors_and_collab_do_no_io_and_see_no_vendor() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in _modules()
        if module.split(".")[0] in ("actors", "collab")
        for name in _imports(path)
        if name.split(".")[0] in (*HEAVY, "socket", "subprocess", "http", "urllib")
    ]
    assert wrong == []


def test_only_serve_app_imports_ray_and_never_on_the_worker_s_path() -> None:
    with_ray = [m for m, path in _modules() if any(n == "ray" or n.startswith("ray.") for n in _imports(path))]
    assert all(m.startswith("serve_app.") for m in with_ray), with_ray
    assert not {"serve_app.worker", "serve_app.steps.embedded", "serve_app.peers.client"} & set(with_ray)


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_a_vendor_s_client_is_imported_only_in_modules_named_after_it(vendor: str) -> None:
    wrong = [
        module
        for module, path in _modules()
        if any(name == vendor or name.startswith(vendor + ".") for name in _imports(path))
        and not any(word in module.rpartition(".")[2] for word in VENDORS[vendor])
    ]
    assert wrong == []


def test_the_walk_sees_the_house() -> None:
    seen = {module.split(".")[0] for module, _ in _modules()}
    assert seen == set(OURS)
    assert any("storage.codec" in _imports(path) for _, path in _modules())
