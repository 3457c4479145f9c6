"""What a scene's events owe to the cache of films: what people said of an answer, and what is not to be shown again.

The invariant: an entry of the outbox for each such event, under an id that follows from the event, so that the cache is
told exactly what was committed, at least once, and telling it twice changes nothing (`storage.cache.semantic`).

`take.judged` {"take", "job", "right": bool, "cache": of the job, see `actors.scene.cached`}: somebody said of a film
that was shown for another, or was passed over, whether it is what was asked for. Asking again on the words that were
answered with another's film says that it was not. A video that was dropped is shown to nobody any more, and
films of people who look otherwise from now on answer nothing: they are let go of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actors.outbox.protocol import Entry
from actors.runtime.actor import Draft
from actors.runtime.ids import derive_id
from actors.runtime.kinds import Find
from actors.scene.cached import HIT

FILM_CACHE = "film_cache"
TARGET = "films"
JUDGED = "take.judged"


def entries(home: str, events: Iterable[Draft], first_seq: int, now_ms: int, find: Find) -> list[Entry]:
    found: list[Entry] = []
    for seq, draft in enumerate(events, first_seq):
        body = _owed(draft, find)
        if body is not None:
            id = derive_id("msg", home, str(seq), TARGET)
            found.append(Entry(id, home, FILM_CACHE, TARGET, draft.type, seq, now_ms, body))
    return found


def _owed(draft: Draft, find: Find) -> dict[str, Any] | None:
    match draft.type:
        case "job.dropped":
            return {"do": "forget", "job": draft.data["job"]}
        case "cast.portrait_set" | "cast.removed":
            return {"do": "forget", "person": draft.data["id"]}
        case "take.judged":
            return _word(draft.data.get("cache"), bool(draft.data["right"]))
        case "job.created":
            return _word(_asked_again(draft, find), False)
    return None


def _word(cache: Mapping[str, Any] | None, right: bool) -> dict[str, Any] | None:
    """None: nothing was compared, so there is nothing to learn."""
    if not cache or not cache.get("entry") or cache.get("similarity") is None:
        return None
    told = {name: cache[name] for name in ("space", "entry", "ask", "similarity")}
    return {"do": "tell", **told, "right": right}


def _asked_again(draft: Draft, find: Find) -> Mapping[str, Any] | None:
    """How the cache answered the newest job of these very words, if it was with another's film that nobody spoke of:
    whoever kept it and wants one more has not taken that back, and who wants to choose frames has not refused it."""
    if draft.data["request"].get("instead_of"):
        return None  # frames to choose from were asked for: that says nothing of the film
    jobs = getattr(find(draft.scene or ""), "jobs", {})
    words = draft.data["request"]["script_sha256"]
    last = next((job for job in reversed(list(jobs.values())) if job.script_sha256 == words and job.take), None)
    return last.cached if last is not None and last.cache == HIT and last.judged is None else None
