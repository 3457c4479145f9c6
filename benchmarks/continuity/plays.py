"""Plays in the public domain as screenplays: how published HTML became the committed Fountain; nothing is invented.

Source: the Moby Shakespeare as MIT's pages publish it ("placed in the public domain"). What is converted: a scene's
line of place becomes a heading, `The same.` is written out as the place it means, INT. or EXT. is chosen by a table of
words (a room is INT., a plain EXT.); speakers become cues; stage directions become action, those inside a speech that
bring nobody in or out parentheticals; a speech that a direction interrupts goes on under (CONT'D). No hour is added,
for the source names none; no word of the text is changed.
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

_OUTDOORS = re.compile(
    r"\b(outside|plain|street|field|camp|camps|walls|near|before|galley|heath|park|gate|road|place|country|orchard|garden"
    r"|churchyard|open|wood|part of the same|part of the plain|desert|court)\b",
    re.IGNORECASE,
)
_ENTRANCE = re.compile(r"\b(enter|re-enter|exit|exeunt|flourish|alarum|dies)\b", re.IGNORECASE)
_SCENE = re.compile(r"<h3>SCENE\s+([IVXL]+)\.\s*(.*?)</h3>", re.IGNORECASE | re.DOTALL)
_ACT = re.compile(r"<h3>ACT\s+([IVXL]+)", re.IGNORECASE)
_PART = re.compile(
    r"<h3>(?P<head>.*?)</h3>|<b>(?P<who>.*?)</b>|<p>\s*<i>(?P<inside>.*?)</i>\s*</p>|<i>(?P<action>.*?)</i>"
    r"|<A NAME=[\d.]+>(?P<line>.*?)</A>",
    re.IGNORECASE | re.DOTALL,
)


def fountain(page: str, title: str) -> str:
    """Of one play's whole page."""
    out = [f"Title: {title}", "Author: William Shakespeare", "Source: Moby Shakespeare, public domain", ""]
    act, town, place = "", "", ""
    speaking, speaker = False, ""
    for part in _PART.finditer(page):
        if part["head"] is not None:
            found_act, found = _ACT.match(part.group()), _SCENE.match(part.group())
            act = found_act[1].upper() if found_act else act
            speaking = False
            if found:
                town, place = _place(_text(found[2]), town, place)
                out += ["", f"{_setting(place)} {place.upper()} #{act}.{found[1].upper()}#", ""]
        elif part["who"] is not None:
            speaker = _text(part["who"]).upper()
            out += ["", speaker]
            speaking = True
        elif part["line"] is not None:
            out += [_text(part["line"])] if speaking else [f"{speaker} (CONT'D)", _text(part["line"])]
            speaking = True
        else:
            said = _text(part["inside"] or part["action"] or "")
            inside = speaking and part["inside"] is not None and not _ENTRANCE.search(said)
            out += [f"({said})"] if inside else ["", said, ""]
            speaking = inside
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip() + "\n"


def _place(told: str, town: str, before: str) -> tuple[str, str]:
    """(the town, the whole place): `The same.` is the place before, and `The same. A street.` is in its town."""
    parts = [part.strip() for part in told.rstrip(".").split(". ") if part.strip()]
    same = bool(parts) and parts[0].lower() == "the same"
    if same and len(parts) == 1:
        return town, before
    if same:
        parts = [part for part in (town, *parts[1:]) if part]
    elif len(parts) > 1:
        town = parts[0]
    return town, ", ".join(parts)


def _setting(place: str) -> str:
    return "EXT." if _OUTDOORS.search(place) else "INT."


def _text(marked: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", marked)).split())


if __name__ == "__main__":
    source, name, target = sys.argv[1:4]
    Path(target).write_text(fountain(Path(source).read_text(encoding="latin-1"), name), encoding="utf-8")
