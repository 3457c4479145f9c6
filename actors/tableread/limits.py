"""Every bound of a table read, with its unit and what happens over it.

The invariant: nothing of a conversation grows without one of these. What falls out here stands in the log for ever.
"""

from __future__ import annotations

LINE_CHARS_MAX = 500
"""Of what somebody says at once. Over: refused (TOO_LONG)."""

ADDRESSED_MAX = 4
"""Names a line may be said to. Over: refused."""

ANSWERS_MAX = 3
"""Roles that answer one line. Over: those named first in the words, then those who speak first in the scene."""

LINES_KEPT = 60
"""Of a scene's conversation, in memory and in its rows. Over: the oldest leave both, with what they propose."""

PROPOSALS_OPEN_MAX = 24
"""Of a scene that nobody has decided about. Over: the oldest lapse in the append that has too many."""

LINES_OPEN_MAX = 6
"""Lines of a scene that wait for an answer. Over: refused, retryably (TABLE_BUSY)."""

LINES_PER_MINUTE_MAX = 20
"""Of one person in one scene. Over: refused, retryably (TOO_FAST)."""

LLM_SECONDS_MAX = 20
"""A model has for all answers of a line. Over: film grammar answers, and says whom it stands in for."""

LOOK_AGAIN_MS = 2_000
"""After which a line that nobody works on is looked at again."""

ANSWER_CHARS_MAX = 400
"""Of one answer. Over: it ends at a word."""

# what a role is given
PIECES_MAX = 80
"""Of what one role knows. Over: the oldest is forgotten first; what they have on them stays."""

RECALLED_UNITS_MAX = 400
"""Sentences and speeches one role can look back on, nearest first."""

REMEMBERED_SCENES_MAX = 4
"""Scenes a role sums up for a model and for people, nearest first."""

PUT_SCENES_BACK_MAX = 30
"""Scenes read for where things were put."""

TRIGGERS_MAX = 200
"""Words of one scene's trigger map. Over: the least sure are left off."""
