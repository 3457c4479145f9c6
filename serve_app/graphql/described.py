"""Strawberry's `field`, `mutation`, `subscription` with a description, typed as what they leave a method: itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., Any])


def described(text: str) -> Callable[[F], F]:
    """A field whose description the schema prints."""
    return cast(Callable[[F], F], strawberry.field(description=text))


def streamed(text: str) -> Callable[[F], F]:
    """A subscription whose description the schema prints."""
    return cast(Callable[[F], F], strawberry.subscription(description=text))


def commanded(text: str) -> Callable[[F], F]:
    """A mutation whose description the schema prints."""
    return cast(Callable[[F], F], strawberry.mutation(description=text))
