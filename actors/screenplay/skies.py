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
from actors.screenplay.said_words import any_of, said_words
from actors.screenplay.statements import action_statements, line_statements
from actors.screenplay.vocabulary import words

Kind = Literal[
    "sun", "stars", "rain", "snow", "fog", "wind", "still", "dry", "clear", "bare", "turns",
    "spring", "summer", "autumn", "winter",  # said to be
    "of_spring", "of_summer", "of_autumn", "of_winter",  # seen, by what only that season has
]  # fmt: skip


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
_HIGH_SUN = (
    r"(?:blazing|bright|midday|noon|noonday|scorching|glaring|hot|harsh|fierce|blinding|baking|afternoon|desert)"
)
_SUN = re.compile(
    rf"^(?:(?:Shafts?|Beams?|Rays?|Slivers?|Bars?|Patches|Pools?) of {_LIGHT} {_FALLS}\b)|^(?:The |A |Bright "
    rf"|Harsh |Warm |Strong |Hot |Brilliant |Blinding |Midday |Noon |Afternoon )*(?:(?:midday|noon|noonday"
    rf"|afternoon|blazing"
    rf"|bright|hot|harsh|scorching|high|fierce|blinding|baking|desert|strong) )*"
    rf"(?:sun (?:beats down|blazes|shines|burns|glares|bakes|scorches|hangs high|is high|stands high|fills|pours|floods"
    rf"|streams|slants|hammers|pounds|dazzles|blinds|bleaches|glints|gleams|is directly overhead|is straight overhead"
    rf"|is at its height|stands? overhead|hangs? overhead)"
    rf"|{_LIGHT} (?:{_FALLS}|glints|gleams|dapples|dances|sparkles|fills|lights|catches|hits|strikes))\b"
    rf"|\b(?:against|into|in|under|beneath|squinting at|at) the {_HIGH_SUN} (?:sun|sunshine|sunlight|sky)\b"
    rf"|^(?:Bright|Brilliant|Blazing|Glorious|Dazzling|Harsh|Blinding) (?:sunshine|sunlight|sun)[.!]"
    rf"|\b(?:in|under) (?:bright|brilliant|blazing|dazzling|broad|full|harsh|blinding) (?:sunshine|sunlight|daylight)\b"
    rf"|^The bright (?:morning|midday|noon|afternoon) sky\b|\bsun-(?:drenched|baked|soaked|flooded)\b",
    re.IGNORECASE,
)
_STARS = re.compile(
    r"^(?:The |A |Bright |Pale |Cold |Countless |Thousands of |Millions of )*(?:(?:full|half|crescent|new"
    r"|gibbous|huge|yellow"
    r"|white|silver|bright|cold) )*(?:stars? (?:fill|glitter|twinkle|shine|cover|dot|wheel|blaze|prick|pierce"
    r"|glimmer|spangle"
    r"|speckle|hang|crowd|scatter|burn)\b[^.]{0,30}(?:\bsky\b|\bheavens\b|\boverhead\b|\babove\b)"
    r"|stars (?:glitter|twinkle|glimmer)[.!]"
    r"|Milky Way\b|(?:moonlight|starlight) (?:pours|streams|floods|falls|spills|slants|shines|filters|bathes"
    r"|washes|silvers"
    r"|glints|gleams|lies)\b"
    r"|(?:full |half |crescent )moon (?:hangs|shines|glows|glides|floats|lights|silvers|looms|gleams|stands)\b"
    r"|moon (?:shines|silvers|is full|is high|is up|hangs (?:high|low|over|above|in)|glows|lights)\b)"
    r"|\b(?:under|beneath) (?:the|a million|a thousand|countless|cold|bright) stars\b|\ba (?:sky|blanket"
    r"|canopy) (?:full )?of"
    r" stars\b|\b(?:under|beneath|by) (?:the|a) (?:full |half |crescent )?moon\b|\bstar-(?:filled|studded"
    r"|strewn) sky\b",
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

_WET = r"(?:rain|rainfall|drizzle|downpour|cloudburst|deluge|rainstorm|thunderstorm|raindrops|sleet)"
_RAIN = re.compile(
    rf"^(?:(?:The|A|An|Sheets of|Fat|Big) )?(?:[a-z-]+ )?(?:{_WET}) (?!check|barrel|gutter|stop|coat|jacket"
    rf"|dance|forest|date)"
    rf"(?:[a-z]+s|patter|splash|spatter|drum|is falling|is coming down)\b"
    rf"|^(?:It is|It['’]s) (?:raining|pouring|drizzling|bucketing|teeming)\b|^(?:Downpour|Cloudburst|Rain|Drizzle)[.!]"
    rf"|\b(?:in|through|into|against|under) (?:the |a )?(?:pouring|driving|lashing|torrential|heavy|cold"
    rf"|freezing|icy|steady"
    rf"|relentless|hammering|warm|fine|thin|sheeting|pelting) (?:rain|drizzle|downpour|sleet)\b|\bthrough the rain\b"
    rf"|\bin the rain\b",
    re.IGNORECASE,
)
_SNOW = re.compile(
    r"^(?:(?:The|A|Fresh|Deep|New) )?(?:[a-z-]+ )?(?:snow|snowflakes|flakes of snow|snowfall|blizzard|flurries)"
    r" (?!globe|cone|man|ball|plow|plough|mobile|suit|white)(?:[a-z]+s|fall|drift|swirl|whirl|dance|is falling)\b"
    r"|^(?:It is|It['’]s) snowing\b|^(?:Heavy|Thick|Deep) snow\b"
    r"|\b(?:through|in|into) (?:the )?(?:falling|driving|blinding|swirling|heavy) snow\b|\bknee-deep in snow\b",
    re.IGNORECASE,
)
_FOG = re.compile(
    r"^(?:Thick|Dense|Heavy) (?:fog|mist)\b|^(?:The |A )?(?:(?:thick|dense|heavy|grey|gray|white"
    r"|freezing) )*(?:fog|mist)"
    r" (?!machine|horn|light|lamp)(?:hangs|covers|lies|rolls|swallows|blots|hides|smothers|wraps|blankets"
    r"|cloaks|shrouds"
    r"|presses|closes in|is so thick)\b|\b(?:through|in) (?:the )?(?:thick|dense|heavy|swirling) (?:fog|mist)\b",
    re.IGNORECASE,
)
_WIND = re.compile(
    r"^(?:The |A |An )?(?:(?:cold|bitter|icy|fierce|strong|savage|violent|northerly) )*(?:wind|gale|squall|gusts?) "
    r"(?:howls?|screams?|roars?|tears|rips|whips|batters|blasts|lashes|shrieks?|hammers|buffets|bends|flattens|snatches)\b"
    r"|\b(?:in|into|against) (?:the |a )?(?:howling|screaming|fierce|gale-force|raging|strong) (?:wind|gale)\b",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"\b(?:not|without) a (?:breath|whisper|hint|puff) of (?:wind|air|breeze)\b|^No wind\b|\bdead calm\b"
    r"|^The (?:air|day"
    r"|night|sea|lake) is (?:perfectly |utterly |completely |dead )?(?:still|calm|windless|glassy)\b|\bwindless\b",
    re.IGNORECASE,
)
_DRY = re.compile(
    r"^(?:The |Its |His |Her )?(?:\w+ )?(?:is|are|lies) (?:bone[- ])?(?:dry|parched)\b|\bbone[- ]dry\b"
    r"|^(?:Dry )?Dust (?:rises|swirls|blows|hangs|puffs|billows)\b|\bparched (?:ground|earth|grass|soil)\b"
    r"|\b(?:ground|road|earth|street|pavement|tarmac|path) is (?:bare and |quite |perfectly )?dry\b"
    r"|\bcloud of dust\b|^Dry leaves (?:skitter|blow|crackle)",
    re.IGNORECASE,
)
_CLEAR = re.compile(
    r"^Not a cloud\b|\bcloudless\b|^(?:The sky|The sky above|Above, the sky) is (?:\w+ly )?(?:cloudless|clear"
    r"|blue|bright)\b"
    r"|^The (?:night|day|air) is (?:perfectly|crystal) clear\b|\b(?:clear|hard|bright|brilliant|perfect|deep"
    r"|pure|cobalt|azure)"
    r"(?:,)? blue sky\b|\bsky (?:is )?a (?:hard|clear|deep|perfect|brilliant|bright|flawless|cloudless) blue\b"
    r"|^(?:Brilliant|Bright|Glorious|Blazing|Dazzling) (?:sunshine|sunlight|sun)[.!]"
    r"|^(?:The |Bright |Brilliant |Hot )*(?:sun|sunlight|sunshine) (?:blazes|beats down|shines|bakes|pours"
    r"|streams|floods)\b"
    r"|\b(?:in|under) (?:bright|brilliant|blazing|dazzling|glorious) (?:sun|sunshine|sunlight)\b",
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


def _said(season: str) -> re.Pattern[str]:
    """A plain statement of the season: "It is the middle of winter", "High summer", "The first day of spring"."""
    opening = r"(?:It is|It['’]s|It was|This is|We are in|We['’]re in)"
    inside = (
        r"(?:a |an |the |in |deep |late |early |high |hot |warm |bright |cold |sweltering |golden |crisp |dead "
        r"|depths |height "
        r"|middle |heart |end |beginning |start |first |last |day |days |week |of |mid-?)*"
    )
    return re.compile(
        rf"^{opening} {inside}(?:mid)?{season}(?:['’]s)?\b(?! (?:school|camp|job|house|break|sale|collection|edition))"
        rf"|^(?:High|Mid|Late|Early|Deep)?[- ]?{season}[.,!]|^(?:The )?(?:first|last) (?:day|days|week|breath"
        rf"|morning) of {season}\b"
        rf"|^A (?:\w+ ){{0,2}}(?:mid)?{season}(?:['’]s)? (?:day|afternoon|morning|night|evening)\b"
        rf"|^(?:Mid)?{season} (?:heat|cold|sun|light|rain|wind) \w+s\b",
        re.IGNORECASE,
    )


_MONTH_DAY = (
    r"^(?:It is |It['’]s )?(?:A|An|One) (?:[\w-]+,? ){{0,3}}(?:{}) (?:day|morning|afternoon|evening|night|dawn|dusk)\b"
)


def _on_a_day_of(months: str) -> re.Pattern[str]:
    """A golden October afternoon."""
    return re.compile(_MONTH_DAY.format(months), re.IGNORECASE)


_SEASONS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("spring", _said("spring")),
    ("summer", _said("summer")),
    ("autumn", _said("(?:autumn|fall(?! (?:of|from|in)))")),
    ("winter", _said("winter")),
    ("spring", _on_a_day_of("April|May")),
    ("summer", _on_a_day_of("July|August")),
    ("autumn", _on_a_day_of("October|November")),
    ("winter", _on_a_day_of("January|February")),
)
_SIGNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("of_spring", re.compile(
        r"\b(?:cherry|apple|plum|almond|pear)?[- ]?(?:trees?|orchards?|branches|boughs)? ?(?:is"
        r"|are)? ?(?:in (?:full )?(?:blossom"
        r"|bloom))\b|^(?:Daffodils|Crocuses|Snowdrops|Bluebells|Tulips|Cherry blossoms?|Apple blossoms?|Lambs) [a-z]+\b"
        r"|\bblossom(?:s)? (?:drift|fall|float|line|cover)\w*", re.IGNORECASE)),
    ("of_summer", re.compile(
        r"\b(?:picks?|picking|gathers?|eats?) (?:\w+ )?(?:ripe )?(?:strawberries|raspberries|blackberries"
        r"|cherries|peaches)\b"
        r"|\bripe (?:wheat|corn|strawberries|cherries|peaches|tomatoes)\b|\bsunbath\w+|^Heat (?:shimmers"
        r"|ripples|rises)\b"
        r"|\bin the (?:sweltering|stifling|blistering) heat\b", re.IGNORECASE)),
    ("of_autumn", re.compile(
        r"^(?:(?:Autumn|Fallen|Dead|Golden|Russet|Red|Brown|Orange) )(?:and \w+ )?leaves (?:drift|fall|swirl"
        r"|carpet|blow|litter"
        r"|cover|skitter|spin|lie)\w*|\brakes? (?:the )?(?:\w+ )?leaves\b|\bleaves (?:have|are) turn(?:ed"
        r"|ing) (?:red|gold"
        r"|brown|yellow)\b", re.IGNORECASE)),
    ("of_winter", re.compile(
        r"\b(?:frost|hoarfrost|icicles) (?:covers?|glitters?|glistens?|hangs?|hang|coats?|whitens?|rims?"
        r"|sparkles?|lies|furs)\b"
        r"|\bscrapes? (?:the )?(?:frost|ice) (?:off|from)\b|\b(?:pond|lake|river|canal) (?:is|has) (?:frozen"
        r"|iced)(?: over| solid)?\b"
        r"|\bskates? (?:on|across|over) the (?:frozen )?(?:pond|lake|river|canal)\b", re.IGNORECASE)),
)  # fmt: skip
_SUMMER_MONTH = re.compile(r"\b(?:JUNE|JULY|AUGUST)\b(?!\s+(?:\w+\s+)?(?:RUSH|WILSON))", re.IGNORECASE)
_WINTER_MONTH = re.compile(r"\b(?:DECEMBER|JANUARY|FEBRUARY)\b", re.IGNORECASE)
# South of the line, or where it hardly matters.
_SOUTHERN = re.compile(
    r"\b(?:AUSTRALIA|SYDNEY|MELBOURNE|PERTH|BRISBANE|ADELAIDE|NEW ZEALAND|AUCKLAND|WELLINGTON|SOUTH AFRICA|CAPE TOWN"
    r"|JOHANNESBURG|ARGENTINA|BUENOS AIRES|CHILE|SANTIAGO|BRAZIL|RIO|SAO PAULO|PERU|LIMA|BOLIVIA|URUGUAY"
    r"|PARAGUAY|PATAGONIA"
    r"|ANTARCTIC\w*|NAMIBIA|ZIMBABWE|MADAGASCAR|TASMANIA|KENYA|NAIROBI|SINGAPORE|INDONESIA|HAWAII|FLORIDA|MIAMI|CALIFORNIA"
    r"|LOS ANGELES|DUBAI|INDIA|MUMBAI|EQUATOR|OUTBACK)\b",
    re.IGNORECASE,
)
_HIGH = re.compile(
    r"\b(?:MOUNTAINS?|ALPS?|PEAK|SUMMIT|GLACIER|HIMALAYAS?|ANDES|POLE|PASS|VOLCANO|RIDGE)\b", re.IGNORECASE
)
_TITLE = re.compile(r"(?:SUPER|TITLE|CHYRON|CAPTION|LEGEND|CARD)[^:\n]{0,20}:", re.IGNORECASE)
_SKY_WORDS: frozenset[str] = words(
    """
    sun sunlight sunshine sunbeam sunbeams stars star moon moonlight milky rain raining pouring drizzling downpour
    cloudburst snow snowing snowflakes flakes flurries blizzard fog mist wind gale squall gust gusts still calm
    windless breath air drizzle sleet deluge rainstorm thunderstorm raindrops daylight starlight dry dust parched
    cloud cloudless sky clear bare green summer midsummer winter midwinter spring autumn fall frost hoarfrost icicles
    frozen iced skates skate ice leaves blossom blossoms bloom daffodils crocuses snowdrops bluebells tulips lambs ripe
    strawberries raspberries blackberries cherries peaches heat sunbathes sunbathing sunbathe april may june july august
    october november december january february
    """
)
_LIGHT_WORDS = words("sun sunlight sunshine sunbeam sunbeams stars star moon moonlight starlight milky daylight sky")
_MONTHS = words("june july august december january february")
_UNLIKE = re.compile(
    r"\b(?:globe|cone|angel|machine|bullets|arrows|blows|confetti|ash|petals|feathers|paper|plastic|fake)\b",
    re.IGNORECASE,
)

_SEASONED = (*_SEASONS, *_SIGNS)
_SKIES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("sun", _SUN),
    ("stars", _STARS),
    ("rain", _RAIN),
    ("snow", _SNOW),
    ("fog", _FOG),
    ("wind", _WIND),
    ("still", _STILL),
    ("dry", _DRY),
    ("clear", _CLEAR),
    ("bare", _BARE),
)


_TRIGGERS: dict[Kind, frozenset[str]] = {
    "sun": words("sun sunlight sunshine sunbeam sunbeams daylight sky"),
    "stars": words("stars star sky moon moonlight starlight milky"),
    "rain": words(
        "rain raining pouring drizzling drizzle downpour cloudburst deluge rainstorm thunderstorm raindrops sleet"
    ),
    "snow": words("snow snowing snowflakes flakes blizzard flurries"),
    "fog": words("fog mist"),
    "wind": words("wind gale squall gust gusts"),
    "still": words("wind calm still windless breath air"),
    "dry": words("dry dust parched leaves"),
    "clear": words("cloud cloudless sky clear sun sunlight sunshine"),
    "bare": words("bare green"),
}
"""A word of its own, without which a kind of sky is not told."""
_LETTERS = re.compile(r"[a-z]+")
_SEASON_WORDS = words("spring summer midsummer autumn fall winter midwinter")
_SEASONAL = _SEASON_WORDS | words(
    """
    april may july august october november january february blossom blossoms bloom daffodils crocuses snowdrops
    bluebells tulips lambs ripe strawberries raspberries blackberries cherries peaches heat leaves frost icicles
    hoarfrost ice frozen skate skates iced sunbathes sunbathing sunbathe
    """
)
_SEASON_HINT = re.compile(r"\b(?:mid)?(?:spring|summer|autumn|winter)\b", re.IGNORECASE)


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
    for line in () if said.isdisjoint(_SEASON_WORDS) else line_statements(script, scene, str, _SEASON_HINT):
        if not (line.asks or line.elsewhere or _NO_WEATHER.search(line.text)):
            yield from (SkyTold(season, line.span) for season, pattern in _SEASONS if pattern.search(line.text))
    for statement in action_statements(script, scene, str, any_of(said & _SKY_WORDS)):
        text = statement.text
        here = _SKY_WORDS.intersection(_LETTERS.findall(text.lower()))
        if statement.asks or _UNLIKE.search(text):
            continue
        turned = _TURNS.search(text)
        if turned is not None:
            yield SkyTold("turns", statement.span)
        for season, pattern in _SEASONED if here & _SEASONAL else ():
            if pattern.search(text) and not _NO_WEATHER.search(text):
                yield SkyTold(season, statement.span)
        for kind, pattern in _SKIES:
            if here.isdisjoint(_TRIGGERS[kind]):
                continue
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
    """A month of summer or of winter, of the heading or a title: of the north, unless a place of the south is named."""
    heading = scene.heading
    if heading is None or _HIGH.search(heading.text):
        return
    titles = [action for action in scene.actions if _TITLE.match(action.text)]
    place = " ".join((heading.text, *(title.text for title in titles)))
    if _SOUTHERN.search(place):
        return
    for text, span in ((heading.text, heading.span), *((title.text, title.span) for title in titles)):
        if _SUMMER_MONTH.search(text):
            yield SkyTold("summer", span)
        elif _WINTER_MONTH.search(text):
            yield SkyTold("winter", span)
