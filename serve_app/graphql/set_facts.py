"""Facts that people set by hand, as GraphQL shows them: from their projection, with who said so."""

from __future__ import annotations

from datetime import UTC, datetime

import strawberry

from actors.views import SetFactsView
from serve_app.graphql.context import Context


@strawberry.type(name="SetFact", description="What somebody said holds from words of a scene on.")
class SetFactNode:
    id: strawberry.ID
    entity: str
    attribute: str
    value: str
    quote: str
    by: str = strawberry.field(description="As they wished to be shown.")
    at: datetime


async def set_facts_of(context: Context, home: str, scene: str) -> list[SetFactNode]:
    row = await context.loaders.one.load(("set_facts", home, scene))
    facts = () if row is None or row.body is None else SetFactsView.from_blob(row.body).facts
    return [
        SetFactNode(
            id=strawberry.ID(each["id"]),
            entity=each["entity"],
            attribute=each["attribute"],
            value=each["value"],
            quote=each["quote"],
            by=each["name"],
            at=datetime.fromtimestamp(each["at"] / 1000, UTC),
        )
        for each in facts
    ]
