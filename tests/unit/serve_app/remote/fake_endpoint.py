"""A RunPod-style endpoint on loopback: takes runs, renders them, forgets nothing, and misbehaves on request."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

STATES = ("IN_QUEUE", "IN_PROGRESS")


class FakeEndpoint:
    """`trouble`: what the next requests of a path get, each once: a status, or "lost" (done, and no answer)."""

    def __init__(self, objects: Path, film: bytes) -> None:
        self.objects, self.film = objects, film
        self.runs: dict[str, dict[str, Any]] = {}
        self.rendered: Counter[str] = Counter()
        self.cancelled: list[str] = []
        self.trouble: dict[str, list[int | str]] = {}
        self.looks = 2  # how often a run is looked at before it is done
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer._serve(self)

            do_GET = do_POST

            def log_message(self, *_args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        what = request.path.strip("/").split("/")
        with self._lock:
            trouble = self.trouble.get(what[0], [])
            bad = trouble.pop(0) if trouble else None
            if isinstance(bad, int):
                status, answer = bad, {"error": "no"}
            else:
                status, answer = self._answer(what, body)
        if bad == "lost":
            request.close_connection = True
            return
        said = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("content-length", str(len(said)))
        request.end_headers()
        request.wfile.write(said)

    def _answer(self, what: list[str], body: bytes) -> tuple[int, dict[str, Any]]:
        if what[0] == "run":
            job = json.loads(body)["input"]
            run = f"run-{len(self.runs) + 1}"
            self.runs[run] = {"job": job, "looks": 0}
            self.rendered[job["job_id"]] += 1
            self.store(job["output"]["path"])
            return 200, {"id": run, "status": "IN_QUEUE"}
        if what[0] == "cancel":
            self.cancelled.append(what[1])
            return 200, {"id": what[1], "status": "CANCELLED"}
        found = self.runs.get(what[1])
        if found is None:
            return 404, {"error": "no such run"}
        found["looks"] += 1
        if found["looks"] <= self.looks:
            return 200, {"id": what[1], "status": STATES[min(found["looks"], len(STATES)) - 1]}
        return 200, {"id": what[1], "status": "COMPLETED", "output": self.output(found["job"])}

    def store(self, key: str) -> None:
        """Where its films go."""
        path = self.objects / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.film)

    def output(self, job: dict[str, Any]) -> dict[str, Any]:
        return {"job_id": job["job_id"], "status": "success", "artifacts": {}, "runtime": {"backend": job["backend"]}}
