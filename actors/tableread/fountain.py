"""A proposal as it is written into a script, and the gap before it.

The invariant: what is written reads back as just that: a cue with its speech, or one paragraph of action; words that
would be read as anything else are forced.
"""

from __future__ import annotations

from actors.screenplay.elements import elements

DIALOGUE, ACTION = "dialogue", "action"
_MARKS = "(~>!@.#=[*_ \t"
"""At the beginning of a line they say what it is."""


def written(kind: str, name: str, words: str) -> str:
    """Fountain, without a line end."""
    flat = " ".join(words.split())
    if kind == DIALOGUE:
        cue = name.upper()
        speech = f"{cue}\n{flat.lstrip(_MARKS) or '…'}"
        return speech if _kinds(speech) == ["character", "dialogue"] else f"@{name}\n{flat.lstrip(_MARKS) or '…'}"
    return flat if _kinds(flat) == ["action"] else f"!{flat}"


def _kinds(text: str) -> list[str]:
    return [str(each.kind) for each in elements(f"INT. HERE - DAY\n\n{text}\n")][1:]


def appended(script: str, more: str) -> str:
    """What is added to the end of a script, the gap before it included."""
    gap = "" if not script or script.endswith("\n\n") else "\n" if script.endswith("\n") else "\n\n"
    return f"{gap}{more}\n"
