"""What the semantic cache answers: the verdict, how it came about, and whose film it is.

Owns the shapes between judging and telling; pure. The invariant: an answer without an entry gives and lends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from storage.cache.asked import Question
from storage.cache.entries import Entry
from storage.cache.threshold import Experience, learned
from storage.cache.verdict import Judged, Judgement, Verdict, judge, reworded


@dataclass(frozen=True, slots=True)
class Answer:
    """`entry`: of a hit or a warm start, else None. `about`: id of the entry that was judged, also of a miss: people
    may say that it would have done; `near`: whose film that is."""

    verdict: Verdict
    why: tuple[str, ...] = ()
    entry: Entry | None = None
    similarity: float | None = None
    threshold: float | None = None
    sure: float | None = None
    near: Mapping[str, str] | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry with what was found about it."""

    entry: Entry
    judgement: Judgement
    similarity: float | None = None
    threshold: float | None = None

    def answer(self) -> Answer:
        told = self.judgement
        similar = self.similarity, self.threshold, told.sure
        return Answer(told.verdict, told.why, self.entry, *similar, near=self.entry.of, about=self.entry.id)

    def missed(self) -> Answer:
        """As the nearest of those that are not it."""
        return replace(self.answer(), verdict="miss", entry=None)


def candidate(question: Question, entry: Entry, known: Experience, delta: float) -> Candidate:
    if entry.film.key != question.film.key:
        return Candidate(entry, judge(question.film, entry.film, 0.0, 2.0))
    similarity = similarity_of(question, entry)
    curve = learned(known.pairs)
    at = Judged(curve.threshold(delta), curve, delta, question.coin(entry.id))
    return Candidate(entry, judge(question.film, entry.film, similarity, at), similarity, at.value)


def unwanted(question: Question, entry: Entry) -> bool:
    """Whether it is a film that the question is to differ from, or not of the seed that was asked for."""
    again = bool(question.fresh_for) and entry.by == question.fresh_for and entry.film.digest == question.film.digest
    other_seed = bool(question.seed) and (entry.chosen or question.seed != entry.seed)
    return again or other_seed or entry.of["job"] in question.not_jobs


def similarity_of(question: Question, entry: Entry) -> float:
    """The least, over the moments that are worded otherwise, of how like their words are; 1 where none is."""
    moments = reworded(question.film, entry.film)
    return max(0.0, min((float(np.dot(question.rows[n], entry.rows[n])) for n in moments), default=1.0))
