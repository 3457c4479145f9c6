"""The embedded animatic renderer: a 2.5D stage drawn from a shot's slots.

Path of a frame: slots → `framing` (numbers) and `light` (colours) → `sets`, `actors`, `props` paint planes on
`canvas` once a shot → `stage` moves and blends them under `camera` → `weather`, vignette, bars with `captions`. Start
at `backend`.
"""

from gpu.video.animatic.backend import AnimaticBackend
from gpu.video.animatic.captions import can_burn

__all__ = ["AnimaticBackend", "can_burn"]
