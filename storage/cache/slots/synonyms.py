"""Words that name the same thing on screen: one of them stands for all.

Owns the table. Invariant: two words are in one row only if a viewer of both films could not say which was asked for;
ship is no boat, kitten is no cat, dusk is no night. Every row's first word stands for the others; phrases may have
several words. Lemmas, not forms. Read by `tagging`.
"""

from __future__ import annotations

_ROWS = """
car = automobile = motorcar
motorcycle = motorbike
bicycle = bike = push bike
airplane = aeroplane = plane = jet plane
tv = television = tv set = television set = telly
cellphone = cell phone = mobile phone = smartphone = mobile = smart phone
phone = telephone
refrigerator = fridge
sofa = couch = settee
sea = ocean
forest = woodland
seashore = shore = seaside
child = kid
baby = infant
man = guy = gentleman = male person
woman = lady = female person
person = somebody = someone = individual = human being
doctor = physician
policeman = police officer = cop
photo = photograph
theater = theatre
center = centre
color = colour
colorful = colourful = multicolored = multicoloured = multi colored = multi coloured
grey = gray
harbor = harbour
neighbor = neighbour
armor = armour
jewelry = jewellery
pajamas = pyjamas
donut = doughnut
hamburger = burger
soda = soft drink = fizzy drink
rubbish = trash = garbage
trash can = garbage can = dustbin = rubbish bin
sidewalk = pavement
truck = lorry
subway = underground train = metro
gasoline = petrol
flashlight = torch light
hair dryer = hair drier = hairdryer = blow dryer
skyscraper = high rise = high rise building
road = roadway

path = pathway = footpath
backyard = back yard
countryside = rural area = country side
bakery = bake shop
shop = store
supermarket = grocery store
cemetery = graveyard = burial ground
spaceship = spacecraft = starship = space ship
ufo = flying saucer
robot = android
soldier = serviceman
grandmother = grandma = granny
grandfather = grandpa = granddad
mother = mom = mum = mommy
father = dad = daddy
bird feeder = birdfeeder
hippopotamus = hippo
rhinoceros = rhino
campfire = camp fire
fire = blaze
cook = prepare food
big = large
small = little
huge = enormous = gigantic = massive = immense
tiny = minuscule = teeny
sad = unhappy = sorrowful
angry = furious = enraged
calm = tranquil = serene = peaceful
quiet = silent
scared = frightened = afraid
beautiful = gorgeous = lovely
pretty = good looking
tired = weary = exhausted
old = elderly = aged
ancient = age old
fast = quick = rapid = swift = quickly = rapidly = swiftly = speedily
slowly = at slow pace = unhurriedly
gradually = little by little = bit by bit
suddenly = all of a sudden = abruptly
gently = softly
quietly = silently
happily = joyfully = cheerfully = merrily
peacefully = calmly = serenely = tranquilly
gracefully = elegantly
carefully = cautiously
playfully = in a playful way
together = with each other
bustling = busy
abandoned = deserted = derelict = forsaken
shiny = glossy = lustrous
fluffy = fuzzy
wet = soaked = drenched
icy = ice cold
dirty = filthy = grimy
tasty = delicious = yummy
wooden = wood made
metal = metallic
start = begin = commence
end = finish
close = shut
look = gaze
look at = gaze at
jump = leap
talk = speak
chat = chatter = converse
shout = yell
sprint = dash
walk = stroll = take walk = go for walk
jog = go for jog
hold = hold onto = hold on to
grab = grasp = seize
throw = toss = hurl
pick = pick up
build = construct
repair = fix = mend
clean = clean up
wash = wash off
chop = chop up
slice = cut into slice = slice up
buy = purchase
sleep = slumber
nap = take nap
rest = take rest
eat = eat up = consume
drink = drink up
sip = take sip of
photograph = take photo of = take picture of
play with = toy with
chase = run after
follow = go after
hug = embrace
rise = ascend = go up
descend = go down
appear = show up
disappear = vanish
fall = fall down
drop = let fall
explode = blow up
transform = morph
transform into = morph into = turn into = change into = become
show = display
cover = blanket
wear = dress~ed in = clothe~ed in = clad in = have on
take off = remove clothing
watch = observe
wait for = await
draw = sketch
read = peruse
surf = ride wave
ski = go skiing
cycle = ride bicycle = ride bike
work out = exercise
meditate = do meditation
search for = look for
pour = pour out
sparkle = glitter = twinkle
towards = toward
near = close by = nearby
sunlight = sunshine
moonlight = light of moon
picture = pic
luggage = baggage
suitcase = travel case
puppy = young dog
kitten = young cat
foal = young horse
teddy = teddy bear
basketball court = basketball field
soccer = football association
aurora = aurora borealis = northern light
cafe = coffee shop = coffeehouse = coffee house
highway = motorway = freeway
alley = alleyway
skateboard = skate board
cute = adorable
wander = roam
clutch = grip
enter = come in = go in
leave = exit
spin = twirl
press button = push button
stove = cooker
glasses = spectacles = eyeglasses
pants = trousers
cinema = movie theater
film = movie = motion picture
pharmacy = drugstore = drug store
lawyer = attorney
fireman = firefighter = fire fighter
postman = mailman
taxi = cab = taxicab
corn = maize
eggplant = aubergine
zucchini = courgette
aluminum = aluminium
mustache = moustache
tire = tyre
plow = plough
cozy = cosy
ax = axe
yogurt = yoghurt
practice = practise
staircase = stairs = stairway
color~ed = colour~ed
mankind = humankind
sidewalk = footway
windshield = windscreen
wallet = billfold
diaper = nappy
stroller = pushchair = baby carriage
wash dish = do dish
fight = battle
explode = burst
dark = darkness
look at camera = look into camera
sit = seat~ed = sit down
stand = stand up
give = hand
"""


def _table() -> dict[str, str]:
    table: dict[str, str] = {}
    for row in _ROWS.strip().splitlines():
        words = [word.strip() for word in row.split("=")]
        for word in words[1:]:
            table[word] = words[0]
    return table


SYNONYMS = _table()
"""Phrase → the word that stands for it."""
