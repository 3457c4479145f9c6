"""Who wrote what, from the log alone."""

from __future__ import annotations

import pytest

from collab.authorship import Authors, Written
from collab.ports import Entry
from tests.unit.collab.stage import Author

pytestmark = pytest.mark.unit


def test_the_first_entry_that_brings_an_id_is_its_author() -> None:
    """R-62: a later row that repeats it, whoever sent it, changes nothing; a deletion writes nothing."""
    ana, authors = Author(77), Authors()
    ana.type("hello ")
    ana.type("world")
    del ana.script[0:2]
    authors.add(3, [Entry("ana", 77, ana.updates[0])])
    authors.add(5, [Entry("ben", 0, ana.updates[2]), Entry("ben", 77, ana.doc.get_update())])
    assert authors.of(77, 0) == authors.of(77, 5) == Written(0, 6, "ana", 3)
    assert authors.of(77, 6) == authors.of(77, 10) == Written(6, 11, "ben", 5)
    assert (authors.of(77, 11), authors.of(78, 0)) == (None, None)


def test_a_range_is_answered_in_pieces() -> None:
    """R-62: also where the log holds it out of order or not at all."""
    ana, authors = Author(77), Authors()
    for word in ("one ", "two ", "three "):
        ana.type(word)
    authors.add(1, [Entry("ana", 77, ana.updates[2])])
    authors.add(2, [Entry("ben", 77, ana.updates[0])])
    assert authors.between(77, 2, 10) == [Written(2, 4, "ben", 2), Written(8, 10, "ana", 1)]
    authors.add(3, [Entry("ana", 77, ana.updates[1])])
    assert [(each.start, each.end, each.seq) for each in authors.between(77, 0, 99)] == [
        (0, 4, 2),
        (4, 8, 3),
        (8, 14, 1),
    ]
