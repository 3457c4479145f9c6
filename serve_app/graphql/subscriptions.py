"""Live answers: a project's events from a cursor on, and one job until it ends.

The invariant: what a subscriber is told is committed, in sequence order, each once; between two commits a subscriber
costs nothing. Both wait on the process-wide `ChangeFeed` and re-read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry

from actors.scene.forecast import position
from serve_app.graphql.context import Info, not_found
from serve_app.graphql.described import streamed
from serve_app.graphql.enums import TERMINAL, JobState
from serve_app.graphql.history import ProjectEvent, event_of
from serve_app.graphql.queries import sequence_of
from serve_app.graphql.scene_nodes import Job
from storage.ledger.protocol import AttemptState

REPLAY_ROWS = 500


@strawberry.type
class Subscription:
    @streamed("Everything committed after `after` (a sequence; absent: from now on).")
    async def project_events(
        self, info: Info, project_id: strawberry.ID, after: str | None = None
    ) -> AsyncGenerator[ProjectEvent, None]:
        context = info.context
        reader, feed = context.ports.reader, context.ports.feed
        if await context.project(project_id) is None:
            raise not_found("project", project_id)
        async with feed.watch(str(project_id)) as watch:
            cursor = sequence_of(after, "after")
            if cursor is None:
                cursor = await reader.head(project_id)
            while True:
                seen = watch.version
                rows = await reader.read(project_id, after=cursor, limit=REPLAY_ROWS)
                for row in rows:
                    cursor = row.seq
                    yield event_of(row)
                if len(rows) < REPLAY_ROWS:
                    await watch.changed(seen)

    @streamed("The job now and at every change; completes when the job has ended.")
    async def job_progress(self, info: Info, job_id: strawberry.ID) -> AsyncGenerator[Job, None]:
        context = info.context
        feed, reader = context.ports.feed, context.ports.reader
        found = await context.job(job_id)
        if found is None:
            raise not_found("job", job_id)
        told: tuple[int, int, int | None] | None = None
        async with feed.watch(found[0].home) as watch:
            while True:
                seen = watch.version
                row = await reader.view("job", job_id)
                if row is None or row.body is None:
                    return  # the project was removed
                job = Job.of(row)
                live = await reader.attempt(job.view.attempt) if job.view.attempt else None
                waits = live is not None and live.state is AttemptState.OPEN
                forecast = await context.ports.queue.forecast(live.created_at_ms) if live and waits else None
                place = position(live, forecast) if live and forecast else None
                now = (row.seq, live.version if live else 0, place)
                if now != told:
                    told = now
                    yield job
                if JobState.__members__.get(job.view.state) in TERMINAL:
                    return
                await watch.changed(seen)
