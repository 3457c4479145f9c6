"""The rule packs the engine runs, in the order in which their findings are listed within a scene."""

from __future__ import annotations

from actors.continuity.rules import happened
from actors.continuity.rules.pack import AnyPack

PACKS: tuple[AnyPack, ...] = (happened,)
