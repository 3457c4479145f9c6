"""What the story says somebody never does or cannot do, what they do all the same, and what takes such a word back.

Invariant: a trait is read from a plain statement with its subject at the head ("MARA, who never drinks", "I'm a
vegetarian", "Tomas can't swim"), a deed from a plain clause of action with an explicit object; wishes, questions,
attempts and comparisons are neither. Pure; feeds the rule `personality_contradiction`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.names import NO_NAMES, plausible_name
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import Statement, action_statements, line_statements
from actors.screenplay.vocabulary import words

Role = Literal["trait", "deed", "undone"]


@dataclass(frozen=True, slots=True)
class TraitTold:
    """``trait`` names what is told of ``who`` ("" for anybody: a lesson, a miracle). ``own``: their own word for it."""

    role: Role
    who: str
    trait: str
    span: Span
    own: bool = False


_ALCOHOL = (
    r"whiske?y|beers?|wine|vodka|gin|rum|bourbon|brandy|champagne|tequila|scotch|cognac|martinis?|cocktails?|ale|cider"
    r"|sake|absinthe|prosecco|sherry|schnapps|moonshine|mezcal|margaritas?|daiquiris?|liquor|booze"
)
_MEAT = (
    r"t-bones?|sirloin|rib-?eye|fillet|roast beef|lamb|pork chops?|duck|goose|pheasant|prosciutto|chorizo|mince"
    r"|meatloaf"
    r"|liver|kidneys?|spare ribs|wings|schnitzel|goulash|pastrami|jerky|steaks?|(?:ham|cheese)?burgers?|bacon"
    r"|chicken|sausages?|ham|beef|pork|lamb chops?|ribs|hot ?dogs?|meatballs?"
    r"|veal|turkey|meat|pepperoni|salami|kebabs?|venison|brisket|drumsticks?"
)
_DAIRY = r"milk|cheese|eggs?|omelette|omelet|butter|ice cream|yogh?urt|milkshake|cream"
_FOODS: dict[str, str] = {
    "peanut": r"peanuts?|peanut butter",
    "nut": r"(?:pea|wal|hazel)?nuts?|almonds?|cashews?|pecans?|pistachios?|peanut butter",
    "shellfish": r"lobsters?|shrimps?|crabs?|prawns?|oysters?|mussels?|clams?|scallops?|shellfish",
    "seafood": r"lobsters?|shrimps?|crabs?|prawns?|oysters?|mussels?|clams?|salmon|tuna|seafood",
    "egg": r"eggs?|omelette|omelet",
    "milk": r"milk|milkshake|ice cream|cheese|cream",
    "dairy": _DAIRY,
    "fish": r"fish|salmon|tuna|cod|trout|sardines?",
    "strawberry": r"strawberr(?:y|ies)",
    "chocolate": r"chocolates?",
    "gluten": r"bread|toast|pasta|sandwich(?:es)?|croissants?",
    "wheat": r"bread|toast|pasta|sandwich(?:es)?|croissants?",
    "alcohol": _ALCOHOL,
}
_ALLERGENS = (
    r"(?P<food>peanut|nut|shellfish|seafood|egg|milk|dairy|fish|strawberr(?:y|ie)|chocolate|gluten|wheat|alcohol)"
)
_STOP = r"(?=\s*(?:[.,;!…]|—|--|$|any ?more\b|at all\b|since\b|years ago\b))"
_NEVER = r"(?:never|do(?:es)?n['’]t|do(?:es)? not)"

# What follows "I", "I'm", a name, "NAME, who …": each names its trait. The order is that of telling them apart.
_HABITS: tuple[tuple[str, str], ...] = (
    ("alcohol", rf"{_NEVER} (?:drinks?|touch(?:es)? (?:alcohol|liquor|a drop)|drinks? alcohol){_STOP}"),
    ("alcohol", rf"(?:gave up|quit|stopped) (?:drinking|alcohol){_STOP}"),
    ("smoke", rf"{_NEVER} (?:smokes?|touch(?:es)?)(?: cigarettes| tobacco)?{_STOP}"),
    ("smoke", rf"(?:has |have )?never (?:smoked|lit a cigarette)(?: in (?:his|her|my) (?:whole )?life)?{_STOP}"),
    (
        "alcohol",
        rf"(?:has |have )?never (?:drunk|tasted|touched) (?:alcohol|liquor|a drop|spirits)"
        rf"(?: in (?:his|her|my) (?:whole )?life)?{_STOP}",
    ),
    (
        "alcohol",
        rf"(?:hasn['’]t|haven['’]t) (?:had a drink|touched a drop)(?: (?:in|for|since) [\w -]{{2,24}})?{_STOP}",
    ),
    ("smoke", rf"(?:gave up|quit|stopped) smoking{_STOP}"),
    ("meat", rf"{_NEVER} eats? meat{_STOP}"),
    (
        "swim",
        rf"(?:can['’]t|cannot|can not|(?:has |have )?never learn(?:ed|t) (?:how )?to"
        rf"|{_NEVER}) swim(?: a stroke)?{_STOP}",
    ),
    ("read", rf"can['’]t read (?:or write|a word){_STOP}"),
    ("drive", rf"(?:{_NEVER}|(?:has |have )?never learn(?:ed|t) (?:how )?to) drive{_STOP}"),
    ("read", rf"(?:cannot|(?:has |have )?never learn(?:ed|t) (?:how )?to) read(?: or write)?{_STOP}"),
    ("walk", rf"uses a wheelchair{_STOP}|will never walk again{_STOP}"),
    ("hands", rf"has (?:only|just) one (?:arm|hand){_STOP}"),
    ("legs", rf"has (?:only|just) one leg{_STOP}"),
)
_A = r"(?:an? )?(?:\w+ )?"
_STATES: tuple[tuple[str, str], ...] = (
    ("vegan", rf"{_A}vegan{_STOP}"),
    ("meat", rf"{_A}vegetarian{_STOP}"),
    ("alcohol", rf"{_A}teetotal(?:l?er)?{_STOP}"),
    ("alcohol", rf"(?:been )?sober (?:for|since) [\w -]{{2,24}}{_STOP}|a recovering alcoholic{_STOP}"),
    ("smoke", rf"{_A}non-?smoker{_STOP}"),
    ("mute", rf"(?:a )?(?:mute(?: since \w+| from birth)?|mute (?:boy|girl|man|woman|child)){_STOP}"),
    ("deaf", rf"(?:a )?(?:deaf(?: since \w+| from birth)?|deaf (?:boy|girl|man|woman|child)){_STOP}"),
    ("blind", rf"(?:a )?(?:blind(?: since \w+| from birth)?|blind (?:boy|girl|man|woman|child)){_STOP}"),
    ("read", rf"illiterate{_STOP}"),
    ("walk", rf"(?:a )?paraplegic{_STOP}|paraly[sz]ed from the waist down{_STOP}"),
    ("right_hand", rf"(?:a )?left-handed(?: \w+){{0,1}}(?: of \w+)?{_STOP}"),
    ("left_hand", rf"(?:a )?right-handed(?: \w+){{0,1}}(?: of \w+)?{_STOP}"),
    ("hands", rf"(?:a )?one-armed(?: \w+)?{_STOP}"),
    ("legs", rf"(?:a )?one-legged(?: \w+)?{_STOP}"),
    ("heights", rf"(?:deathly |absolutely )?(?:afraid|terrified|scared|petrified) of heights{_STOP}"),
    ("alcohol", rf"(?:a )?(?:strict |lifelong )?(?:abstainer|non-?drinker){_STOP}|(?:been )?on the wagon{_STOP}"),
    ("allergy", rf"(?:deathly |severely |very )?allergic to {_ALLERGENS}(?:e?s)?{_STOP}"),
)
_HABIT = [(trait, re.compile(pattern, re.IGNORECASE)) for trait, pattern in _HABITS]
_STATE = [(trait, re.compile(pattern, re.IGNORECASE)) for trait, pattern in _STATES]
_IS = re.compile(r"(?:\s+(?:is|has been|has always been)|['’]s)\s+", re.IGNORECASE)
_COMMA = re.compile(r"\s*(?:\([^()]{0,20}\))?,\s*(?:\d\d?,\s*)?(?:who\s+(?:is\s+)?)?")
_I_AM = re.compile(r"(?:(?:No|Sorry|Thanks|Thank you|But|And)[,.]?\s+)?I(?:['’]m| am)\s+", re.IGNORECASE)
_I = re.compile(r"(?:(?:No|Sorry|Thanks|Thank you|But|And)[,.]?\s+)?I\s+(?:have\s+)?", re.IGNORECASE)
_HAS = re.compile(r"\s+(?:also\s+)?")

_EATS = (
    r"(?:eats|chews(?: on)?|devours|swallows|wolfs(?: down)?|bites into|gobbles(?: down| up)?|munches(?: on)?|finishes"
    r"|tears into|digs into|tucks into|nibbles(?: at| on)?|gnaws(?: at| on)?|tastes|samples|polishes off|scoffs"
    r"|takes a bite (?:of|from|out of)|helps (?:herself|himself) to|stuffs (?:herself|himself) with|snacks on"
    r"|feasts on|saws into|cuts into|carves into|slices into|sinks (?:his|her) teeth into|spears|forks (?:up"
    r"|in)|shovels in"
    r"|attacks|demolishes|scarfs(?: down)?|pops|crunches(?: on| into)?|chomps(?: on| into)?|stabs|picks at|inhales)"
)
_DRINKS = (
    r"(?:drinks|downs|sips(?: at| on| from)?|gulps(?: down)?|swallows|knocks back|drains|swigs|chugs|swills|throws back"
    r"|cracks(?: open)?|pops open|tosses back|slams|guzzles|polishes off|nurses|necks|sinks|empties|finishes"
    r"|tips back|shoots|belts back"
    r"|takes a (?:\w+ )?(?:sip|swig|gulp|pull|slug|swallow|drink) (?:of|from))"
)
# "the milk run", "wine into the sink": the noun is no food there.
_ITSELF = (
    r"\b(?![ -](?:run|glass(?:es)?|bottles?|list|cellar|labels?|shop|store|cart|truck|carton|box|rack|menu"
    r"|stains?|factory"
    r"|farm|bar|can|cans|case|crate|seed|seeds|into|onto|out of|away|coop)\b)"
)
_OBJECT = r"(?:[\w'’-]+\s+){0,4}?"
_READING = r"(?:newspaper|letter|book|note|page|sign|map|magazine|telegram|label|article|headline)\b"
_WITH_HAND = r"(?:writes|signs|draws|paints|scribbles|throws|bats) (?:[\w'’-]+\s+){0,4}?with (?:his|her|the|their)"
_DEEDS: tuple[tuple[str, str], ...] = (
    ("alcohol", rf"{_DRINKS} {_OBJECT}(?:{_ALCOHOL}){_ITSELF}"),
    ("alcohol", rf"pours (?:herself|himself) {_OBJECT}(?:{_ALCOHOL}) and (?:drinks|downs)\b"),
    ("smoke", r"(?:lights(?: up)?|smokes|puffs on|drags on|takes a drag (?:on|of|from)) (?:a|an|another|his|her) "
     r"(?:\w+ )?(?:cigarette|cigar|cigarillo|pipe|joint)\b"
     r"|rolls (?:himself |herself )?a cigarette and (?:smokes|lights)\b|(?:inhales|blows smoke|exhales smoke)\b"),
    ("meat", rf"{_EATS} {_OBJECT}(?:{_MEAT}){_ITSELF}"),
    ("vegan", rf"{_EATS} {_OBJECT}(?:{_MEAT}|{_DAIRY}){_ITSELF}|{_DRINKS} {_OBJECT}(?:milk|milkshake){_ITSELF}"),
    ("swim", r"swims\b|does (?:the )?(?:laps|lengths|front crawl|backstroke|butterfly)\b|dives in and (?:swims"
             r"|surfaces)\b"),
    ("drive", r"drives (?:off|away|north|south|east|west|down|along|past|home|on\b|(?:the|a|his|her|their) (?:\w+ )?"
     r"(?:car|van|truck|jeep|bus|taxi|pickup|sedan|convertible|lorry|tractor|limousine))\b"
     r"|(?:guns|floors|steers|revs|swerves|backs|reverses|parks|speeds|races|noses|eases|wheels|throws) (?:the"
     r"|a|his|her|their)"
     r" (?:\w+ )?(?:car|van|truck|jeep|bus|taxi|pickup|sedan|convertible|lorry|tractor|limousine|station wagon|coupe)\b"
     r"|(?:takes|is at|grips|sits behind) the (?:steering )?wheel\b"),
    ("read", rf"reads {_OBJECT}{_READING}"),
    ("blind", rf"(?:reads|studies) {_OBJECT}{_READING}|watches (?:the|a|his|her) \w+|spots (?:the|a|his|her) \w+"),
    ("deaf", r"hears\b"),
    ("walk", r"(?:runs|walks|sprints|jumps|dances|strolls|jogs|leaps|climbs)\b"),
    ("right_hand", rf"{_WITH_HAND} right hand\b"),
    ("left_hand", rf"{_WITH_HAND} left hand\b"),
    ("hands", r"\w+ (?:[\w'’-]+\s+){0,3}?(?:both|two) (?:his |her |of (?:his|her) )?(?:hands|arms)\b"),
    ("legs", r"\w+ (?:[\w'’-]+\s+){0,3}?(?:both|two) (?:his |her |of (?:his|her) )?legs\b"),
    ("heights", r"\w+ (?:[\w'’-]+\s+){0,4}?(?:fearlessly|without fear|without a trace of fear)\b"
     r"|(?:climbs|scales|clambers up|shins up|strolls along|dances along|skips along|balances on"
     r"|hangs from) (?:the|a) (?:\w+ )?"
     r"(?:mast|tower|ladder|crane|scaffold\w*|ledge|cliff|roof|steeple|pylon|parapet|girder|spire|beam)\b[^.]*"
     r"\b(?:whistling|humming|grinning|laughing|singing|carefree|happily|easily|hand over hand)\b"),
)  # fmt: skip
_DEED = [
    (trait, re.compile(rf"\s+(?:\w+ly\s+|then\s+|now\s+)?(?:{pattern})", re.IGNORECASE)) for trait, pattern in _DEEDS
]
_FOOD_DEED = {
    food: re.compile(
        rf"\s+(?:\w+ly\s+|then\s+)?(?:(?:{_EATS}|{_DRINKS})) {_OBJECT}(?:{pattern}){_ITSELF}", re.IGNORECASE
    )
    for food, pattern in _FOODS.items()
}
_CONSUMES = re.compile(rf"\s+(?:\w+ly\s+|then\s+)?(?:{_EATS}|{_DRINKS})\b", re.IGNORECASE)
# A deed that is none, or that has its reason beside it.
_EXCUSED = re.compile(
    r"\bfor (?:him|her|them|(?-i:[A-Z])\w+)\b|\bof (?:water|juice|soda|cola|tea)\b|\b(?:virgin|not|never|\w+n['’]t"
    r"|almost|nearly|tries|pretends|refuses|imagines?|dreams?|as if|like|braille|fingertips?"
    r"|finger|non-?alcoholic|alcohol-free|root|ginger|vegan|veggie|vegetarian|tofu|soy|plant-based|substitute|mock|toy"
    r"|poster|photo|again|first time|relapse\w*|wagon|pretending|spits?|lesson|learn\w*|teach\w*|wheelchair"
    r"|chair|crutches"
    r"|walker|prosthe\w+|hearing aid|implant|lip|lips|feels|vibrations?|interpreter|subtitles?)\b",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\b(?:learn(?:s|ed|ing)? (?:how )?to|lessons?|teach(?:es|ing)?|off the wagon|start(?:s|ed) (?:again"
    r"|drinking|smoking|eating)"
    r"|relapse[sd]?|since when|thought (?:you|he|she|they) (?:was|were|did|could|couldn|didn|hated|never)|cured"
    r"|miracle|for the first time|braille"
    r"|sign(?:s|ing|ed)? language|hearing aid|lying|lied|liar|a lie|walks? again|(?:years?|months|days"
    r"|weeks) (?:earlier|ago|before))\b",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"\b(?:never|do(?:es)?n['’]t|do(?:es)? not|can['’]t|cannot|gave up|quit|stopped|vegan|vegetarian|teetotal"
    r"|non-?smoker|mute"
    r"|sober|alcoholic|legged|one leg|deaf|blind|illiterate|paraplegic|paraly[sz]ed|handed|armed|one arm"
    r"|one hand|wheelchair|heights|allergic|hasn['’]t|haven['’]t|abstainer|drinker|wagon)",
    re.IGNORECASE,
)
_DEED_HINT = re.compile(
    r"\b(?:cracks|pops|rolls|blows|exhales|saws|cuts|carves|slices|sinks|spears|forks|shovels|attacks|demolishes|scarfs|pops|crunches|chomps|stabs|picks|inhales"
    r"|nurses|necks|finishes|tips|shoots|belts|does|dives|guns|floors|steers|revs|swerves|backs|reverses|parks|speeds|races"
    r"|noses|eases|wheels|throws|grips|sits|scales|clambers|shins|balances|hangs|is at|skips"
    r"|drinks|downs|sips|gulps|swallows|knocks back|drains|swigs|chugs|swills|throws back|pours|lights|smokes|puffs"
    r"|drags|drag|eats|chews|devours|wolfs|bites?|gobbles|munches|finishes|swims|drives|reads|studies|watches|spots"
    r"|hears|runs|walks|sprints|jumps|dances|strolls|jogs|leaps|climbs|takes a|takes an|tears into|digs into"
    r"|tucks into|nibbles|gnaws|tastes|samples|polishes|scoffs|helps|stuffs|snacks|feasts|tosses back|slams"
    r"|guzzles|empties|left hand|right hand|both|fear\w*)\b",
    re.IGNORECASE,
)
# One of these words is in any scene that tells a trait, or undoes one.
_TRAIT_WORDS = words(
    """
    drink drinks drinking alcohol touch touches smoke smokes smoking smoker meat swim drive read walk wheelchair vegan
    vegetarian teetotal teetotaler teetotaller mute deaf blind illiterate paraplegic paralysed paralyzed handed armed
    arm
    hand heights allergic smoked drunk tasted touched drop abstainer drinker wagon learned learnt
    """
)
_DEED_WORDS = words(
    """
    drinks downs sips gulps swallows knocks drains swigs chugs swills throws pours lights smokes puffs drags drag eats
    chews devours wolfs bites bite gobbles munches finishes swims drives reads studies watches spots hears runs walks
    sprints jumps dances strolls jogs leaps climbs hands fear fearlessly hand takes tears digs tucks nibbles gnaws
    tastes samples polishes scoffs helps stuffs snacks feasts tosses slams guzzles empties legs
    saws cuts carves slices sinks spears forks shovels attacks demolishes scarfs pops crunches chomps stabs picks
    inhales
    cracks pops rolls blows exhales nurses necks tips shoots belts does dives guns floors steers revs swerves
    backs reverses parks speeds races
    noses eases
    wheels grips sits scales clambers shins balances hangs is skips
    """
)
_UNDOING_WORDS = words(
    """
    learn learns learned learning lesson lessons teach teaches teaching wagon starts started relapse relapses relapsed
    since
    thought cured miracle time braille sign signs signing signed hearing lying lied liar lie walk walks earlier ago
    before
    """
)
_INSINCERE = re.compile(r"\b(?:lying|lies|lie|sarcastic\w*|joking\w*|kidding|mock\w*|ironic\w*)\b", re.IGNORECASE)
_SILENT_SPEECH = re.compile(
    r"\b(?:sign\w*|writ\w+|typ\w+|mouth\w*|ASL|text\w*|subtitle\w*|through|pad|V\.?O)\b", re.IGNORECASE
)


def traits_in(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[TraitTold]:
    """Traits, deeds and what undoes them, by role and then by position."""
    said = said_words(script)
    if not said.isdisjoint(_TRAIT_WORDS):
        for statement in action_statements(script, scene, key, _HINT):
            yield from _of_action(statement)
        for statement in line_statements(script, scene, key, _HINT):
            yield from _of_line(statement, key)
    if not said.isdisjoint(_DEED_WORDS):
        for statement in action_statements(script, scene, key, _DEED_HINT):
            if statement.who and not _EXCUSED.search(statement.text):
                yield from _deeds(statement)
    yield from _spoken(script, scene, key)
    if not said.isdisjoint(_UNDOING_WORDS):
        for match in _UNDONE.finditer(script):
            yield TraitTold("undone", "", "", Span(*match.span()))


def _of_action(statement: Statement) -> Iterator[TraitTold]:
    if not statement.who or statement.asks:
        return
    rest = statement.rest
    comma = _COMMA.match(rest)
    for opening, table in ((_HAS.match(rest), _HABIT), (comma, _HABIT), (_IS.match(rest), _STATE), (comma, _STATE)):
        found = opening and _first(table, rest, opening.end())
        if found:
            yield TraitTold("trait", statement.who, found, statement.span)
            return


def _of_line(statement: Statement, key: Callable[[str], str]) -> Iterator[TraitTold]:
    if statement.asks or _INSINCERE.search(statement.manner):
        return
    text = statement.text
    for opening, table in ((_I_AM.match(text), _STATE), (_I.match(text), _HABIT)):
        found = opening and _first(table, text, opening.end())
        if found:
            yield TraitTold("trait", statement.speaker, found, statement.span, own=True)
            return
    for name in _names_at_head(text):
        rest = text[len(name) :]
        for opening, table in ((_HAS.match(rest), _HABIT), (_IS.match(rest), _STATE)):
            found = opening and _first(table, rest, opening.end())
            if found:
                yield TraitTold("trait", key(name), found, statement.span)
                return


_HEAD = re.compile(r"(?:(?:Old|Young|Little|Mr\.|Mrs\.|Ms\.|Miss|Dr\.|[A-Z][a-z’'-]+)\s){0,2}[A-Z][\w-]*[a-z]")


def _names_at_head(text: str) -> Iterator[str]:
    """A name at the head of a line, the longest first: "Father Kerr", then "Father"."""
    head = _HEAD.match(text)
    parts = head.group().split() if head is not None else []
    if parts and parts[0].casefold() in NO_NAMES:
        return
    for many in range(len(parts), 0, -1):
        name = " ".join(parts[:many])
        if plausible_name(name):
            yield name


def _first(table: list[tuple[str, re.Pattern[str]]], text: str, at: int) -> str | None:
    for trait, pattern in table:
        match = pattern.match(text, at)
        if match is not None:
            return _food(match.group("food")) if trait == "allergy" else trait
    return None


def _food(word: str) -> str:
    folded = word.casefold()
    return "allergy strawberry" if folded.startswith("strawberr") else f"allergy {folded}"


def _deeds(statement: Statement) -> Iterator[TraitTold]:
    rest = statement.rest
    for trait, pattern in _DEED:
        if pattern.match(rest):
            yield TraitTold("deed", statement.who, trait, statement.span)
    if not _CONSUMES.match(rest):
        return
    for food, pattern in _FOOD_DEED.items():
        if pattern.match(rest):
            yield TraitTold("deed", statement.who, f"allergy {food}", statement.span)


def _spoken(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[TraitTold]:
    """Each person's first line that is spoken here and aloud."""
    for person in scene.cast:
        for cue in person.cues:
            stop = script.find("\n\n", cue.start)
            speech = script[cue.start : stop if stop >= 0 else len(script)]
            head, _, rest = speech.partition("\n")
            aside = rest[: rest.find(")") + 1] if rest.startswith("(") else ""
            if "(" not in head and not _SILENT_SPEECH.search(aside):
                yield TraitTold("deed", key(person.key), "mute", cue)
                break


def trait_of(text: str) -> str | None:
    """The trait that a few words name: "never drinks", "vegetarian", "allergic to nuts"; None for any other."""
    said = text.strip()
    return _first(_STATE, said, 0) or _first(_HABIT, said, 0)
