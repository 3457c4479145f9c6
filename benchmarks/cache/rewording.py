"""Rules that say a prompt in other words with the same meaning: inflection, passive, order, film words, abbreviations.

Owns the half of the paraphrases that is made by rule. Invariant: `made(rule, prompt)` is the same on every machine, so
that a committed line can be checked against the rule it names. The rules know nothing of the cache they test: their
words come from how prompts and shot lists are written, not from the cache's own tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Rule = Callable[[str], list[str]]
"""Every way the rule can say the prompt; none where it does not apply."""

_MOVES: Mapping[str, tuple[str, ...]] = {
    "pan left": ("the camera pans left", "panning to the left", "camera pan towards the left"),
    "pan right": ("the camera pans right", "panning to the right", "camera pan, right"),
    "tilt up": ("the camera tilts up", "camera tilting upwards", "tilting up"),
    "tilt down": ("the camera tilts down", "camera tilting downwards", "tilting down"),
    "zoom in": ("the camera zooms in", "zooming in", "zoom-in"),
    "zoom out": ("the camera zooms out", "zooming out", "zoom-out"),
    "racking focus": ("rack focus", "focus pull", "the focus racks"),
    "in super slow motion": ("super slow-mo", "super slow motion", "in extreme slow motion"),
    "with an intense shaking effect": ("with intense camera shake", "the camera shakes intensely"),
    "featuring a steady and smooth perspective": ("smooth and steady camera", "steady, smooth perspective"),
}
_LOOKS: Mapping[str, tuple[str, ...]] = {
    "black and white": ("in black and white", "b&w", "black-and-white", "monochrome"),
    "watercolor painting": ("in watercolor", "as a watercolour painting", "watercolor style"),
    "oil painting": ("as an oil painting", "in oils", "oil-painting style"),
    "pixel art": ("pixel-art style", "as pixel art"),
    "Van Gogh style": ("in the style of Van Gogh", "in Van Gogh's style"),
    "in cyberpunk style": ("cyberpunk style", "cyberpunk look", "cyberpunk aesthetic"),
    "surrealism style": ("surrealist style", "in the style of surrealism"),
    "animated style": ("in animated style", "as an animation"),
    "vibrant color": ("in vibrant colors", "vivid colours"),
}
_FRAMES: Mapping[str, tuple[str, ...]] = {
    "static camera": ("locked-off camera", "the camera is static", "camera does not move"),
    "push in": ("the camera pushes in", "camera push-in", "dolly in"),
    "pull out": ("the camera pulls out", "pull back", "dolly out"),
    "track left": ("tracking left", "the camera tracks to the left", "tracking shot, left"),
    "track right": ("tracking right", "the camera tracks to the right", "tracking shot, right"),
    "crane up": ("the crane rises", "craning up", "crane shot up"),
    "crane down": ("craning down", "crane shot down", "the camera cranes down"),
    "pan right": ("panning right", "the camera pans right"),
    "eye level": ("at eye level", "eye-level angle"),
    "low angle": ("from a low angle", "low-angle"),
    "high angle": ("from a high angle", "high-angle"),
}
_SIZES = {
    "extreme wide shot": "EWS", "wide shot": "WS", "full shot": "FS", "medium shot": "MS", "medium close-up": "MCU",
    "close-up": "CU", "over-the-shoulder shot": "OTS", "insert shot": "insert",
}  # fmt: skip
_PARTICIPLES_TEXT = """
tasting-tasted drawing-drawn eating-eaten playing-played sweeping-swept tying-tied filling-filled
shuffling-shuffled folding-folded planting-planted sharpening-sharpened pushing-pushed cleaning-cleaned cutting-cut
washing-washed grooming-groomed reading-read massaging-massaged brushing-brushed driving-driven using-used
arranging-arranged counting-counted peeling-peeled milking-milked shining-shined making-made
throwing-thrown flying-flown petting-petted drinking-drunk strumming-strummed opens-opened drops-dropped
carries-carried wipes-wiped pulls-pulled grips-gripped closes-closed pours-poured
"""
_PARTICIPLES = dict(pair.split("-") for pair in _PARTICIPLES_TEXT.split())
_THIRDS_TEXT = """
marching-marches clapping-claps drawing-draws eating-eats playing-plays sweeping-sweeps tying-ties
folding-folds planting-plants pushing-pushes cleaning-cleans cutting-cuts washing-washes reading-reads driving-drives
counting-counts milking-milks making-makes flying-flies laughing-laughs digging-digs writing-writes crying-cries
jogging-jogs knitting-knits running-runs swimming-swims walking-walks drinking-drinks sailing-sails taking-takes
building-builds climbing-climbs catching-catches sniffing-sniffs soaring-soars turning-turns gliding-glides
accelerating-accelerates bending-bends chewing-chews riding-rides throwing-throws dancing-dances shaking-shakes
cooking-cooks wearing-wears floating-floats moving-moves cruising-cruises galloping-gallops enjoying-enjoys
hugging-hugs kissing-kisses smoking-smokes stretching-stretches peeling-peels brushing-brushes
"""
_THIRDS = dict(pair.split("-") for pair in _THIRDS_TEXT.split())
_INGS_TEXT = """
follows-following drops-dropping looks-looking pours-pouring enters-entering sits-sitting
climbs-climbing holds-holding pushes-pushing waits-waiting pulls-pulling takes-taking grips-gripping drives-driving
sleeps-sleeping closes-closing whispers-whispering watches-watching stares-staring stands-standing opens-opening
lifts-lifting listens-listening throws-throwing writes-writing counts-counting waves-waving hands-handing
searches-searching talks-talking asks-asking reads-reading wipes-wiping carries-carrying
"""
_INGS = {third: ing for ing, third in _THIRDS.items()} | dict(pair.split("-") for pair in _INGS_TEXT.split())
_COMMON: Mapping[str, tuple[str, ...]] = {
    "a person": ("someone", "somebody"),
    "bike": ("bicycle",),
    "bicycle": ("bike",),
    "cell phone": ("mobile phone",),
    "couch": ("sofa",),
    "a cute": ("an adorable", "a sweet"),
    "tv": ("television",),
    "an airplane": ("a plane",),
    "ocean": ("sea",),
    "talks": ("speaks",),
    "hair drier": ("hair dryer",),
    "cafe": ("café", "coffee shop"),
    "refrigerator": ("fridge",),
    "movie theater": ("cinema",),
    "in the background": ("behind",),
    "in background": ("in the background",),
}
_SPELLING = (
    ("color", "colour"), ("watercolor", "watercolour"), ("center", "centre"), ("gray", "grey"), ("theater", "theatre"),
    ("still frame", "still-frame"), ("close up", "close-up"), ("time lapse", "timelapse"),
    ("slow motion", "slow-motion"), ("front view", "frontal view"), ("harbor", "harbour"),
    ("skateboard", "skate board"), ("snowy", "snow-covered"),
)  # fmt: skip
_SHORT = (
    ("in the background", "in the b/g"), ("in background", "in b/g"), (" with ", " w/ "), ("slow motion", "slo-mo"),
    ("close up of", "CU of"), ("close-up", "CU"), ("black and white", "B&W"), ("point-of-view", "POV"),
    ("interior", "INT."), ("exterior", "EXT."), (" and ", " & "),
)  # fmt: skip
_FILLERS = (
    "A video of {}", "Footage of {}", "A shot of {}", "Please show {}", "We see {}", "I'd like a clip of {}, please",
    "Generate a video showing {}", "Short clip: {}",
)  # fmt: skip


def _tail(prompt: str, table: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The last part, after a comma, in other words."""
    head, comma, tail = prompt.rpartition(", ")
    return [f"{head}, {other}" for other in table.get(tail, ())] if comma else []


def film_words(prompt: str) -> list[str]:
    return _tail(prompt, _MOVES) or _framing(prompt, _FRAMES)


def _framing(prompt: str, table: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The words of size, angle and move that begin a shot of ours."""
    head, dot, rest = prompt.partition(". ")
    parts = head.split(", ")
    if not dot or len(parts) != 3:
        return []
    return [
        ", ".join([*parts[:at], other, *parts[at + 1 :]]) + dot + rest
        for at in (2, 1)
        for other in table.get(parts[at], ())
    ]


def style_words(prompt: str) -> list[str]:
    return _tail(prompt, _LOOKS)


def order(prompt: str) -> list[str]:
    head, comma, tail = prompt.rpartition(", ")
    if comma and (tail in _MOVES or tail in _LOOKS or tail == "frozen in time"):
        return [f"{_capital(tail)}: {head}", f"{_capital(tail)}, {head}"]
    for lead in ("In a still frame, ", "A tranquil tableau of "):
        if prompt.startswith(lead):
            return [f"{_capital(prompt[len(lead) :])}, {_lower(lead).removesuffix(' of ').rstrip(', ')}"]
    head, dot, rest = prompt.partition(". ")
    if dot and len(head.split(", ")) == 3:
        size, angle, move = head.split(", ")
        return [f"{_capital(move)}, {size}, {angle}. {rest}", f"{_capital(angle)} {size}, {move}. {rest}"]
    return []


def pair_order(prompt: str) -> list[str]:
    found = re.fullmatch(r"(an? [a-z ]+|scissors|skis) and (an? [a-z ]+|scissors|skis)", prompt)
    return [f"{found[2]} and {found[1]}"] if found else []


def converse(prompt: str) -> list[str]:
    """On the left of B stands A: on the right of A stands B."""
    found = re.fullmatch(r"(.+) on the (left|right|top|bottom) of (.+), front view", prompt)
    if not found:
        return []
    other = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[found[2]]
    side = {"left": "to the left of", "right": "to the right of", "top": "on top of", "bottom": "under"}
    return [
        f"{found[3]} on the {other} of {found[1]}, front view",
        f"{found[1]} {side[found[2]]} {found[3]}, front view",
        f"front view, {found[1]} on the {found[2]} of {found[3]}",
    ]


def passive(prompt: str) -> list[str]:
    found = re.fullmatch(r"(A person) is (\w+) ((?:the |a )?\w+)", prompt, re.IGNORECASE)
    if found and found[2] in _PARTICIPLES:
        be = "are" if found[3].endswith("s") else "is"
        return [f"{_capital(found[3])} {be} being {_PARTICIPLES[found[2]]} by {_lower(found[1])}"]
    found = re.search(r"(?<=\. )([A-Z]{3,}) (\w+) (a|the) ([a-z]+)(?=\.)", prompt)
    if found and found[2] in _PARTICIPLES:
        said = f"{_capital(found[3])} {found[4]} is {_PARTICIPLES[found[2]]} by {found[1]}"
        return [prompt[: found.start()] + said + prompt[found.end() :]]
    return []


def inflection(prompt: str) -> list[str]:
    found = re.fullmatch(r"((?:an? )?(?:(?!is\b)\w+ )*?(?!is\b)\w+) (is )?(\w+ing)\b(.*)", prompt, re.IGNORECASE)
    if found and found[3] in _THIRDS:
        turned = "" if found[2] else "is "
        return [f"{found[1]} {_THIRDS[found[3]]}{found[4]}", f"{found[1]} {turned}{found[3]}{found[4]}"]
    found = re.search(r"(?<=\. )([A-Z]{3,}(?: [A-Z]{3,})?) (\w+)\b", prompt)
    if found and found[2] in _INGS:
        return [f"{prompt[: found.start()]}{found[1]} is {_INGS[found[2]]}{prompt[found.end() :]}"]
    return []


def progressive(text: str) -> str | None:
    """ADA runs: ADA is running. Of the first verb behind a name in capitals; None where there is none."""
    for found in re.finditer(r"\b([A-Z]{3,}(?: [A-Z]{3,})?(?: \(\d+s\))?) (\w+)\b", text):
        if found[2] in _INGS:
            return f"{text[: found.start()]}{found[1]} is {_INGS[found[2]]}{text[found.end() :]}"
    return None


def common_words(prompt: str) -> list[str]:
    ways = []
    for word, others in _COMMON.items():
        if found := re.search(rf"\b{re.escape(word)}\b", prompt, re.IGNORECASE):
            ways += [
                prompt[: found.start()] + (_capital(o) if found[0][0].isupper() else o) + prompt[found.end() :]
                for o in others
            ]
    return ways


def spelling(prompt: str) -> list[str]:
    ways = []
    for word, other in _SPELLING:
        if (
            (found := re.search(rf"\b{re.escape(word)}\b", prompt, re.IGNORECASE))
            and other not in prompt
            and not found[0].isupper()
        ):
            ways.append(prompt[: found.start()] + other + prompt[found.end() :])
    return ways or [prompt.rstrip(".").lower() + "."]


def abbreviation(prompt: str) -> list[str]:
    ways = [prompt.replace(size, short, 1) for size, short in _SIZES.items() if prompt.startswith(size + ",")]
    for word, short in _SHORT:
        if found := re.search(re.escape(word), prompt, re.IGNORECASE):
            ways.append(prompt[: found.start()] + short + prompt[found.end() :])
    return ways


def filler(prompt: str) -> list[str]:
    return [one.format(_lower(prompt.rstrip("."))) for one in _FILLERS] if ". " not in prompt else []


def articles(prompt: str) -> list[str]:
    """A telegram: no articles, as shot lists are written."""
    short = re.sub(r"\b(?:an?|the) ", "", prompt, flags=re.IGNORECASE)
    return [_capital(short)] if short != prompt and len(short.split()) > 2 else []


RULES: Mapping[str, Rule] = {
    "film words": film_words,
    "style words": style_words,
    "order of clauses": order,
    "order of a pair": pair_order,
    "converse": converse,
    "passive": passive,
    "inflection": inflection,
    "common words": common_words,
    "spelling": spelling,
    "abbreviation": abbreviation,
    "filler": filler,
    "articles": articles,
}


def made(rule: str, prompt: str) -> list[str]:
    return [text for text in RULES[rule](prompt) if text != prompt]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    """For the middle of a sentence; names and abbreviations keep their capitals."""
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first.casefold() in {"a", "an", "the", "in", "two", "time"} else text
