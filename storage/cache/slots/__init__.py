"""A video prompt as typed slots: what may not differ between two prompts that ask for the same film.

Owns `read` (a prompt becomes `Slots`), `key` (their canonical text) and `differences` (in words of film). Pure: no
model, no I/O, no imports of ours. Invariant: a content word is never dropped; recall comes from normal forms only.
"""

from storage.cache.slots.camera import CameraMove
from storage.cache.slots.differences import differences
from storage.cache.slots.reading import PROMPT_CHARS_MAX, read
from storage.cache.slots.shape import VERSION, Action, Slots, key

__all__ = ["PROMPT_CHARS_MAX", "VERSION", "Action", "CameraMove", "Slots", "differences", "key", "read"]
