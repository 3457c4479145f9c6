"""What of a document's bytes a Y.Doc of ours may be given, so that it shows what every Yjs shows.

Owns one difference: Yjs 13 puts nothing in its place that stands behind a gap in its own client's clocks; Yrs does,
where all that it hangs from is there, while its state vector says that it did not, and then leaves waiting what closes
the gap. The invariant: what is given holds each client's clocks from 0 without a gap; the rest stays in the bytes and
is given when the gap has closed. Bytes come from whoever builds a document, and are never what is kept.
"""

from __future__ import annotations

import pycrdt

from collab.coverage import RangeSet
from collab.cutting import UNBOUNDED, cut
from collab.updates import read_header


def placeable(update: bytes) -> bytes:
    """An update that starts from nothing, less what stands behind a gap; itself, if there is none."""
    beyond = pycrdt.get_update(update, pycrdt.get_state(update))
    if beyond[0] == 0:  # of how many clients it has structs
        return update
    header, held = read_header(update, UNBOUNDED), RangeSet()
    held.add_all(header.structs)
    wanted = [run for run in header.structs if run[2] <= held.clock(run[0])]
    return cut(update, wanted, header.deletes, UNBOUNDED)
