"""Where a project's reading lives."""

from __future__ import annotations

READING = "@reading"
"""Id of a project's one reading actor."""
