"""Which set a place name means. Words decide; an unknown name falls to a generic set chosen from the name itself.

Invariant: the same place name gives the same set and the same details in every shot (the seed of its details is the
name and the request's seed, never the shot), so cutting between sizes stays in one room.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from zlib import crc32

from gpu.video.animatic import exteriors as ext
from gpu.video.animatic import interiors as int_
from gpu.video.animatic.scenery import Scenery

Set = Callable[[Scenery], None]

_INTERIOR: tuple[tuple[str, str, Set], ...] = (
    ("car", "car taxi cab van truck cockpit limousine", int_.car),
    ("train", "train subway metro bus tram carriage compartment plane airplane cabin ferry wagon", int_.train),
    ("kitchen", "kitchen pantry scullery bakery galley cuisine cocina küche", int_.kitchen),
    ("bedroom", "bedroom dormitory motel hotel nursery suite chambre dormitorio", int_.bedroom),
    ("hospital", "hospital clinic ward surgery laboratory lab morgue infirmary ambulance emergency", int_.hospital),
    ("classroom", "school classroom class university college lecture auditorium gym gymnasium", int_.classroom),
    ("church", "church chapel cathedral temple mosque monastery crypt castle throne palace", int_.church),
    ("bar", "bar pub club nightclub saloon tavern restaurant cafe café diner casino theatre theater cinema", int_.bar),
    ("office", 
        "office boardroom newsroom studio station "
        "precinct headquarters agency bank court courtroom control", int_.office),
    ("shop", "shop store market supermarket bookstore library pharmacy boutique mall", int_.shop),
    ("warehouse", 
        "warehouse factory garage basement cellar barn "
        "hangar bunker attic workshop dungeon mine cave", int_.warehouse),
    ("corridor", 
        "corridor hall hallway lobby stairwell stairs "
        "elevator lift prison cell jail tunnel passage ship spaceship", int_.corridor),
    ("living", "living lounge house home apartment flat den parlor parlour loft cabin cottage salon", int_.living),
)  # fmt: skip

_EXTERIOR: tuple[tuple[str, str, Set], ...] = (
    ("rooftop", "rooftop roof terrace balcony skyscraper tower", ext.rooftop),
    ("alley", "alley alleyway backstreet lane slum", ext.alley),
    ("beach", "beach shore coast seaside ocean sea island bay lagoon", ext.beach),
    ("harbour", "harbour harbor dock docks port pier marina wharf river lake bridge boat ship deck", ext.harbour),
    ("forest", "forest woods wood jungle grove rainforest swamp clearing trail", ext.forest),
    ("desert", "desert dunes dune canyon wasteland mesa planet mars", ext.desert),
    ("mountain", "mountain mountains cliff ridge summit peak hill valley glacier cave ravine", ext.mountain),
    ("park", "park playground campus square plaza cemetery graveyard stadium", ext.park),
    ("garden", 
        "garden yard backyard courtyard house home "
        "cottage mansion porch villa school church hospital", ext.garden),
    ("field", "field farm meadow prairie barn ranch countryside road highway camp village", ext.field),
    ("street", 
        "street city town avenue market sidewalk corner "
        "downtown boulevard parking bar shop store office cafe", ext.street),
)  # fmt: skip

_GENERIC_INTERIOR = ("living", "corridor", "office", "warehouse")
_GENERIC_EXTERIOR = ("street", "park", "field", "mountain")


def _words(place: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", place).casefold()
    return re.findall(r"[^\W_]+", folded)


def set_name(place: str, interior: bool) -> str:
    """The name of the set that stands for a place."""
    words = _words(place)
    table = _INTERIOR if interior else _EXTERIOR
    # The last word that means something wins: "hotel kitchen" is a kitchen.
    for word in reversed(words):
        stem = word[:-1] if word.endswith("s") and len(word) > 3 else word
        for name, keys, _ in table:
            if word in keys.split() or stem in keys.split():
                return name
    generic = _GENERIC_INTERIOR if interior else _GENERIC_EXTERIOR
    return generic[crc32(" ".join(words).encode()) % len(generic)]


def set_of(place: str, interior: bool) -> Set:
    """The painter of a place."""
    name = set_name(place, interior)
    return next(paint for key, _, paint in (_INTERIOR if interior else _EXTERIOR) if key == name)


def set_names(interior: bool) -> tuple[str, ...]:
    """All sets of a kind."""
    return tuple(name for name, _, _ in (_INTERIOR if interior else _EXTERIOR))
