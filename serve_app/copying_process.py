"""The helper that copies a project: `python -m serve_app.copying_process`, a request as JSON in, an answer as JSON out.

Owns the wire between a host and its helper, both ends. The invariant: the work of seconds (folding every document of a
project) never runs beside a host's sockets, and no address with a password is on a command line. A helper that dies
leaves a home without a project, which the next try wipes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from actors.commands import CommandError
from serve_app import copies
from serve_app.lifecycle.refusal import Refusal
from storage.ledger.errors import Unavailable

HELPER_S_MAX = 25.0
"""Longest copy on request; the caller waits 30 s. Over: refused, retryably, and to be made on the command line."""

NICENESS = 10


async def ask_helper(data_dir: Path, database_url: str, asked: copies.Asked) -> copies.Done:
    """Raises `CommandError` and `Unavailable` as `copies.copy_living` does, and BUSY when it takes too long."""
    request = {
        "data_dir": str(data_dir),
        "database_url": database_url,
        "project": asked.project,
        "by": asked.by,
        "key": asked.key,
        "at": asked.at,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(HELPER_S_MAX):
            said, _ = await process.communicate(json.dumps(request).encode())
    except TimeoutError:
        raise CommandError("BUSY", "the project is too large to be copied while somebody waits", (), True) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    answer: dict[str, Any] = json.loads(said or b"{}")
    if "done" in answer:
        return copies.Done(**answer["done"])
    if answer.get("code") == Unavailable.code:
        raise Unavailable(str(answer["message"]))
    code, message = str(answer.get("code", "BUSY")), str(answer.get("message", "the helper ended without an answer"))
    raise CommandError(code, message, tuple(answer.get("path", ())), code == "BUSY")


def main() -> None:
    os.nice(NICENESS)
    request = json.load(sys.stdin)
    asked = copies.Asked(request["project"], request["by"], request["key"], request["at"])
    now_ms = time.time_ns() // 1_000_000
    try:
        done = copies.copy_living(Path(request["data_dir"]), asked, now_ms, request["database_url"])
    except CommandError as error:
        answer: dict[str, Any] = {"code": error.code, "message": error.message, "path": list(error.path)}
    except (Unavailable, Refusal, OSError) as error:
        answer = {"code": Unavailable.code, "message": str(error)}
    else:
        answer = {
            "done": {
                "project": done.project,
                "sequence": done.sequence,
                "title": done.title,
                "replayed": done.replayed,
            }
        }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
