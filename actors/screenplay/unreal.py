"""Whether a scene shows what happens, or something else: a play in the play, a game, a story told, a film of the dead.

Invariant: a scene-wide look at explicit words, made only of scenes in which somebody dies or a dead person is seen;
silence is the safe side, so a word that could mean either counts. Read by what is said of the dead, which holds films.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from actors.screenplay.breakdown import Breakdown

_STAGED = re.compile(
    r"""\b(?:rehears\w+|stage|theat(?:re|er)|auditorium|audience|applau\w+|curtain|ovation|the\ cast|understud\w+
    |actors?
    |actress|prop\ (?:knife|gun|sword)|film\ set|sound\s?stage|film\ crew|slate|clapper\w*|camera\ crew|director
    |game|gaming|controller|console|joystick|paintball|laser\ tag|simulat\w+|hologra\w+|play(?:s|ing)?\ war
    |play(?:s|ing)?\ dead
    |giggl\w+|headlines?|newspapers?|papers|obituary|rumou?rs?|word\ spreads
    |tells?\ (?:the|a|his|her|them)\ (?:\w+\ )?story
    |story\s?book|fairy\s?tale|poem|recites?|types|typewriter|screenplay|manuscript|novel|soap\ opera|sitcom|comic
    |cartoon
    |fak(?:e|es|ed|ing)|stag(?:es|ed|ing)|pretend\w*|charade\w*|yoga|corpse\ pose|drill|training|dummy|mannequin
    |puppet\w*
    |wak(?:es?|ing|ens?)\ (?:up|with)|jerks?\ awake|jolts?\ awake|bolts?\ upright|starts\ awake|snaps?\ awake|loop
    |resets?
    |goldfish|hamster|parrot|kitten|puppy|stand-?up|open\ mic|punch\ ?line)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_RISEN = r"""\b(?:heartbeat|pulse\ (?:returns|quickens)|comes?\ to(?=\s*[.,;!…]|$)|came\ to(?=\s*[.,;!…]|$)|revive[sd]?
    |eyes?\ (?:snap|flutter|pop|blink|fly|flicker)?\s*open\w*|opens?\ (?:his|her|their|its)\ eyes|resurrect\w*
    |reanimat\w*|vampire|fangs
    |(?:rises|climbs|sits\ up)\ (?:from|in|out\ of)\ (?:the|his|her)\ (?:grave|dead|coffin|slab)"""
_BACK = re.compile(
    _RISEN
    + r"""|a\ beep|gasps?|coughs?|breath(?:es?|ing)|stirs(?=\s*[.,;!…]|$)|blinks|twitch\w*|sits\ up
    |(?:gets|climbs|rises)\ (?:up|to\ (?:his|her)\ feet))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ALIVE_AGAIN = re.compile(_RISEN + r")\b", re.IGNORECASE | re.VERBOSE)
_IMAGES = r"""\b(?:photo\w*|pictures?|portrait|painting|polaroid|snapshot|footage|tv|television|screens?|monitors?
    |video\w*
    |laptop|tape|projector|home\ movie|film\ reel|recording|hologra\w+|ghost\w*|spirits?|apparition|phantom
    |spect(?:re|er)
    |translucent|transparent|visions?|hallucinat\w+|imagin\w+|dream\w*|daydream\w*|nightmare|fantas\w+|memor(?:y|ies)
    |remembers?|mind|clones?|twins?|doubles?|doppelg\w+|imp[oe]st[oe]rs?|look-?alike|android|robot|replica\w*
    |duplicate
    |flash\s?-?backs?|rewind\w*|time\ machine|inter-?cut\w*|mirrors?|statue|wax|disguise\w*|masks?|masked|parallel
    |alternate
    |simulat\w+"""
_SHOWN = re.compile(
    _IMAGES
    + r"""|voice\s?mail|answering\ machine|message|letter|diary|journal|reanimat\w+|resurrect\w*|vampires?|zombies?
    |undead
    |heaven|purgatory|limbo|after\s?life|underworld|hades|hell
    |(?:years?|months?|weeks?|days?|hours?)\ (?:before|earlier|ago)
    |earlier|the\ same\ morning|again|loop|resets?|phone|radio|séance|seance|medium|stage|theat(?:re|er)|rehears\w+
    |actor|actress|narrat\w+|jerks?\ awake|jolts?\ awake|wakes?\ (?:up|with)|bolts?\ upright)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_LAID_OUT = re.compile(
    r"""\b(?:body|bodies|corpse|cadaver|remains|stretcher|gurney|morgue|mortuary|coffin|casket|hearse|funeral
    |autopsy|grave
    |graveyard|cemetery|shroud|tray|slab|undertaker|pallbearers?|mortician|coroner|embalm\w*|drags?|carries
    |lifeless)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ELSEWHERE = re.compile(
    _IMAGES
    + r"""|broadcast\w*|the\ news|news\s?(?:cast|reel|report)\w*|live\s?-?stream\w*|billboards?|posters?|binoculars
    |telescope
    |through\ (?:the|a)\ (?:window|glass)|surveillance|cctv|feed|cameras?|lens|web\s?cam|portal|teleport\w*
    |flash\ of\ light
    |materiali[sz]\w+|montage|series\ of\ shots|split\s?-?screen|map|planes?|flights?|helicopter|meditat\w+|letter
    |spell)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_UNDER_WAY = re.compile(
    r"""\b(?:(?:gets?|climbs?|jumps?|hops?|slides?|piles?|dives?)\ (?:back\ )?(?:in|into|on|onto|out|off)|boards?
    |knocks?|packs?
    |leaves?|presses\ the\ button|opens\ (?:the|a|his|her)\ (?:\w+\ )?door|rings\ the\ (?:door)?bell|heads|hurries
    |rushes
    |crosses|travels?|drives?|rides?|flies
    |(?:goes|walks|runs|steps|moves|strides|marches|makes)\ (?:to|toward|towards|into|through|out|off|away|over
    |across|down
    |up|past|for))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ASIDE_LINE = re.compile(
    r"\b(?:narrat\w*|over|reading|read|v\.?\s?o|o\.?\s?s|clone|twin|double|impost\w+)\b", re.IGNORECASE
)


def staged(scene: Breakdown) -> bool:
    """A death here may be none: it is played, told, printed, dreamt, or the scene has an audience or a director."""
    return any(_STAGED.search(text) for text in _texts(scene)) or any(
        person.key in ("director", "stage manager", "first ad", "comedian") for person in scene.cast
    )


def comes_back(scene: Breakdown, after: int) -> bool:
    """Behind that place somebody breathes again."""
    return any(
        _BACK.search(action.text[max(0, after - action.span.start) :])
        for action in scene.actions
        if action.span.end > after
    )


def risen(scene: Breakdown) -> bool:
    """Somebody is alive again, or was never dead."""
    return any(_ALIVE_AGAIN.search(action.text) for action in scene.actions)


def shows_the_dead(scene: Breakdown) -> bool:
    """Whoever died may rightly be seen here: as a picture, a ghost, a memory, somebody else, or at another time."""
    return any(_SHOWN.search(text) for text in _texts(scene)) or any(
        line.parenthetical is not None and _ASIDE_LINE.search(line.parenthetical) for line in scene.lines
    )


def shows_another_place(scene: Breakdown) -> bool:
    """Somebody may rightly be seen here who is elsewhere: on a screen, through a glass, as a twin, in a dream."""
    return any(_ELSEWHERE.search(text) for text in _texts(scene))


def under_way(scene: Breakdown) -> bool:
    """Somebody goes, so that the next place may be where they come to."""
    return any(_UNDER_WAY.search(action.text) for action in scene.actions)


def laid_out(scene: Breakdown) -> bool:
    """The dead are here as bodies, which are moved and seem to move."""
    return any(_LAID_OUT.search(text) for text in _texts(scene))


def _texts(scene: Breakdown) -> Iterator[str]:
    if scene.heading is not None:
        yield scene.heading.text
    for each in (*scene.actions, *scene.transitions):
        yield each.text
