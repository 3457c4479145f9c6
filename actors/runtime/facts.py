"""From a row of an actor's stream to the fact an actor folds.

Owns the decoding alone. The invariant: replay gives an actor what it was given live: the decoded bytes of the row.
"""

from __future__ import annotations

from actors.runtime.actor import Fact
from storage.codec import decode_versioned
from storage.ledger.protocol import Event


def fact_of(event: Event) -> Fact:
    version, data = decode_versioned(event.body)
    del version  # one version of every body so far; upcasting belongs here
    return Fact(event.type, data, event.seq, event.at_ms, event.source)
