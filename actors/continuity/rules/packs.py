"""The rule packs the engine runs, in the order in which their findings are listed within a scene."""

from __future__ import annotations

from actors.continuity.rules import happened
from actors.continuity.rules.dates import Dates
from actors.continuity.rules.pack import AnyPack
from actors.continuity.rules.personality import Personality
from actors.continuity.rules.skies import Skies

PACKS: tuple[AnyPack, ...] = (happened, Personality(), Dates(), Skies())
