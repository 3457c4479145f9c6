"""Whether a snapshot says all that is committed: asked before anything is forgotten on its account.

Owns the comparison. The invariant: `missing` is empty only if every struct and every deletion the room knows to be
committed is in the bytes. What the bytes hold is told by `collab.folding.held`, wherever that is worked out; what is
committed comes from the coverage that admission keeps, which was never derived from the snapshot.
"""

from __future__ import annotations

import dataclasses
import struct

from collab.coverage import Coverage, RangeSet
from collab.limits import Limits
from collab.updates import Range, read_header
from collab.wire import read_state_vector

UNBOUNDED = dataclasses.replace(
    Limits(), structs_per_update_max=1 << 53, delete_ranges_per_update_max=1 << 53, state_vector_entries_max=1 << 53
)
_LENGTH = struct.Struct("!I")


def pack_held(state_vector: bytes, beyond: bytes) -> bytes:
    """What `held` answers: the state vector, then an update with all that it does not tell."""
    return _LENGTH.pack(len(state_vector)) + state_vector + beyond


def coverage_of(told: bytes) -> Coverage:
    """The ranges that `held` told of. Raises what unreadable bytes raise."""
    (length,) = _LENGTH.unpack_from(told)
    start = _LENGTH.size
    found = Coverage()
    for client, clock in read_state_vector(told[start : start + length], UNBOUNDED).items():
        if clock:
            found.structs.add(client, 0, clock)
    found.add(read_header(told[start + length :], UNBOUNDED))
    return found


def missing(expected: Coverage, told: bytes) -> list[Range]:
    """Ranges of structs or deletions that are committed and not in the bytes, by client."""
    found = coverage_of(told)
    return [*_lacking(expected.structs, found.structs), *_lacking(expected.deletes, found.deletes)]


def _lacking(expected: RangeSet, found: RangeSet) -> list[Range]:
    return [each for each in expected.ranges() if not found.covers(*each)]
