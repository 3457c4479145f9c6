"""A Pinecone for tests: our own exact index under Pinecone's REST paths, on loopback, with faults to order.

Owns one index and what was asked of it. Paths and bodies are those of Pinecone's API reference (data plane:
/vectors/upsert, /query, /vectors/fetch, /vectors/delete, /describe_index_stats; control plane: /indexes/{name}), as the
real client of version 10 sends and reads them. Filters are evaluated here, apart from our own columns.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from storage.vectors.exact import ExactIndex
from storage.vectors.protocol import Vector

KEY = "pcsk_tests_0123456789"
UPSERT_VECTORS_MAX, UPSERT_BYTES_MAX = 1_000, 2_000_000


@dataclass
class Fault:
    """The next request to `path` (a part of it) is answered with this instead; `after`: so many are let through first.
    `hang`: nothing is answered until the client has gone. `late`: the request is carried out, then the fault told."""

    path: str
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    late: bool = False
    after: int = 0


class Refusal(Exception):
    def __init__(self, status: int, message: str, code: int = 3) -> None:
        super().__init__(status, message, code)
        self.status, self.body = status, {"code": code, "message": message, "details": []}


class PineconeServer:
    """Writes become visible at once, or, after `hold()`, by `release()`."""

    def __init__(self, width: int, *, metric: str = "cosine", name: str = "storyforge") -> None:
        self.width, self.metric, self.name = width, metric, name
        self.faults: deque[Fault] = deque()
        self.asked: list[tuple[str, int, dict[str, Any]]] = []
        """(path, bytes, body) of each request that was carried out or refused."""
        self._spaces: dict[str, ExactIndex] = {}
        self._held: deque[Callable[[], None]] | None = None
        self._lock = threading.RLock()
        self._leaving = threading.Event()
        owner = self

        class Handler(_Handler):
            server_of = owner

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self._leaving.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def hold(self) -> None:
        """Acknowledge writes without showing them: an eventually consistent index in its worst moment."""
        self._held = deque()

    def release(self) -> None:
        with self._lock:
            held, self._held = self._held or deque(), None
            for write in held:
                write()

    def paths(self, part: str) -> list[dict[str, Any]]:
        return [body for path, _, body in self.asked if part in path]

    # what a request does
    def answer(self, path: str, query: dict[str, list[str]], body: dict[str, Any], key: str, size: int) -> Any:
        with self._lock:
            self.asked.append((path, size, body))
            if key != KEY:
                raise Refusal(401, "Invalid API Key", 16)
            if path == f"/indexes/{self.name}":
                return self._described()
            if path.startswith("/indexes/"):
                raise Refusal(404, f"Resource {path.rpartition('/')[2]} not found", 5)
            routes: dict[str, Callable[[], Any]] = {
                "/vectors/upsert": lambda: self._upsert(body, size),
                "/query": lambda: self._query(body),
                "/vectors/fetch": lambda: self._fetch(query),
                "/vectors/delete": lambda: self._delete(body),
                "/describe_index_stats": self._stats,
            }
            if path not in routes:
                raise Refusal(404, "no such path", 5)
            return routes[path]()

    def _described(self) -> dict[str, Any]:
        values = {"type": "dense_vector", "dimension": self.width, "metric": self.metric}
        return {
            "name": self.name,
            "host": self.url,
            "status": {"ready": True, "state": "Ready"},
            "schema": {"fields": {"values": values}},
            "deployment": {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"},
            "deletion_protection": "disabled",
        }

    def _write(self, write: Callable[[], None]) -> None:
        if self._held is None:
            write()
        else:
            self._held.append(write)

    def _upsert(self, body: dict[str, Any], size: int) -> dict[str, Any]:
        items = body["vectors"]
        if len(items) > UPSERT_VECTORS_MAX or size > UPSERT_BYTES_MAX:
            raise Refusal(400, "message too large")
        for item in items:
            if len(item["values"]) != self.width:
                raise Refusal(
                    400,
                    f"Vector dimension {len(item['values'])} does not match the dimension of the index {self.width}",
                )
            if not any(item["values"]):
                raise Refusal(400, "Dense vectors must contain at least one non-zero value")
        space = body.get("namespace", "")
        vectors = [Vector(i["id"], np.array(i["values"], np.float32), i.get("metadata") or {}) for i in items]
        self._write(lambda: self._spaces.setdefault(space, ExactIndex(self.width)).put(vectors))
        return {"upsertedCount": len(items)}

    def _query(self, body: dict[str, Any]) -> dict[str, Any]:
        space = self._spaces.get(body.get("namespace", ""))
        asked = np.array(body["vector"], np.float32)
        if len(asked) != self.width:
            raise Refusal(400, f"Vector dimension {len(asked)} does not match the dimension of the index {self.width}")
        found: list[dict[str, Any]] = []
        if space is not None:
            for match in space.search(asked, top_k=max(1, len(space)), where={}, alive_at_s=None, at_least=-1.0):
                if fits(match.metadata, body.get("filter") or {}):
                    more = {"metadata": _as_json(match.metadata)} if body.get("includeMetadata") else {}
                    found.append({"id": match.id, "score": match.score, "values": [], **more})
        return {"matches": found[: body["topK"]], "namespace": body.get("namespace", ""), "usage": {"readUnits": 5}}

    def _fetch(self, query: dict[str, list[str]]) -> dict[str, Any]:
        name = query.get("namespace", [""])[0]
        space = self._spaces.get(name)
        found = {} if space is None else space.get(query["ids"])
        vectors = {
            id: {"id": id, "values": v.values.tolist(), "metadata": _as_json(v.metadata)} for id, v in found.items()
        }
        return {"vectors": vectors, "namespace": name, "usage": {"readUnits": 1}}

    def _delete(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body.get("namespace", "")
        space = self._spaces.get(name)
        if space is None and self._held is None:
            raise Refusal(404, "Namespace not found", 5)
        if body.get("deleteAll"):
            self._write(lambda: self._spaces.pop(name, None) and None)
        else:
            self._write(lambda: self._spaces[name].remove(body["ids"]) and None if name in self._spaces else None)
        return {}

    def _stats(self) -> dict[str, Any]:
        counts = {name: {"vectorCount": len(space)} for name, space in self._spaces.items() if len(space)}
        return {
            "namespaces": counts,
            "dimension": self.width,
            "indexFullness": 0,
            "totalVectorCount": sum(one["vectorCount"] for one in counts.values()),
            "metric": self.metric,
            "vectorType": "dense",
        }


def fits(metadata: Any, wanted: dict[str, Any]) -> bool:
    """Pinecone's filter language, as far as it is documented for text, numbers and truth values."""
    for name, condition in wanted.items():
        if name == "$and":
            if not all(fits(metadata, part) for part in condition):
                return False
        elif name == "$or":
            if not any(fits(metadata, part) for part in condition):
                return False
        elif not _compares(metadata.get(name), condition):
            return False
    return True


def _compares(value: Any, condition: Any) -> bool:
    if not isinstance(condition, dict):
        condition = {"$eq": condition}
    for operator, wanted in condition.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if operator == "$eq":
            met = _same(value, wanted)
        elif operator == "$in":
            if any(isinstance(one, bool) for one in wanted):
                raise Refusal(400, "$in takes strings and numbers")
            met = any(_same(value, one) for one in wanted)
        elif operator in ("$gt", "$lte"):
            met = number and (value > wanted if operator == "$gt" else value <= wanted)
        else:
            raise Refusal(400, f"{operator} is not a valid operator")
        if not met:
            return False
    return True


def _same(value: Any, wanted: Any) -> bool:
    return value is not None and isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _as_json(metadata: Any) -> dict[str, Any]:
    """Numbers are doubles there."""
    return {
        name: float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in metadata.items()
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: PineconeServer

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def _do(self) -> None:
        parts = urlsplit(self.path)
        size = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        fault = self._fault(parts.path)
        try:
            if fault is not None and fault.hang:
                self._hang()
                return
            if fault is not None and not fault.late:
                self._say(fault.status, {"error": {"message": "ordered by a test"}}, fault.headers)
                return
            key = self.headers.get("api-key", "")
            answer = self.server_of.answer(parts.path, parse_qs(parts.query), body, key, size)
            if fault is not None:
                self._say(fault.status, {"error": {"message": "ordered by a test"}}, fault.headers)
            else:
                self._say(200, answer)
        except Refusal as refusal:
            self._say(refusal.status, refusal.body)

    def _fault(self, path: str) -> Fault | None:
        with self.server_of._lock:
            for fault in self.server_of.faults:
                if fault.path in path:
                    if fault.after:
                        fault.after -= 1
                        return None
                    self.server_of.faults.remove(fault)
                    return fault
        return None

    def _hang(self) -> None:
        """Until the client hangs up, or the server ends."""
        self.close_connection = True
        self.connection.settimeout(0.02)
        while not self.server_of._leaving.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    return

    def _say(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def running(width: int, **more: Any) -> Iterator[PineconeServer]:
    server = PineconeServer(width, **more)
    try:
        yield server
    finally:
        server.close()
