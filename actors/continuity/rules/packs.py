"""The rule packs the engine runs, in the order in which their findings are listed within a scene."""

from __future__ import annotations

from actors.continuity.rules import happened, observed
from actors.continuity.rules.counts import Counts
from actors.continuity.rules.dates import Dates
from actors.continuity.rules.direction import Direction
from actors.continuity.rules.laws import Laws
from actors.continuity.rules.pack import AnyPack
from actors.continuity.rules.personality import Personality
from actors.continuity.rules.setups import Setups
from actors.continuity.rules.skies import Skies
from actors.continuity.rules.style import Style
from actors.continuity.rules.surroundings import Surroundings

PACKS: tuple[AnyPack, ...] = (
    happened,
    Personality(),
    Dates(),
    Skies(),
    Counts(),
    Laws(),
    Direction(),
    Setups(),
    Style(),
    Surroundings(),
    observed,
)
