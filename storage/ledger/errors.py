"""What a ledger raises: each with a code and whether trying again can help. Raised by every implementation alike: part
of the contract in `storage.ledger.protocol`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.ledger.protocol import Owner


class LedgerError(Exception):
    """Base of ledger faults. `code` names the class, `retryable` says whether trying again can help."""

    code = "LEDGER"
    retryable = True


class Fenced(LedgerError):
    """The head carries another epoch or sequence: this writer lost the home (or its view of it)."""

    code = "FENCED"
    retryable = True

    def __init__(self, home: str, epoch: int, expected_seq: int, found_epoch: int, found_seq: int) -> None:
        super().__init__(home, epoch, expected_seq, found_epoch, found_seq)
        self.home, self.epoch, self.expected_seq = home, epoch, expected_seq
        self.found_epoch, self.found_seq = found_epoch, found_seq

    def __str__(self) -> str:
        return (
            f"{self.home}: expected epoch {self.epoch} seq {self.expected_seq}, "
            f"found epoch {self.found_epoch} seq {self.found_seq}"
        )


class Owned(LedgerError):
    """A live host owns the home; the claim is refused."""

    code = "OWNED"
    retryable = True

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        self.owner = owner


class Draining(LedgerError):
    """The host that wants to own the home is on its way out; another one may."""

    code = "HOST_DRAINING"
    retryable = True

    def __init__(self, home: str, host: str) -> None:
        super().__init__(home, host)
        self.home, self.host = home, host

    def __str__(self) -> str:
        return f"{self.host} is draining and takes no {self.home}"


class Unavailable(LedgerError):
    """The database could not commit (disk full, I/O error, busy too long). Nothing of the append is stored, unless a
    connection was lost while it was committed: then nobody knows, and its owner reads the head."""

    code = "LEDGER_UNAVAILABLE"
    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Conflict(LedgerError):
    """The append repeats a thing that may exist once: an attempt id, a (job, step, number), an idempotency key.

    Nothing of the append is stored. For an idempotency key: read `response` and answer with that.
    """

    code = "LEDGER_CONFLICT"
    retryable = False

    def __init__(self, home: str, what: str) -> None:
        super().__init__(home, what)
        self.home, self.what = home, what


class SchemaMismatch(LedgerError):
    """The file was written by another version of the schema, or is no ledger. Raised by `open` only."""

    code = "LEDGER_SCHEMA"
    retryable = False

    def __init__(self, where: str, found: int, supported: int) -> None:
        super().__init__(where, found, supported)
        self.where, self.found, self.supported = where, found, supported

    def __str__(self) -> str:
        return f"{self.where}: ledger schema {self.found}, this version reads {self.supported}"
