"""What one GraphQL document may ask for: tokens, depth, and cost, decided before anything runs.

The invariant: the refusal is static (document, variables and schema alone), so an expensive query costs a walk over
its own text. Cost = fields, each multiplied by the page sizes of the lists above it: `first` where the field has it,
else what such a list usually holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from strawberry.extensions import SchemaExtension

TOKENS_MAX = 4_000
LIST_SIZE_ASSUMED = 20
LIST_SIZES: Mapping[str, int] = {
    "scenes": 40,
    "takes": 4,
    "findings": 6,
    "evidence": 2,
    "panels": 4,
    "userErrors": 1,
    "runs": 100,
    "comments": 20,
    "replies": 3,
    "authors": 4,
    "steps": 6,
    "carries": 8,
    "things": 20,
    "people": 4,
    "sceneIds": 4,
    "tries": 3,
    "shots": 16,
    "added": 4,
    "descriptors": 3,
    "props": 4,
    "lost": 1,
    "setFacts": 4,
    "proposals": 3,
    "because": 2,
    "touched": 6,
    "frames": 6,
    "pieces": 30,
    "triggers": 100,
    "bonds": 4,
    "remembers": 4,
    "appearances": 10,
    "visits": 5,
    "expressions": 2,
    "voice": 1,
    "toldVoice": 2,
    "looks": 3,
    "light": 2,
    "lies": 3,
    "features": 6,
    "relations": 6,
    "palette": 5,
}
"""What lists without `first` usually hold; `edges` were paid for by their connection's `first`."""
PAGE_SIZE_MAX = 200


@dataclass(frozen=True, slots=True)
class GraphQLLimits:
    """What a deployment allows one caller.

    `cost_max` lower: a page of 200 scenes with jobs and findings is refused; higher: one query holds a replica longer.
    `body_bytes_max` lower: a long screenplay cannot be imported; higher: each request may hold as much memory.
    `subscriptions_max`: open subscriptions of one process; each re-reads its rows at every commit.
    """

    depth_max: int = 12
    cost_max: int = 100_000
    body_bytes_max: int = 16 * 1024 * 1024
    subscriptions_max: int = 1_000


@dataclass(frozen=True, slots=True)
class Weight:
    """Cost counts leaf and object fields alike, introspection included."""

    depth: int
    cost: int


@dataclass(slots=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    limits: GraphQLLimits
    depth: int = 0
    cost: int = 0
    steps: int = 0
    open_fragments: set[str] = field(default_factory=set)

    def selections(self, node: SelectionSetNode, parent: Any, times: int, depth: int) -> None:
        for selection in node.selections:
            self.steps += 1  # fragments that spread fragments: 2^n visits may hold no field at all
            if self.steps > self.limits.cost_max:
                self.cost = self.limits.cost_max + 1
            if self.cost > self.limits.cost_max or self.depth > self.limits.depth_max:
                return  # already refused: a hostile document earns no more of our time
            if isinstance(selection, FieldNode):
                self.field(selection, parent, times, depth)
            elif isinstance(selection, InlineFragmentNode):
                on = selection.type_condition
                self.selections(
                    selection.selection_set, self.schema.get_type(on.name.value) if on else parent, times, depth
                )
            elif isinstance(selection, FragmentSpreadNode):
                self.spread(selection.name.value, times, depth)

    def spread(self, name: str, times: int, depth: int) -> None:
        fragment = self.fragments.get(name)
        if fragment is None or name in self.open_fragments:
            return  # unknown or cyclic: validation names it
        self.open_fragments.add(name)
        parent = self.schema.get_type(fragment.type_condition.name.value)
        self.selections(fragment.selection_set, parent, times, depth)
        self.open_fragments.discard(name)

    def field(self, node: FieldNode, parent: Any, times: int, depth: int) -> None:
        self.cost += times
        self.depth = max(self.depth, depth)
        if node.selection_set is None:
            return
        name = node.name.value
        if name.startswith("__"):  # introspection: bounded by the schema, refused by tokens when repeated
            self.cost += 100 * times
            return
        definition: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        if definition is None:
            return
        self.selections(
            node.selection_set, get_named_type(definition.type), times * self.size(node, definition), depth + 1
        )

    def size(self, node: FieldNode, definition: GraphQLField) -> int:
        given = next((a.value for a in node.arguments or () if a.name.value == "first"), None)
        if isinstance(given, IntValueNode):
            return min(max(int(given.value), 1), PAGE_SIZE_MAX)
        if isinstance(given, VariableNode):
            value = self.variables.get(given.name.value)
            if isinstance(value, int):
                return min(max(value, 1), PAGE_SIZE_MAX)
        argument = definition.args.get("first")
        if argument is not None:
            return int(argument.default_value) if isinstance(argument.default_value, int) else LIST_SIZE_ASSUMED
        if node.name.value == "edges" or not is_list_type(get_nullable_type(definition.type)):
            return 1
        return LIST_SIZES.get(node.name.value, LIST_SIZE_ASSUMED)


def weigh(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: Mapping[str, Any],
    operation: str | None,
    limits: GraphQLLimits,
) -> Weight:
    """Depth and cost of the operation that will run. Stops counting once a limit is passed."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    walk = _Walk(schema, fragments, variables, limits)
    for definition in _operations(document, operation):
        root = schema.get_root_type(definition.operation)
        walk.selections(definition.selection_set, root, 1, 1)
    return Weight(walk.depth, walk.cost)


def _operations(document: DocumentNode, name: str | None) -> Iterator[OperationDefinitionNode]:
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode) and (
            name is None or (definition.name and definition.name.value == name)
        ):
            yield definition


def refusal(weight: Weight, limits: GraphQLLimits) -> GraphQLError | None:
    """The clear error for a document over a limit, or None."""
    if weight.depth > limits.depth_max:
        return GraphQLError(
            f"This query is nested deeper than {limits.depth_max} levels. Ask for less at once.",
            extensions={"code": "QUERY_TOO_DEEP", "retryable": False, "limit": limits.depth_max},
        )
    if weight.cost > limits.cost_max:
        return GraphQLError(
            f"This query may touch more than {limits.cost_max} fields. Ask for smaller pages (`first`).",
            extensions={"code": "QUERY_TOO_COSTLY", "retryable": False, "limit": limits.cost_max},
        )
    return None


def ambiguous(document: DocumentNode, operation: str | None) -> GraphQLError | None:
    """Several operations and no name: the specification has us refuse, where Strawberry would run the first."""
    if operation is not None or sum(isinstance(d, OperationDefinitionNode) for d in document.definitions) <= 1:
        return None
    return GraphQLError(
        "The document has several operations: say which with `operationName`.",
        extensions={"code": "GRAPHQL_VALIDATION_FAILED", "retryable": False},
    )


class Limits(SchemaExtension):
    """Holds the limits on every transport, before validation runs its costlier rules."""

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = TOKENS_MAX
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if context.graphql_document is not None:
            schema: GraphQLSchema = context.schema._schema
            document, limits = context.graphql_document, context.context.ports.limits
            weight = weigh(schema, document, context.variables or {}, context.operation_name, limits)
            error = ambiguous(document, context._provided_operation_name) or refusal(weight, limits)
            if error is not None:
                context.pre_execution_errors = [error]
        yield
