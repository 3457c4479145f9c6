"""What a process asks of its object stores, as numbers: how often, how much, how long, and what failed.

The invariant: labels are closed sets (backend, store, operation, code of a fault); no key is in a label.
"""

from __future__ import annotations

from collections.abc import Iterator

from serve_app.telemetry.families import Family, counter
from storage.objects.metered import ObjectCounts


def object_families(counts: ObjectCounts) -> Iterator[Family]:
    calls = counter("object_operations_total", "Calls of the object store, those that failed included.")
    moved = counter("object_bytes_total", "Bytes given to it (put) or taken from it (get, open).")
    took = counter("object_seconds_total", "Seconds waited for it.")
    failed = counter("object_faults_total", "Calls that it refused or failed, by the code of the fault.")
    for (backend, store, operation), each in sorted(counts.of.items()):
        where = {"backend": backend, "store": store, "operation": operation}
        calls.add(each.calls, **where)
        took.add(each.seconds, **where)
        if each.bytes:
            moved.add(each.bytes, **where)
        for code, count in sorted(each.faults.items()):
            failed.add(count, **where, code=code)
    yield from (family for family in (calls, moved, took, failed) if family.samples)
