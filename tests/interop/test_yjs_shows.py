"""What a room reads of a log is what stock Yjs shows of it, whatever is missing of it and in whatever order it came.

Stories are drawn from seeds: people write beside each other, then some of their updates are lost, others come in
another order, twice, or several as one.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab.coverage import Coverage
from collab.document import Document
from collab.history import Author, History, Row
from collab.limits import Limits
from collab.ports import Loaded
from collab.updates import Range, read_header
from tests.interop.test_y_websocket import NODE_S_MAX, node
from tests.simulation.documents import Copy

pytestmark = pytest.mark.interop
__all__ = ["node"]
HERE = Path(__file__).parent
STORIES = 250
LIMITS = Limits()
Shown = list[Any]


def shows(doc: pycrdt.Doc[Any]) -> Shown:
    return [str(doc.get("script", type=pycrdt.Text)), doc.get("params", type=pycrdt.Map).to_py() or {}]


def says(update: bytes) -> tuple[list[Range], list[Range]]:
    coverage = Coverage()
    coverage.add(read_header(update, LIMITS))
    return sorted(coverage.structs.ranges()), sorted(coverage.deletes.ranges())


def written(rnd: random.Random) -> list[bytes]:
    """What people wrote beside each other, each edit an update, in the order in which they wrote it."""
    updates: list[bytes] = []
    docs: list[pycrdt.Doc[Any]] = [pycrdt.Doc(client_id=rnd.randrange(1, 1 << 31)) for _ in range(rnd.randint(1, 4))]
    for _ in range(rnd.randint(3, 25)):
        doc = rnd.choice(docs)
        script, params = doc.get("script", type=pycrdt.Text), doc.get("params", type=pycrdt.Map)
        writing = doc.observe(lambda event: updates.append(event.update))
        length, what = len(str(script)), rnd.random()
        if length and what < 0.25:
            at = rnd.randrange(length)
            del script[at : at + 1]
        elif what < 0.4:
            params[rnd.choice("xy")] = rnd.randrange(9)
        else:
            script.insert(rnd.randint(0, length), rnd.choice(["a", "bc", "def"]))
        doc.unobserve(writing)
        for other in docs:
            if other is not doc and rnd.random() < 0.6:
                other.apply_update(doc.get_update(other.get_state()))
    return updates


def arrived(rnd: random.Random, updates: list[bytes]) -> list[bytes]:
    """Some are lost; some come late, twice, or merged with the next."""
    kept = [each for each in updates if rnd.random() < rnd.choice((0.7, 0.9, 1.0))]
    if rnd.random() < 0.5:
        rnd.shuffle(kept)
    if rnd.random() < 0.3:
        kept += [each for each in kept if rnd.random() < 0.2]
    found: list[bytes] = []
    while kept:
        some, kept = kept[: (many := rnd.choice((1, 1, 1, 2, 3)))], kept[many:]
        found.append(some[0] if len(some) == 1 else pycrdt.merge_updates(*some))
    return found


def test_a_room_reads_what_yjs_shows(node: str) -> None:
    """A-111: the room's document, kept up or built anew, the history, and the clients of simulated worlds."""
    stories = [arrived(rnd, written(rnd)) for rnd in map(random.Random, range(STORIES))]
    lines = "".join(json.dumps([each.hex() for each in story]) + "\n" for story in stories)
    asked = [node, "yjs_shows.mjs"]
    told = subprocess.run(asked, input=lines, cwd=HERE, capture_output=True, text=True, check=True, timeout=NODE_S_MAX)
    naive = 0
    for seed, (story, line) in enumerate(zip(stories, told.stdout.splitlines(), strict=True)):
        rnd = random.Random(seed)
        expected = [(*shown, says(bytes.fromhex(answer))) for *shown, answer in json.loads(line)]
        before = rnd.randrange(len(story) + 1) if rnd.random() < 0.5 else 0
        document = Document(Loaded(None, 0, story[:before], before), LIMITS)
        copy, history = Copy(1, lambda _update: None), History("script")
        plain: pycrdt.Doc[Any] = pycrdt.Doc()
        for at, (update, (*truth, answer)) in enumerate(zip(story, expected, strict=True), 1):
            if at > before:
                document.commit([update], [read_header(update, LIMITS)], at)
                if rnd.random() < 0.7:
                    assert shows(document.hydrate()) == truth, f"story {seed}, update {at}"
            copy.take(update)
            plain.apply_update(update)
            history.extend([Row(at, at, [(Author("ana"), update)])])
            assert [*copy.content()] == truth, f"story {seed}, update {at}: a simulated client"
            assert says(copy.lacking(copy.clocks())) == answer, f"story {seed}, update {at}: what it answers"
            assert history.text() == truth[0], f"story {seed}, update {at}: the history"
            naive += shows(plain) != truth
        document.drop()
        assert not story or shows(document.hydrate()) == [*expected[-1][:2]], f"story {seed}, built anew"
    assert naive > STORIES  # the library alone shows something else, so this test sees what it is for
