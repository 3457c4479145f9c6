"""What a vector store was asked, as metrics."""

from __future__ import annotations

from serve_app.telemetry.families import Family, counter
from storage.vectors.watched import SECONDS_BOUNDS, WatchedVectors


def families(store: WatchedVectors) -> list[Family]:
    took = Family("vectors_seconds", "histogram", "What a call to the vector store took, opening and tries included.")
    faults = counter("vectors_faults", "Calls to the vector store that failed, by code; each was a miss to a job.")
    for operation, asked in sorted(store.asked.items()):
        labels, below = {"store": store.kind, "operation": operation}, 0
        for bound, calls in zip((*map(str, SECONDS_BOUNDS), "+Inf"), asked.below, strict=True):
            below += calls
            took.samples.append(("_bucket", {**labels, "le": bound}, below))
        took.samples += [("_sum", labels, asked.seconds), ("_count", labels, below)]
        for code, calls in sorted(asked.faults.items()):
            faults.add(calls, **labels, code=code)
    return [took, faults]
