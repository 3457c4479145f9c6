"""What the cache of films answered in this process, and what it was told, as metrics.

The invariant: labels are closed sets (level, verdict, word); no scene, film or person is in a label. These start at
zero with the process: what lasts is counted from takes by `cacheReport`.
"""

from __future__ import annotations

import threading
from collections import Counter

from serve_app.telemetry.families import Family, counter
from storage.cache.semantic import SemanticCounts


class FilmAnswers:
    """Counted by steps in their threads."""

    def __init__(self) -> None:
        self._of: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def add(self, level: str, verdict: str) -> None:
        with self._lock:
            self._of[level, verdict] += 1

    def seen(self) -> list[tuple[tuple[str, str], int]]:
        with self._lock:
            return sorted(self._of.items())


FILM_ANSWERS = FilmAnswers()
"""Of this process."""


def film_families(answers: FilmAnswers, counts: SemanticCounts | None) -> list[Family]:
    """`counts`: None where the semantic cache is off, or not opened yet."""
    asked = counter("film_cache_answers", "Answers of the cache of films, by level; L2 is asked what L1 has not.")
    for (level, verdict), number in answers.seen():
        asked.add(number, level=level, verdict=verdict)
    found = [asked] if asked.samples else []
    if counts is not None:
        words = counter("film_cache_words", "What people said of films that the cache gave, as it was told.")
        words.add(counts.accepted, word="right").add(counts.refused, word="wrong")
        faults = counter("film_cache_faults", "Questions and words that failed; each was a miss, or comes again.")
        found += [words, faults.add(counts.faults, level="L2")]
    return found
