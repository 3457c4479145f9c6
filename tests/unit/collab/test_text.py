"""Text positions: code points in, pycrdt's byte offsets out."""

from __future__ import annotations

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab import text as texts

pytestmark = pytest.mark.unit

SCRIPTS = ["é🎬abc", "مرحبا بالعالم", "e\u0301\u0301x", "INT. CAFÉ - NIGHT\n\nمقهى 👩‍👩‍👧 ends.\n", ""]
ANY_TEXT = st.text(alphabet=st.sampled_from("ab\né🎬مe\u0301 "), max_size=40)


def fresh(content: str) -> pycrdt.Text:
    doc: pycrdt.Doc = pycrdt.Doc()
    text = doc.get("script", type=pycrdt.Text)
    text += content
    return text


@pytest.mark.parametrize("content", SCRIPTS)
def test_insert_delete_replace_by_code_point(content: str) -> None:
    """R-15."""
    for at in range(len(content) + 1):
        text = fresh(content)
        texts.insert(text, at, "🎥é")
        assert str(text) == content[:at] + "🎥é" + content[at:]
    for start in range(len(content)):
        text = fresh(content)
        texts.delete(text, start, start + 1)
        assert str(text) == content[:start] + content[start + 1 :]
        texts.replace(text, 0, start, "م")
        assert str(text) == "م" + content[start + 1 :]


def test_positions_outside_are_refused() -> None:
    """R-15."""
    for at in (-1, 7):
        with pytest.raises(IndexError):
            texts.insert(fresh("é🎬abc"), at, "x")


@given(ANY_TEXT, ANY_TEXT)
def test_set_text_makes_it_read_so(old: str, new: str) -> None:
    """R-15."""
    text = fresh(old)
    texts.set_text(text, new)
    assert str(text) == new


def test_set_text_leaves_the_rest_alone() -> None:
    """R-15: one word changed is one small edit; others' positions stay."""
    old = "INT. CAFÉ - NIGHT\n\nAna waits. 🎬\n" * 50
    new = old.replace("NIGHT", "DAWN", 1)
    found = texts.edits(old, new)
    assert sum(end - start + len(what) for start, end, what in found) <= 9
    mine: pycrdt.Doc = pycrdt.Doc({"script": pycrdt.Text(old)})
    theirs: pycrdt.Doc = pycrdt.Doc()
    theirs.apply_update(mine.get_update())
    texts.insert(theirs.get("script", type=pycrdt.Text), old.index("NIGHT") - 1, "🎬")
    texts.set_text(mine.get("script", type=pycrdt.Text), new)
    mine.apply_update(theirs.get_update())
    assert str(mine.get("script", type=pycrdt.Text)) == new.replace("- DAWN", "-🎬 DAWN", 1)
