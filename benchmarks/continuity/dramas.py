"""Plays of Standard Ebooks (CC0) as screenplays: how a published act became Fountain; nothing is invented.

What is converted: an act becomes a scene whose heading is the place that the act names (`SETTINGS` copies it from the
act's first words, with its hour where that names one); a row's persona becomes a cue and its words a speech; stage
directions become action where they bring somebody in or out, are long, or stand alone, and parentheticals otherwise; a
speech that a direction interrupts goes on under (CONT'D). No word of the text is changed; notes and markup go.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_ENTRANCE = re.compile(r"\b(enters?|re-enters?|exits?|exeunt|goes|comes?|rushes|runs|hurries)\b", re.IGNORECASE)
_SHORT = 60
"""Characters: a longer direction inside a speech is action, as a writer would set it."""

_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_PERSONA = re.compile(r'<td[^>]*epub:type="z3998:persona"[^>]*>(.*?)</td>', re.DOTALL)
_CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
_DIRECTION = re.compile(r'<i [^>]*epub:type="z3998:stage-direction"[^>]*>(.*?)</i>', re.DOTALL)
_BLOCK = re.compile(r"<p>(.*?)</p>|<table>(.*?)</table>", re.DOTALL)
_NOTE = re.compile(r'<a [^>]*epub:type="noteref"[^>]*>.*?</a>', re.DOTALL)

SETTINGS = Path(__file__).resolve().parent / "data" / "dramas" / "settings.json"


def fountain(title: str, author: str, acts: list[tuple[str, str]]) -> str:
    """Of a play: each act its heading and the page."""
    out = [f"Title: {title}", f"Author: {author}", "Source: Standard Ebooks, CC0"]
    for heading, page in acts:
        out += ["", heading, ""]
        for block in _BLOCK.finditer(page[page.index("</h2>") :]):
            out += ["", _text(block[1]), ""] if block[1] is not None else list(_rows(block[2]))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip() + "\n"


def _rows(table: str) -> Iterator[str]:
    for row in _ROW.findall(table):
        persona = _PERSONA.search(row)
        words = _NOTE.sub("", _CELL.findall(row)[-1])
        if persona is None:
            yield from ("", _text(words), "")
        else:
            yield from _speech(_text(persona[1]).upper(), words)


def _speech(who: str, words: str) -> Iterator[str]:
    """Its cue, words, and what is done meanwhile."""
    cue, speaking, told = who, False, ""
    for at, part in enumerate(_DIRECTION.split(words)):
        said = _text(part)
        if not said or not re.search(r"\w", said):
            continue
        if at % 2 and (len(said) > _SHORT or _ENTRANCE.search(said)):
            yield from ("", said, "")
            speaking = False
        elif at % 2:
            told = f"{told}. {said}".strip(". ")
            if speaking:
                yield f"({told})"
                told = ""
        else:
            if not speaking:
                yield from ("", cue)
                cue, speaking = f"{who} (CONT'D)", True
            if told:
                yield f"({told})"
                told = ""
            yield said
    if told:
        yield from ("", told, "")


def _text(marked: str) -> str:
    plain = html.unescape(re.sub(r"<[^>]*>", "", marked)).replace("\u2060", "")
    return " ".join(plain.split())


def main() -> None:
    """`python -m benchmarks.continuity.dramas MIRROR TARGET`: MIRROR holds the repositories as git directories."""
    mirror, target = Path(sys.argv[1]), Path(sys.argv[2])
    for repository, play in json.loads(SETTINGS.read_text(encoding="utf-8")).items():
        (found,) = mirror.glob(f"*{repository}/repo")
        acts = [(heading, _page(found, f"src/epub/text/{name}.xhtml")) for name, heading in play["acts"].items()]
        (target / f"{repository}.fountain").write_text(fountain(play["title"], play["author"], acts), encoding="utf-8")


def _page(repository: Path, path: str) -> str:
    shown = subprocess.run(["git", "-C", repository, "show", f"HEAD:{path}"], capture_output=True, check=True)
    return shown.stdout.decode("utf-8")


if __name__ == "__main__":
    main()
