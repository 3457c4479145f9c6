"""Closed classes of English: determiners, prepositions, numbers, adjectives, places and clothes.

Owns those tables. Invariant: a word is dropped from a prompt only if it stands here among `ARTICLES` or `AUXILIARIES`;
every other table only says how words may move. Read by `tagging` and `clauses`.
"""

from __future__ import annotations

ARTICLES = frozenset("a an the this that these those some its their own".split())
AUXILIARIES = frozenset("is are was were be been being am".split())
MALE = frozenset(
    """man boy king prince father dad grandfather son brother uncle gentleman he actor groom knight wizard husband
    fisherman fireman policeman businessman monk cowboy guy waiter grandson nephew emperor sailor soldier""".split()
)
FEMALE = frozenset(
    """woman girl queen princess mother mom grandmother daughter sister aunt lady she actress bride witch wife
    ballerina mermaid nun waitress granddaughter niece empress businesswoman""".split()
)
PRONOUNS = {
    "i": "i", "me": "i", "you": "you", "he": "he", "him": "he", "she": "she", "it": "it", "we": "we", "us": "we",
    "they": "they", "them": "they", "himself": "himself", "herself": "herself", "itself": "itself",
    "themselves": "themselves", "each other": "each other", "someone": "person", "somebody": "person",
}  # fmt: skip
RELATIVES = frozenset("that who which whom".split())
NEGATIONS = {"no": "no", "not": "no", "without": "no", "never": "never", "none": "no", "neither": "no", "nor": "no"}
SEQUENCE = frozenset("then while until before after as when once because if but or so than".split())

PREPOSITIONS: dict[str, str] = {}
"""A phrase → the one that stands for it."""

_PREPOSITIONS = """
in; inside = inside of = within; into; on; onto = on to; upon; at; by; with = along with = together with
= alongside with;
of; from = out from; to; toward = towards; for; over; above;
under = underneath = beneath = on bottom of = on the bottom of;
at bottom of = at the bottom of; below; behind = in back of;
in front of = in the front of; beside = next to = by the side of = at the side of; near = close to = near to;
around = round;
through; throughout; across; along; between = in between; among = amongst = amid = amidst; against; past; up; down; off;
out of; outside = outside of; about; like; past; beyond; during; via; per; alongside; opposite = across from;
left of = to the left of = on the left of = on the left side of = at the left of = on left of = to left of;
right of = to the right of = on the right of = on the right side of = at the right of = on right of = to right of;
on top of = atop = on the top of = at the top of;
in middle of = in the middle of = in the center of = in the centre of; surrounded by; made of = made out of = made from;
full of = filled with; covered in = covered with = covered by; in background = in the background = in the distance;
in foreground = in the foreground; instead of; due to; away from
"""
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
NUMBERS = {word: str(value) for value, word in enumerate(_NUMBERS.split())}
NUMBERS |= {
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "thousand": "1000", "million": "1000000",
}  # fmt: skip
QUANTITIES: dict[str, str] = {
    "a couple of": "2", "couple of": "2", "a pair of": "2", "pair of": "2", "both": "2", "two of": "2", "a dozen": "12",
    "half a dozen": "6", "a trio of": "3", "trio of": "3", "a duo of": "2", "several": "several", "multiple": "several",
    "a few": "several", "few": "few", "a number of": "several", "various": "several", "many": "many",
    "lots of": "many", "a lot of": "many", "numerous": "many", "plenty of": "many", "dozens of": "dozens",
    "hundreds of": "hundreds", "thousands of": "thousands", "a group of": "group", "group of": "group",
    "a crowd of": "crowd", "crowd of": "crowd", "a bunch of": "bunch", "a herd of": "herd", "herd of": "herd",
    "a flock of": "flock", "flock of": "flock", "a single": "1", "single": "1", "lone": "lone",
    "a solitary": "lone", "solitary": "lone", "only one": "lone", "just one": "lone", "one single": "1",
}  # fmt: skip

COLOURS = frozenset(
    """red blue green yellow orange purple pink brown black white grey gold golden silver beige violet turquoise teal
    cyan magenta crimson scarlet maroon navy indigo lavender ivory cream emerald amber bronze copper tan
    khaki""".split()
)
SHADES = frozenset("light dark bright deep pale vivid neon dusty".split())
ADJECTIVES = COLOURS | frozenset(
    """
big large small little huge gigantic immense tiny tall short long wide narrow thick thin round square rectangular
triangular circular oval cubic spherical cylindrical conical flat sharp blunt deep shallow high low fat slim skinny
giant miniature massive enormous old young new ancient modern vintage elderly antique medieval futuristic
traditional contemporary aged fresh happy sad angry scared calm peaceful serene tranquil lonely cheerful excited
tired bored sleepy hungry thirsty proud beautiful pretty ugly handsome cute lovely gorgeous elegant graceful
majestic picturesque scenic stunning magnificent hot cold warm cool icy freezing humid dry wet damp moist soaked
dusty dirty clean muddy messy tidy soft hard smooth rough fluffy furry silky shiny glossy matte dull sparkling
glittering transparent translucent opaque clear murky blurry bright dark dim dimly vivid pale light heavy empty full
open strong weak wooden metallic plastic rubber woolen leather ceramic porcelain crystal stone golden steel iron
quiet silent loud noisy busy crowded bustling deserted desolate abandoned remote isolated lush dense sparse fast
slow quick sudden gentle fierce wild tame domestic delicious tasty ripe raw rotten juicy sweet sour salty spicy gray
furious glad joyful filthy grimy afraid frightened weary exhausted yummy metallic derelict rapid swift massive
drenched aged rainy snowy foggy misty sunny cloudy windy stormy starry moonlit sunlit strange mysterious mystical
magical enchanted haunted eerie spooky scary evil dangerous brave powerful rich poor luxurious simple ornate
intricate rustic cozy spacious tropical urban rural coastal alpine alive dead asleep awake pregnant blind naked
barefoot bald bearded blonde muscular chinese japanese korean american french italian indian african asian european
mexican russian german british male female human mechanical electric electronic robotic animated striped spotted
checkered floral colourful sandy rocky grassy mossy mountainous hilly wavy curly straight
""".split()
)

PLACES = frozenset(
    """
park street road alley avenue highway sidewalk crosswalk square plaza courtyard garden backyard yard lawn meadow field
farm barn forest wood jungle rainforest desert beach shore coast seaside island mountain valley canyon cave cliff hill
countryside village town city downtown suburb kitchen bedroom bathroom room hall hallway corridor office studio library
classroom school university museum gallery theater cinema restaurant cafe bar pub club hotel lobby hospital church
temple castle palace mansion house home apartment cabin cottage garage warehouse factory laboratory lab workshop store
shop supermarket market mall station airport harbor port dock pier stadium gym gymnasium arena court playground zoo
aquarium circus carnival casino prison cemetery graveyard battlefield vineyard orchard greenhouse swamp savannah
savanna prairie grassland tundra wilderness space universe moon parking-lot rooftop balcony terrace porch basement
attic staircase elevator subway tunnel garden ballroom bakery diner gym nursery pasture plain
""".split()
)
OPEN_PLACES = frozenset(
    """
park street road alley avenue highway sidewalk crosswalk square plaza courtyard garden backyard yard lawn meadow field
farm forest jungle rainforest desert beach shore seashore coast seaside countryside village town city downtown suburb
campus zoo playground battlefield vineyard orchard savannah savanna prairie grassland tundra balcony terrace porch
market airport harbor port station cafe restaurant bar diner gym school museum stadium arena library supermarket mall
""".split()
)
"""Where in, on and at say the same; elsewhere a man at a house is not one in it."""

LIVING = frozenset(
    """
man woman boy girl child kid person baby infant toddler teenager dancer ballerina singer chef cook artist painter doctor
nurse soldier knight king queen prince princess wizard astronaut runner skier surfer cyclist policeman fireman teacher
student worker farmer player athlete musician robot monster dragon zombie ghost clown pirate
dog puppy cat kitten horse pony cow bull sheep goat pig chicken duck goose swan bird eagle owl parrot pigeon crow
penguin bear panda lion tiger leopard cheetah wolf fox rabbit bunny squirrel mouse rat monkey gorilla elephant giraffe
zebra deer kangaroo koala camel hippo hippopotamus rhino rhinoceros crocodile snake turtle frog fish shark whale
dolphin octopus butterfly bee ant spider candle
""".split()
)
"""Who can do what an -ing form before the noun says: a running man is a man running, a washing machine is none."""

GIVING = frozenset("give hand show throw send pass offer bring tell teach lend sell feed serve read".split())
"""Verbs with two objects: "gives her a book" is "gives a book to her"."""

STAYING = frozenset(
    """stand sit lie wait hang loom rest kneel hover float sleep trot walk come appear gallop cruise speed sail swim
    crawl race glide drift soar march wander roam roll flow shine rise grow burn run fly dance jog hop""".split()
)
"""Verbs that may stand before their subject: "behind her stands the pilot"."""

CONVERSE = {"right of": "left of", "under": "on top of", "below": "above", "behind": "in front of"}
"""Relations told from the other side."""

GROUPS = frozenset("group crowd bunch herd flock".split())

CLOTHES = frozenset(
    """
hat cap helmet shirt t-shirt blouse sweater hoodie jacket coat suit tuxedo dress gown skirt jeans pants trousers shorts
scarf glove boot shoe sneaker glasses sunglasses goggles uniform costume robe kimono vest tie apron mask crown
cape cloak
turban hijab sari raincoat pajamas swimsuit bikini armor spacesuit turtleneck clothes clothing outfit gear headphones
necklace watch beret
""".split()
)


def _prepositions() -> None:
    for row in _PREPOSITIONS.replace("\n", " ").split(";"):
        phrases = [phrase.strip() for phrase in row.split("=")]
        for phrase in phrases:
            PREPOSITIONS[phrase] = phrases[0]


_prepositions()
