"""Refusals of the runtime itself: a home that left, a mailbox that is full.

The invariant: each is retryable, because none of them stored anything.
"""

from __future__ import annotations

from actors.commands import CommandError
from storage.ledger.errors import LedgerError


class HomeLost(LedgerError):
    """This host no longer owns the home; route the command to the owner and try again."""

    code = "HOME_LOST"
    retryable = True

    def __init__(self, home: str, reason: str) -> None:
        super().__init__(home, reason)
        self.home, self.reason = home, reason

    def __str__(self) -> str:
        return f"{self.home}: {self.reason}"


def busy(what: str, limit: int) -> CommandError:
    """The answer of a full queue."""
    return CommandError("BUSY", f"{what} is full ({limit}); try again in a moment", (), True)
