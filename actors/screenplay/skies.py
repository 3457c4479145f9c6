"""What action says of the sky: sun, stars, rain, dry ground, snow; and a season that a scene states.

Invariant: only a plain sentence counts, with the sky as its subject; a picture, a wish, a memory, a comparison, a lamp
is no sky. A scene in whose words time passes (dawn, a dissolve, "hours later") tells no light. Pure; feeds the rules
`light_mismatch`, `weather_break` and `season_mismatch`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import action_statements
from actors.screenplay.vocabulary import words

Kind = Literal["sun", "stars", "rain", "snow", "fog", "dry", "clear", "bare", "summer", "turns"]


@dataclass(frozen=True, slots=True)
class SkyTold:
    """``turns``: words after which weather may be another. ``place``: for a summer month, that it is a northern one."""

    kind: Kind
    span: Span


_LIGHT = r"(?:sunlight|sunshine|sunbeams?)"
_FALLS = (
    r"(?:cuts?|pours?|streams?|falls?|slants?|pierces?|floods|spills|blazes|glares|beams|shines|filters|washes|bathes"
    r"|warms)"
)
_SUN = re.compile(
    rf"^(?:(?:Shafts?|Beams?|Rays?|Slivers?|Bars?|Patches|Pools?) of {_LIGHT} {_FALLS}\b)|^(?:The |A |Bright "
    rf"|Harsh |Warm |Strong |Hot )*(?:(?:midday|noon|noonday|afternoon|blazing|bright|hot"
    rf"|harsh|scorching|high) )*"
    rf"(?:sun (?:beats down|blazes|shines|burns|glares|bakes|scorches|hangs high|is high|stands high)"
    rf"|{_LIGHT} {_FALLS})\b"
    r"|\b(?:against|into|in|under) the (?:blazing|bright|midday|noon|scorching|glaring|hot) (?:sun|sunshine"
    r"|sunlight)\b",
    re.IGNORECASE,
)
_STARS = re.compile(
    r"^(?:The |A |Bright |Pale )*(?:(?:full|half) )?(?:stars? (?:fill|glitter|twinkle|shine|cover|dot|wheel"
    r"|blaze)\b[^.]{0,30}(?:\bsky\b|\bheavens\b|\boverhead\b)|stars (?:glitter|twinkle)[.!]"
    r"|Milky Way\b|moonlight (?:pours|streams|floods|falls|spills|slants|shines|filters|bathes|washes)\b|moon shines\b)"
    r"|\b(?:under|beneath) (?:the|a million|a thousand) stars\b|\ba (?:sky|blanket) (?:full )?of stars\b",
    re.IGNORECASE,
)
_NO_SKY = re.compile(
    r"\b(?:tv|television|screen|monitor|film|movie|video|projection|projected|poster|painting|paintings|mural"
    r"|photo\w*|picture|postcard"
    r"|map|book|story|stories|dreams?|dreaming|remembers?|memory|imagin\w+|as if|as though|like|seems?|lamps?"
    r"|artificial|simulat\w+"
    r"|hologra\w+|virtual|glow-in-the-dark|ceiling|dome|no|not|never|without|nor|would|will|could|might|may|if"
    r"|until|wait\w*|waiting"
    r"|midnight sun|porthole|space|planet\w*|orbit|tomorrow|yesterday|recall\w*|wishes|rock|movie|film|pop|porn"
    r"|hollywood|stage"
    r"|spotlights?|floodlights?|neon|song|sings|poem|flag|tattoo\w*|sticker|drawing|drawn|toy|costume"
    r"|pale|faint|morning|dawn|sunrise|rises|rising|rose|setting|sets|sunset|dusk|twilight|evening|night falls"
    r"|darkness)\b",
    re.IGNORECASE,
)
_TIME_PASSES = re.compile(
    r"\b(?:dawn|morning|sunrise|daybreak|first light|sunset|dusk|twilight|nightfall|night falls|sun (?:sets"
    r"|rises|sinks|comes up|goes down|is setting"
    r"|is rising)|dissolve|match cut|time ?-?lapse|montage|series of shots|hours?|days?|weeks?|months?|years?"
    r"|later|meanwhile|flash\w*|intercut|cut to|fade"
    r"|eclipse|next day|time passes|super|dream\w*|vision|fantasy|day (?:for|turns?)|day breaks|begin|b-roll"
    r"|footage|imagin\w+|blinds|curtains drawn)\b",
    re.IGNORECASE,
)
_ODD_PLACE = re.compile(
    r"\b(?:space|spaceship|starship|ship'?s bridge|shuttle|orbit|planet\w*|moon|mars|asteroid|satellite"
    r"|observatory|theat(?:er|re)|studio|sound ?stage|stage|set"
    r"|simulation|simulator|holodeck|virtual|vr|arctic|antarctic\w*|alaska|lapland|norway|iceland|finland|cape"
    r"|pole|plane|airplane|jet|cabin of|underwater"
    r"|heaven|hell|void|limbo|dream\w*|mind|memory|game|various|montage|world|dimension|realm|video|screen|tv)\b",
    re.IGNORECASE,
)
_TWO_TIMES = re.compile(
    r"\b(?:day|morning|afternoon|noon)\b.*\bnight\b|\bnight\b.*\b(?:day|morning|afternoon|dawn)\b|\b(?:later"
    r"|intercut|various|evening|dusk|dawn|sunset|sunrise)\b",
    re.IGNORECASE,
)

_RAIN = re.compile(
    r"^(?:The |A |Heavy |Cold |Torrential |Hard |Thunder\. )*(?:rain (?:pours|hammers|lashes|pelts|beats|drums"
    r"|falls|is falling|pounds|sheets|comes down)\b"
    r"|it is (?:raining|pouring)\b|it['’]s (?:raining|pouring)\b|(?:downpour|cloudburst)\b)|^(?:In"
    r"|Through) (?:the )?(?:pouring|driving) rain\b",
    re.IGNORECASE,
)
_SNOW = re.compile(
    r"^(?:The |A |Heavy |Thick |Fresh |Deep )*(?:snow (?:falls|is falling|covers|blankets|drifts|swirls|lies"
    r"|whirls)\b|blizzard (?:howls|rages|blows)\b"
    r"|it is snowing\b|it['’]s snowing\b|snowflakes (?:fall|drift|swirl)\b)",
    re.IGNORECASE,
)
_FOG = re.compile(
    r"^(?:Thick|Dense|Heavy) fog\b|^A (?:thick|dense|heavy) fog (?:hangs|covers|lies|rolls)\b", re.IGNORECASE
)
_DRY = re.compile(
    r"^(?:The |Its |His |Her )?(?:\w+ )?(?:is|are|lies) (?:bone[- ])?(?:dry|parched)\b|\bbone[- ]dry\b"
    r"|^Dust (?:rises|swirls|blows|hangs)\b|\bparched (?:ground|earth)\b"
    r"|\b(?:ground|road|earth|street) is (?:bare and )?dry\b",
    re.IGNORECASE,
)
_CLEAR = re.compile(
    r"^Not a cloud in the sky\b|^A cloudless\b|^The sky is (?:cloudless|clear|perfectly clear|blue)\b"
    r"|^The (?:night|day|air) is (?:perfectly|crystal) clear\b",
    re.IGNORECASE,
)
_BARE = re.compile(r"\bground is bare\b|^The (?:fields?|grass|ground) (?:is|are) (?:bare|green)\b", re.IGNORECASE)
_TURNS = re.compile(
    r"\b(?:stops?|stopped|ends|ended|lifts?|lifted|clears|cleared|ceases?|ceased|lets? up|eases|passes|passed"
    r"|(?:is|are) over|no longer|gone|melt\w*|thaw\w*"
    r"|shelter\w*|awning|inside|indoors|covered|tunnel|underpass|canopy|roof|garage|porch|begins|starts|later"
    r"|hours?|sprinkler\w*|hose|rain machine"
    r"|breaks through|parts|dries|dried|umbrella)\b",
    re.IGNORECASE,
)
_SUMMER = re.compile(
    r"^It is (?:a )?(?:hot |warm |bright |late |high |sweltering )*(?:mid)?summer\b|^It['’]s (?:a )?(?:hot "
    r"|warm |bright )*(?:mid)?summer\b"
    r"|^(?:High|Mid) ?summer\b|^A (?:hot|sweltering|scorching) (?:mid)?summer(?:['’]s)? (?:day|afternoon"
    r"|morning|night)\b",
    re.IGNORECASE,
)
_SUMMER_MONTH = re.compile(r"\b(?:JUNE|JULY|AUGUST)\b(?!\s+(?:\w+\s+)?(?:RUSH|WILSON))")
_NORTHERN = re.compile(
    r"\b(?:SWEDEN|STOCKHOLM|ENGLAND|LONDON|SCOTLAND|IRELAND|DUBLIN|FRANCE|PARIS|GERMANY|BERLIN|MUNICH|ITALY"
    r"|ROME|SPAIN|MADRID|PORTUGAL"
    r"|LISBON|POLAND|WARSAW|DENMARK|COPENHAGEN|NETHERLANDS|AMSTERDAM|BELGIUM|BRUSSELS|VIENNA|BUDAPEST|PRAGUE"
    r"|GREECE|ATHENS|NEW YORK|BROOKLYN"
    r"|MANHATTAN|BOSTON|CHICAGO|TEXAS|FLORIDA|MIAMI|GEORGIA|OHIO|VIRGINIA|CALIFORNIA|LOS ANGELES|SAN FRANCISCO"
    r"|SEATTLE|KANSAS|IOWA"
    r"|NEW JERSEY|WASHINGTON|PHILADELPHIA|TORONTO|MONTREAL|TOKYO|BEIJING|SEOUL|DELHI|CAIRO|MOSCOW|KYIV|ISTANBUL)\b"
)
_HIGH = re.compile(
    r"\b(?:MOUNTAINS?|ALPS?|PEAK|SUMMIT|GLACIER|HIMALAYAS?|ANDES|POLE|PASS|VOLCANO|RIDGE)\b", re.IGNORECASE
)
_TITLE = re.compile(r"(?:SUPER|TITLE|CHYRON|CAPTION|LEGEND|CARD)[^:\n]{0,20}:", re.IGNORECASE)
_HINT = re.compile(
    r"\b(?:sun|sunlight|sunshine|sunbeams?|stars|moon|moonlight|milky|rain|raining|pouring|downpour|cloudburst"
    r"|snow|snowing|snowflakes"
    r"|blizzard|fog|dry|dust|parched|cloud|cloudless|sky|clear|bare|green|summer|midsummer)\b",
    re.IGNORECASE,
)
_SKY_WORDS = words(
    """
    sun sunlight sunshine sunbeam sunbeams stars star moon moonlight milky rain raining pouring downpour cloudburst snow
    snowing snowflakes blizzard fog dry dust parched cloud cloudless sky clear bare green summer midsummer june july
    august
    """
)
_LIGHT_WORDS = words("sun sunlight sunshine sunbeam sunbeams stars star moon moonlight milky")
_MONTHS = words("june july august")
_UNLIKE = re.compile(
    r"\b(?:globe|cone|angel|machine|bullets|arrows|blows|confetti|ash|petals|feathers|paper|plastic|fake)\b",
    re.IGNORECASE,
)

_SKIES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("sun", _SUN),
    ("stars", _STARS),
    ("rain", _RAIN),
    ("snow", _SNOW),
    ("fog", _FOG),
    ("dry", _DRY),
    ("clear", _CLEAR),
    ("bare", _BARE),
    ("summer", _SUMMER),
)


def skies_in(script: str, scene: Breakdown) -> Iterator[SkyTold]:
    """By position."""
    heading = scene.heading
    said = said_words(script)
    if heading is None or said.isdisjoint(_SKY_WORDS) or _ODD_PLACE.search(heading.text):
        return
    lit = (
        not said.isdisjoint(_LIGHT_WORDS)
        and not _TWO_TIMES.search(heading.text)
        and not _TIME_PASSES.search(script, heading.span.end)
    )
    if not said.isdisjoint(_MONTHS):
        yield from _month(scene)
    for statement in action_statements(script, scene, str, _HINT):
        text = statement.text
        if statement.asks or _UNLIKE.search(text):
            continue
        turned = _TURNS.search(text)
        if turned is not None:
            yield SkyTold("turns", statement.span)
        for kind, pattern in _SKIES:
            if kind in ("sun", "stars"):
                if lit and pattern.search(text) and not _NO_SKY.search(text):
                    yield SkyTold(kind, statement.span)
            elif turned is None and pattern.search(text) and not _NO_WEATHER.search(text):
                yield SkyTold(kind, statement.span)


_NO_WEATHER = re.compile(
    r"\b(?:tv|television|screen|monitor|film|movie|video|poster|painting|photo\w*|picture|postcard|book|story"
    r"|dreams?|remembers?|memory"
    r"|imagin\w+|as if|as though|like|seems?|if|would|will|could|might|may|mouth|lips|throat|humou?r|eyes|never"
    r"|glass|cheeks)\b",
    re.IGNORECASE,
)


def _month(scene: Breakdown) -> Iterator[SkyTold]:
    """A northern summer month: of the heading or a title, with its place beside it."""
    heading = scene.heading
    if heading is None or _HIGH.search(heading.text):
        return
    titles = [action for action in scene.actions if _TITLE.match(action.text)]
    place = " ".join((heading.text, *(title.text for title in titles)))
    if not _NORTHERN.search(place.upper()):
        return
    if _SUMMER_MONTH.search(heading.text):
        yield SkyTold("summer", heading.span)
    for title in titles:
        if _SUMMER_MONTH.search(title.text):
            yield SkyTold("summer", title.span)
