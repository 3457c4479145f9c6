"""The schema as one object, and what its errors say to a caller.

The invariant: a caller never sees an exception of ours in its own words; it sees a code, a sentence, and whether to try
again. Faults without a code are logged with their trace and answered as INTERNAL.
"""

from __future__ import annotations

import logging
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import StrawberryGraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext

from serve_app.graphql.guard import guard
from serve_app.graphql.limits import Limits
from serve_app.graphql.mutations import Mutation
from serve_app.graphql.payloads import problem
from serve_app.graphql.queries import Query
from serve_app.graphql.subscriptions import Subscription

logger = logging.getLogger("storyforge.graphql")


class StorySchema(strawberry.Schema):
    """Strawberry's schema with our limits, our words for faults, and one log line per unexpected fault."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        for error in errors:
            fault = error.original_error
            if fault is not None and not isinstance(fault, GraphQLError) and not hasattr(fault, "code"):
                logger.error(
                    "resolver failed",
                    exc_info=(type(fault), fault, fault.__traceback__),
                    extra={"path": ".".join(map(str, error.path or ()))},
                )


def spoken(error: GraphQLError) -> dict[str, Any]:
    """One error as the response shows it: message, locations, path, extensions with `code` and `retryable`."""
    formatted: dict[str, Any] = dict(error.formatted)
    fault = error.original_error
    if fault is not None and not isinstance(fault, (GraphQLError, StrawberryGraphQLError)):
        formatted["message"], formatted["extensions"] = _words(fault, error)
    elif "code" not in (error.extensions or {}):
        code = "GRAPHQL_PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "GRAPHQL_VALIDATION_FAILED"
        formatted["extensions"] = {"code": code, "retryable": False}
    return formatted


def _words(fault: Exception, error: GraphQLError) -> tuple[str, dict[str, Any]]:
    if error.path is None and not hasattr(fault, "code"):  # coercion of variables and the like: the caller's own input
        return error.message, {"code": "GRAPHQL_VALIDATION_FAILED", "retryable": False}
    try:
        said = problem(fault)[0]
    except Exception:  # noqa: BLE001 - no code: a bug, already logged
        return "Something went wrong on the server.", {"code": "INTERNAL", "retryable": True}
    return said.message, {"code": said.code, "retryable": said.retryable}


def build_schema() -> StorySchema:
    schema = StorySchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[Limits],
        config=StrawberryConfig(relay_max_results=200),
    )
    guard(schema._schema)
    return schema
