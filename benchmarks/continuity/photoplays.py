"""Two photoplays of a handbook in the public domain as screenplays: how its pages became Fountain; nothing is invented.

Source: J. Berg Esenwein and Arthur Leeds, *Writing the Photoplay* (1913, revised 1919), Project Gutenberg 17903: the
continuity of *Without Reward* (Arthur Leeds) and of *Everybody's Girl* (A. Van Buren Powell after O. Henry). What is
converted: a numbered scene's line becomes a heading (`same as 5` goes, for the place is named beside it; what follows
the place becomes action), INT. or EXT. chosen by a table of words, an hour only where the line names one; a numbered
line that names only a view ("Close-up of Blinker.") is a shot of the scene it stands in and becomes a line in
capitals; leaders and what is seen "on screen" become centred titles; footnotes go. No word of a scene is changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

STORIES = (
    ("Without Reward", "Arthur Leeds", "CAST OF CHARACTERS\n\nJames Freeman", "CHAPTER VI\n"),
    ("Everybody's Girl", "A. Van Buren Powell, after O. Henry", "CAST OF CHARACTERS[37]", "\n\n\n\n"),
)
"""Title, author, where its cast begins, and what follows its last scene."""

CASTS = {
    "Without Reward": ("James Freeman", "Jess", "Norma", "Steve Hammond", "Dr. Turner", "The sheriff"),
    "Everybody's Girl": ("Florence", "Blinker", "Ella", "Bill", "Frank", "Oldport"),
}
"""The people that each cast list names (its types and crowds left out)."""

_SCENE = re.compile(r"^(\d+)--(.*?)\n(?=\n|\Z)", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"\[Footnote \d+:.*?\](?=\n\n|\Z)", re.DOTALL)
_MARK = re.compile(r"\[\d+\]")
_LEADER = re.compile(r"^_?(?:Cut-in[ -])?leader\b.*--_?$", re.IGNORECASE)
_ON_SCREEN = re.compile(r"^_?On screen\b.*--_?$", re.IGNORECASE)
_VIEW = re.compile(
    r"^(?:back to|both|close-up|closer|bust|wider|wide-angle|different (?:angle|view)|new angle|same scene|profile"
    r"|flash|another horse)\b",
    re.IGNORECASE,
)
_SAME = re.compile(
    r",? ?\(?(?:same as|as in) (?:scene )?\d+\)?|--?(?:wider|closer) view\b|--close-up\b[^.]*", re.IGNORECASE
)
_OUTDOORS = re.compile(
    r"\b(outside|exterior|corner|street|steps|front|trail|hillside|entrance to cave|road|outskirts|rear|course|park"
    r"|dock|deck|rail|davits|boat|field|horses?|pier|show|whip|door in brickdust row|club|doorway|water|coney|beam"
    r"|device|ranch|roof|cops)\b",
    re.IGNORECASE,
)
_INDOORS = re.compile(r"\b(interior|inside|room|bedroom|kitchen|hall)\b", re.IGNORECASE)
_HOUR = re.compile(r"\b(night|evening|morning|noon)\b\.?", re.IGNORECASE)


def fountain(book: str, title: str) -> str:
    """Of one story of the whole book's text."""
    author, text = _story(book, title)
    out = [f"Title: {title}", f"Author: {author}", "Source: Writing the Photoplay (1919), public domain", ""]
    scenes = list(_SCENE.finditer(text))
    for at, scene in enumerate(scenes):
        end = scenes[at + 1].start() if at + 1 < len(scenes) else len(text)
        out += list(_scene(scene[1], " ".join(scene[2].split()), text[scene.end() : end]))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip() + "\n"


def _story(book: str, title: str) -> tuple[str, str]:
    author, start, end = next((a, s, e) for t, a, s, e in STORIES if t == title)
    text = book[book.index(start) :]
    text = text[text.index("CONTINUITY OF SCENES") :]
    text = text[: text.index(end, text.index("\n1--"))]
    return author, _MARK.sub("", _NOTE.sub("", text))


def _scene(number: str, told: str, body: str) -> Iterator[str]:
    told = told.rstrip("-").strip()
    if _VIEW.match(told):
        yield from ("", told.upper(), "")
    else:
        place, rest = _place(_SAME.sub("", told).strip(" ."))
        hour = _HOUR.search(rest) if rest else None
        hour_told = f" - {hour[1].upper()}" if hour else ""
        yield from ("", f"{_setting(place)} {place.upper()}{hour_told} #{number}#", "")
        rest = _HOUR.sub("", rest, count=1).strip() if hour else rest
        if rest:
            yield from ("", rest, "")
    title = ""
    for block in re.split(r"\n\s*\n", body):
        words = " ".join(block.split()).replace("_", "")
        if _LEADER.match(block.strip()) or _ON_SCREEN.match(block.strip()):
            title = "leader" if _LEADER.match(block.strip()) else "screen"
        elif words:
            back = words == "Back to scene."
            yield from ("", f"> {words} <" if title and not back else words, "")
            title = title if title == "screen" and not back else ""


def _place(told: str) -> tuple[str, str]:
    """(the place, what else the line says): the first sentence, whose `Dr.` ends nothing."""
    place, *rest = re.split(r"(?<!\bDr)\. ", told)
    return place, ". ".join(rest)


def _setting(place: str) -> str:
    return "EXT." if _OUTDOORS.search(place) and not _INDOORS.search(place) else "INT."


def main() -> None:
    """`python -m benchmarks.continuity.photoplays BOOK FOLDER`: the book's text, and where the stories go."""
    book = Path(sys.argv[1]).read_bytes().decode("latin-1").replace("\r\n", "\n")
    for title, *_ in STORIES:
        name = title.lower().replace(" ", "-").replace("'", "")
        (Path(sys.argv[2]) / f"{name}.fountain").write_text(fountain(book, title), encoding="utf-8")


if __name__ == "__main__":
    main()
