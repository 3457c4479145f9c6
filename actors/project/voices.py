"""How characters sound, as people set it: timbre, accent and pace in words, and a short recording.

Pure decisions of the project actor. Invariants: a voice is of somebody in the cast and goes with them; its recording is
one that `/uploads` took, which held it to its limits. What the script says of a voice is read elsewhere
(`actors.continuity.people_known`) and never changes this.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actors.commands import CommandError, SetVoice
from actors.runtime.actor import Context, Decision, Draft
from actors.runtime.edits import Edit, SetField

if TYPE_CHECKING:
    from actors.project.actor import ProjectActor

WORDS_CHARS_MAX = 80
"""Of a timbre, an accent, a pace: a note for an actor, no biography."""

VOICE_SET = "cast.voice_set"
_RECORDING = re.compile(r"assets/uploads/[0-9a-f]{32}\.(wav|mp3|ogg|m4a)")
"""What `/uploads` answers with for a recording: a name nobody guesses."""


def decide(project: ProjectActor, command: SetVoice, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, BAD_VOICE, BAD_RECORDING."""
    facts = project.facts
    if facts is None or command.cast not in facts.cast:
        raise CommandError("NOT_FOUND", "there is nobody of this id in the cast", ("input", "castId"))
    said = {name: " ".join(getattr(command, name).split()) for name in ("timbre", "accent", "pace")}
    for name, words in said.items():
        if len(words) > WORDS_CHARS_MAX:
            raise CommandError("BAD_VOICE", f"at most {WORDS_CHARS_MAX} characters", ("input", name))
    if command.key and not _RECORDING.fullmatch(command.key):
        raise CommandError(
            "BAD_RECORDING", "upload a WAV, MP3, Ogg or M4A recording and give its key", ("input", "key")
        )
    voice = {name: words for name, words in {**said, "key": command.key}.items() if words}
    kept = {id: each for id, each in facts.voices.items() if id != command.cast}
    voices = {**kept, command.cast: voice} if voice else kept
    return Decision(
        events=[Draft(VOICE_SET, {"id": command.cast, "voice": voice, "by": ctx.principal})],
        views=[project.changed(voices=voices)],
        edits=[Edit("outline", (SetField("cast", command.cast, "voice", ", ".join(w for w in said.values() if w)),))],
        ids={"project": project.home, "cast": command.cast},
    )


def apply(voices: dict[str, dict[str, str]], id: str, voice: dict[str, str]) -> None:
    voices.pop(id, None)
    if voice:
        voices[id] = dict(voice)
