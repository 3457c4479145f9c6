"""Who wrote what stands in a Map, read from a document's structs."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from collab.map_writers import writers

pytestmark = pytest.mark.unit


class Person:
    def __init__(self, client: int) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client)

    @property
    def votes(self) -> pycrdt.Map[Any]:
        return self.doc.get("votes", type=pycrdt.Map)

    def meet(self, other: Person) -> None:
        self.doc.apply_update(other.doc.get_update())
        other.doc.apply_update(self.doc.get_update())

    def writers(self) -> dict[str, str]:
        return writers(self.doc.get_update(), "votes", {1: "usr_ana", 2: "usr_ben"})


def test_g183_the_writer_is_whose_client_id_it_is() -> None:
    """G-183: of what stands there now: after a key was taken away, put back, and put over by somebody else."""
    ana, ben = Person(1), Person(2)
    ana.votes["p/usr_ana"] = pycrdt.Map({"name": "Ana"})
    ben.votes["p/usr_ben"] = pycrdt.Map({"name": "Ben"})
    ben.doc.get("comments", type=pycrdt.Map)["c"] = pycrdt.Map({"text": "hello"})
    ana.meet(ben)
    assert ana.writers() == ben.writers() == {"p/usr_ana": "usr_ana", "p/usr_ben": "usr_ben"}
    del ana.votes["p/usr_ana"]
    assert ana.writers() == {"p/usr_ben": "usr_ben"}
    ana.votes["p/usr_ana"] = pycrdt.Map({"name": "Ana"})
    ana.meet(ben)
    assert ben.writers()["p/usr_ana"] == "usr_ana"
    ben.votes["p/usr_ana"] = pycrdt.Map({"name": "Ana"})
    ana.meet(ben)
    assert ana.writers() == {"p/usr_ana": "usr_ben", "p/usr_ben": "usr_ben"}


def test_g183_who_is_not_known_wrote_nothing() -> None:
    """G-183: a client id that is bound to nobody counts for nobody."""
    stranger = Person(3)
    stranger.votes["p/usr_ana"] = pycrdt.Map({"name": "Ana"})
    assert stranger.writers() == {}
    assert Person(1).writers() == {}
