"""An OpenAI-compatible `/v1/embeddings` on loopback that misbehaves on demand. Its rows are the lexical embedder's, not
of unit length and told in reverse, as the protocol allows.

`plan` holds one behaviour per request, the last one for ever: "ok", a status, or what goes wrong by name.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gpu.embed.lexical import LexicalEmbedder

DIMENSION = LexicalEmbedder.dimension


class EmbeddingsServer:
    def __init__(self, *plan: str) -> None:
        self.plan = list(plan) or ["ok"]
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""
        self.leave = threading.Event()

    def next(self) -> str:
        return self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]


def rows_of(texts: list[str]) -> list[dict[str, Any]]:
    rows = LexicalEmbedder().embed(texts) * 3.0
    told = [{"object": "embedding", "index": n, "embedding": row.tolist()} for n, row in enumerate(rows)]
    return told[::-1]


def answer_of(does: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    data = rows_of(body["input"])
    headers = {"content-type": "application/json"}
    if does.isdigit():
        return int(does), {**headers, "retry-after": "7", "location": "http://127.0.0.1:9/"}, b'{"error": {}}'
    if does == "junk":
        return 200, headers, b"{not json"
    if does == "endless":
        return 200, headers, b" " * (16_384 + 64 * DIMENSION * len(data))
    if does == "one-missing":
        data = data[1:]
    elif does == "short-rows":
        data = [{**each, "embedding": each["embedding"][:-1]} for each in data]
    elif does == "zeros":
        data = [{**each, "embedding": [0.0] * DIMENSION} for each in data]
    elif does == "not-numbers":
        data = [{**each, "embedding": [float("nan")] * DIMENSION} for each in data]
    elif does == "words":
        data = [{**each, "embedding": "AAAA"} for each in data]
    return 200, headers, json.dumps({"object": "list", "data": data, "model": body["model"]}).encode()


def _handler(server: EmbeddingsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.bodies.append(body)
            server.keys.append(self.headers.get("authorization", ""))
            does = server.next()
            if does == "silent":
                server.leave.wait(10)
                self.close_connection = True
                return
            if does == "cut":
                self.close_connection = True
                return
            status, headers, said = answer_of(does, body)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # who reads no further
                self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None: ...

    return Handler


@contextlib.contextmanager
def running(*plan: str) -> Iterator[EmbeddingsServer]:
    found = EmbeddingsServer(*plan)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(found)) as http:
        http.daemon_threads = True
        found.url = f"http://127.0.0.1:{http.server_port}/v1"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            found.leave.set()
            http.shutdown()
            thread.join()
