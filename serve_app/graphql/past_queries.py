"""The query fields that look back. The invariant: the past is read from the ledger; no owner and no room is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import strawberry

from actors.runtime.compose import SERVER
from collab.changes import RunKind, compare, sittings
from collab.history import History
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import described
from serve_app.graphql.past_nodes import SceneDiff, SceneMoment, TextRun, WorkPoint, bad_sequence, moment_of
from serve_app.graphql.project_nodes import page_size
from serve_app.graphql.scene_nodes import when

SEQUENCE_DIGITS_MAX = 18


def sequence(text: str, name: str) -> int:
    """Raises GraphQLError BAD_SEQUENCE, naming the argument."""
    if not (text.isascii() and text.isdigit() and len(text) <= SEQUENCE_DIGITS_MAX):
        raise bad_sequence(name, "must be a sequence: a number, as text.")
    return int(text)


async def home_of(info: Info, scene_id: str) -> str:
    found = await info.context.scene(scene_id)
    if found is None:
        raise not_found("scene", scene_id)
    return found[0].home


async def upto(info: Info, home: str, text: str, name: str) -> int:
    """A sequence that exists. Raises GraphQLError BAD_SEQUENCE."""
    found = sequence(text, name)
    if found > await info.context.ports.reader.head(home):
        raise bad_sequence(name, "lies in the future of this project.")
    return found


def difference(past: History, scene: str, from_seq: int, to_seq: int) -> SceneDiff:
    runs = compare(past, from_seq, to_seq)
    times = [past.time_of(seq) for seq in (from_seq, to_seq)]
    return SceneDiff(
        scene_id=strawberry.ID(scene),
        from_sequence=str(past.sequence_upto(from_seq)),
        to_sequence=str(past.sequence_upto(to_seq)),
        from_at=None if times[0] is None else when(times[0]),
        to_at=None if times[1] is None else when(times[1]),
        added=sum(len(run.text) for run in runs if run.kind is RunKind.ADDED),
        removed=sum(len(run.text) for run in runs if run.kind is RunKind.REMOVED),
        runs=[TextRun.of(run) for run in runs],
    )


@strawberry.type
class PastQueries:
    @described("A scene's text as of a sequence or a time (one of them); neither: as it stands.")
    async def scene_as_of(
        self, info: Info, scene_id: strawberry.ID, sequence: str | None = None, at: datetime | None = None
    ) -> SceneMoment:
        if sequence is not None and at is not None:
            raise bad_sequence("at", "and `sequence` exclude each other.")
        home = await home_of(info, scene_id)
        seq = None if sequence is None else await upto(info, home, sequence, "sequence")
        at_ms = None if at is None else int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
        return await info.context.ports.pasts.ask(
            home, f"scene:{scene_id}", lambda past: moment_of(past, home, scene_id, seq, at_ms)
        )

    @described("What became of a scene's text between two sequences, with authors. Without `to`: until now.")
    async def scene_diff(
        self,
        info: Info,
        scene_id: strawberry.ID,
        from_: Annotated[str, strawberry.argument(name="from")],
        to: str | None = None,
    ) -> SceneDiff:
        home = await home_of(info, scene_id)
        start = await upto(info, home, from_, "from")
        end = None if to is None else await upto(info, home, to, "to")
        if end is not None and end < start:
            raise bad_sequence("to", "lies before `from`.")
        return await info.context.ports.pasts.ask(
            home,
            f"scene:{scene_id}",
            lambda past: difference(past, scene_id, start, max(past.seq, start) if end is None else end),
        )

    @described("When who worked on a scene's text: the newest `first` sittings, oldest first.")
    async def scene_timeline(self, info: Info, scene_id: strawberry.ID, first: int | None = 100) -> list[WorkPoint]:
        size = page_size(first, 100)
        home = await home_of(info, scene_id)
        found = await info.context.ports.pasts.ask(home, f"scene:{scene_id}", lambda past: sittings(past, (SERVER,)))
        return [WorkPoint.of(each) for each in (found[-size:] if size else [])]
