"""Which words are verbs, and the forms no rule makes.

Owns the verb tables. Invariant: `VERBS` holds base forms only; every value of `IRREGULAR` is (base form, form), where a
form is "past" (nothing but past), "ed" (past or participle), "en" (participle), "ing" or "s". A verb that is missing
here costs a miss, never a wrong hit. Read by `lemmas` and `tagging`.
"""

from __future__ import annotations

ONLY_VERBS = frozenset(
    """
abandon absorb accelerate accept accompany achieve act add adjust admire adopt adorn advance aim allow amaze amplify
announce appear applaud apply appreciate approach argue arise arrange arrive ascend ask assemble assist attach attend
avoid awaken bake balance bark bask bathe beat become beckon beg begin behave believe belong bend bite bleed bless blend
block bloom blossom blow boil bombard borrow bother bounce break breakdance breathe breed bring broadcast browse build
bully burn burrow bury buy capture caress carry carve cast catch celebrate change chant chase chat chatter cheer chew
choose chop clap clean clear climb cling close collapse collect collide combine come communicate compare compete
complain complete compose comprise conceal conduct confront connect conquer consider consist construct consume contain
continue converse cooperate cough cover crack crash crawl create creep crouch crumble crush cry cuddle curl cycle
dangle dart dash decay decide decorate decrease defeat defend deliver demonstrate depart depict descend describe
deserve destroy develop die dig dim diminish dine dip disappear discover discuss disinfect disintegrate dismantle
dispense disperse display dissolve dive divide do donate drag drain draw dribble drift drip drive droop drop drown
dwell earn eat edit elevate embark embrace emerge emit enclose encounter encourage endure engage enjoy enter entertain
envelop erase erode erupt escape escort establish evaporate examine exchange exercise exhale exit expand expect explain
explode explore expose express extend extinguish extract fade fail fall fasten feed feel fetch fight fill fillet find
finish fit fix flap flee flicker fling float flourish flow flutter focus fold follow forage forget forgive form freeze
frolic gain gallop gather gaze generate get giggle give glare gleam glide glisten glitter glow gnaw go grab grasp graze
greet grin grind grip groom grow guide gulp gush gut hang happen harvest hatch have haul heal hear heat help hide hit
hoist hold hone hop hope hover howl hug hum hunt hurry hurl ignite illuminate imagine imitate impale improve include
increase inflate inhale inject inquire insert inspect install instruct interact introduce invade invent invite iron
join journey juggle jog kayak keep kick kidnap kill kiss knead kneel knit knock know lack laugh launch lay lead lean
leap learn leave lend let levitate lick lie lift linger listen live load loom lose lounge lower lurk maintain make
march marry massage mature meander measure meditate meet melt mention meow merge mingle mix moo morph mourn move mow
munch murmur navigate negotiate nestle nibble nod nudge nuzzle obey observe obtain occupy occur offer open operate
order organize overcome overflow overlap overlook overtake own paddle pass paste pat pedal peek peel peer penetrate
perch perform persist pet pick pierce place play please pluck plunge poach point poke polish pollinate ponder pop pose
possess pour practice praise pray preach precede prefer prepare present preserve press pretend prevent proceed produce
protect prove provide prowl prune pull pump puncture punish purr push put quarrel race rain raise reach read rearrange
receive recede recite recline recognize recover recycle reduce reflect refuse relax release remain remove repair repeat
replace resemble resist rest restore retreat retrieve return reveal revolve ride rinse rip ripen ripple rise roam roar
roast rob roll rotate rub ruin run rush rustle sail salute save say scamper scare scatter scold scoop scorch scrape
scratch scream scrub scurry search seem seize select sell send separate serve set sew shake share sharpen shatter shave
shed shimmer shine shiver shoot shout shove show shovel shred shrink shrug shuffle shut sigh sing sink sip sit skate
ski skip slam slap slash sleep slice slide slink slip slither slow slurp smash smear smell smile smolder snap snatch
sneak sneeze sniff snooze snore snuggle soak soar solve soothe sparkle speak speed spell spend spill spin splash split
spray spread sprint sprinkle sprout squat squeeze stack stagger stand stare start startle stay steal steer step stir
stomp stop store straighten strain stray stretch stride strike stroke stroll strum struggle strut stumble stun submerge
suck surf surface surround survive suspend sway swear sweat sweep swell swim swing swirl swoop tackle take talk tame
tangle tap taste taunt teach tear tease tell tend thaw thank think threaten thrive throb throw thrust tickle tie tilt
toast topple toss touch tour tow trace trail train transform translate travel traverse tremble trickle trim trot
trudge trust try tuck tumble turn twinkle twirl twist unbox uncover unfold unlock unpack unroll unveil unwrap unzip
use vacuum vanish venture view visit vomit wade waddle wag wail wait wake walk wander want warm warn wash watch wave
weave weep weigh welcome whimper whip whirl whisper whistle widen wilt win wipe wither wobble wonder work worship wrap
wrestle wriggle write yawn yell zip approach board brush camp caption charge cheat check circle claim clash coach
contest cook counter crisscross dance dribble drum duel exist filter fish flip frame fry gamble gargle gesture grill
grumble hail halt hammer handle hang-glide head herd hike hiss interview itch jump kneel label land lap lash log
look loop mail mark mask match mend mimic mount narrate nap nest ooze pack paint park parade patrol peck photograph
picnic pitch plant plot plow preen propel propose pulse punch pursue quench quiver ram rappel rattle record
reel rehearse
rejoice relish rescue review ring rock row scan scoot score scout screech sculpt seal sketch slouch snarl snorkel
snowboard spar spark spar spit sport spot spy squeal squirt stalk stamp star steam stitch storm strip study stuff
swat sunbathe surge surprise survey swap swipe switch tattoo text thunder tiptoe torment trade trap treat trick tug
type unload unravel unwind urge utter vibrate wail walk warp weld wheel wiggle wink wield wish work wound zoom
suffer assert attract illustrate overgrow rust tarnish weather stain flatten brighten darken lighten soften harden
redden thicken loosen tighten shorten lengthen deepen dampen moisten quieten revive wear dress hand light fly drink
accelerate acquire activate adapt affect anchor animate arch attack attempt await backflip bandage barbecue beam
billow blacken blanket bleat blind blink blush brake brew bustle buzz canoe canter cap capsize cartwheel cascade
cause caw chip chirp chuckle clatter clink cluck compress concentrate confuse contrast control corrode count creak
cringe crochet crop crouch cruise crystallize curse dazzle debate define design discard disguise dissipate dissolve
distort distract dock doze drape drift drizzle dry dump dunk dust echo embroider empty encroach engulf ensure etch
face fear feature flash flatten flinch flood force frown gallop gargle garnish gnash grace graze growl guard gust
harmonize harness hitchhike hoot hover ignore injure inscribe intensify isolate jingle knit land layer leak lock
lunge lurch manage marinate meow milk mirror miss mock moo moor mop mute narrow neigh notice nurture obscure oink
outline overwhelm oxidize paddle park participate pause poison pot pout prick protest purr quack quake radiate rage
rake range realize regain represent roar row rumble salsa scroll season secure shadow shape shelter shield shift
shop showcase shower shroud shudder simmer sip sizzle skateboard skid skydive slurp smoke snarl snicker snorkel
somersault span spew spread squint steer stomp strengthen submerge succeed suffocate sunbathe surface swallow swerve
tango tatter taxi terrify test thrill thud tidy tilt tower transition transport tread trigger trot trudge undulate
vacuum wade wag wallow waltz water wax whisk whittle wince
cut name need seat burst cross battle bow wiggle crouch sprawl trot do be like love hate hurt kneel exclaim reply
answer call
""".split()
)
"""Bases; a word that is a noun too is named in `ALSO_NOUNS`."""

ALSO_NOUNS = frozenset(
    """
act advance aim answer approach balance bark bake bask beat bend bite blend block bloom blossom blow board boil bounce
box break brush burn call camp capture caption cast catch change charge chase chat check cheer circle claim clap clash
climb close coach collapse contest cook cough counter cover crack crash crawl cry curl cycle dance dart dash decay
display dive drag drain draw dress drift drink drip drive drop drum duel embrace end escape escort estimate exchange
exercise exit fall feed feel fight fillet fill filter find finish fish fit fix flap flicker flip float flow flutter
fly focus fold form frame freeze fry gallop gamble gaze gesture giggle glance glare gleam glide glow go grasp graze
grill grin grip groom guide gulp gut hail halt hammer hand handle hang harvest hatch haul head heat help herd hike hit
hold hop hope howl hug hum hunt hurry insert interview iron itch jog journey judge juggle jump kayak kick kill kiss
knit knock label lack land lap lash laugh launch lay lead leap leave lick lie lift light like load log look loop lounge
love lower mail march mark mask massage match measure melt mend mention mimic mix mount move munch murmur name nap need
nest nod nudge offer order overlap own pack paddle paint parade park pass paste pat patrol peck pedal peek peel peer
perch pet photograph pick picnic pitch place plant play plot plow plunge point poke polish pop pose pour practice praise
present press produce prune pull pulse pump punch push quarrel race rain raise ram rattle reach read record reel release
repair rescue rest retreat return review ride ring rip ripple rise roar roast rock roll row rub ruin run rush rust sail
salute save scan scare scoop score scout scratch scream scrub seal search set shake share shave shed shine shoot shout
shove shovel show shred shrug shuffle sigh sip skate sketch ski skip slap slash sleep slice slide slip smash smear smell
smile snap sneeze sniff snooze soar spark sparkle spell spill spin spit splash split sport spot spray spread sprint
sprout spy squat squeeze stack stain stamp stand star stare start stay steam step stir stitch stop store storm strain
stray stretch stride strike strip stroke stroll struggle study stuff surf surface surge surprise survey swap sway sweat
sweep swell swim swing swirl switch tackle talk tap taste tattoo tear text thaw thunder tickle tie tilt toast toss touch
tour tow trace trade trail train trap travel treat trek trick trim trot trust try tug turn twinkle twist type use view
visit wag wail wait wake walk wash watch wave weather weave welcome wheel whip whirl whisper whistle win wink wish
wonder work worship wound wrap yawn yell zoom experience clean clear open burst cross battle bow seat name cut bear
string sting saw sling spring snowboard skateboard vacuum iron sow kayak
ski mean dream rain snow storm paddle steer land purr moo honk leap
anchor arch attack backflip bandage barbecue blanket blind blush brake brew canoe cap cartwheel cascade chip
contrast control count crop cruise curse debate design dock dust echo face fear feature flash flood force frown
growl guard layer leak lock milk mirror miss outline pause pot protest rage rake range salsa scroll season shadow
shape shelter shield shift shop shower shroud smoke snarl span swallow tango test tower transport trigger waltz
water
""".split()
)

VERBS = ONLY_VERBS | ALSO_NOUNS

_FORMS = """
arise arose arisen; awake awoke awoken; bear bore borne; beat beat beaten; become became become; begin began begun;
bend bent bent; bind bound bound; bite bit bitten; bleed bled bled; blow blew blown; break broke broken;
breed bred bred;
bring brought brought; build built built; burn burnt burnt; buy bought bought; catch caught caught; choose chose chosen;
cling clung clung; come came come; creep crept crept; deal dealt dealt; dig dug dug; do did done; draw drew drawn;
dream dreamt dreamt; drink drank drunk; drive drove driven; eat ate eaten; fall fell fallen; feed fed fed;
feel felt felt;
fight fought fought; find found found; flee fled fled; fling flung flung; fly flew flown; forget forgot forgotten;
forgive forgave forgiven; freeze froze frozen; get got gotten; give gave given; go went gone; grind ground ground;
grow grew grown; hang hung hung; have had had; hear heard heard; hide hid hidden; hold held held; keep kept kept;
kneel knelt knelt; know knew known; lay laid laid; lead led led; lean leant leant; leap leapt leapt;
learn learnt learnt;
leave left left; lend lent lent; lie lay lain; light lit lit; lose lost lost; make made made; mean meant meant;
meet met met; overcome overcame overcome; overgrow overgrew overgrown; overtake overtook overtaken; pay paid paid;
ride rode ridden; ring rang rung; rise rose risen; run ran run; say said said; see saw seen; seek sought sought;
sell sold sold; send sent sent; sew sewed sewn; shake shook shaken; shine shone shone; shoot shot shot;
show showed shown;
shrink shrank shrunk; sing sang sung; sink sank sunk; sit sat sat; sleep slept slept; slide slid slid;
sling slung slung;
slink slunk slunk; speak spoke spoken; speed sped sped; spend spent spent; spill spilt spilt; spin spun spun;
spring sprang sprung; stand stood stood; steal stole stolen; stick stuck stuck; sting stung stung;
stride strode stridden;
strike struck struck; string strung strung; strive strove striven; swear swore sworn; sweep swept swept;
swell swelled swollen; swim swam swum; swing swung swung; take took taken; teach taught taught; tear tore torn;
tell told told; think thought thought; throw threw thrown; wake woke woken; wear wore worn; weave wove woven;
weep wept wept; win won won; wind wound wound; write wrote written; prove proved proven; saw sawed sawn; sow sowed sown
"""
_NOT_AS_VERBS = frozenset("left lay ground saw found wound rose bore fell shot felt bound spoke".split())
"""Past forms that are commoner as something else in a prompt: the tables elsewhere, or the plain word, have them."""


_NO_OBJECT = frozenset("sit stand sleep weep kneel creep leap swing spin stride dream".split())
"""Verbs whose past form, though a participle too, tells what somebody does."""


def _irregular() -> dict[str, tuple[str, str]]:
    forms: dict[str, tuple[str, str]] = {}
    for row in _FORMS.split(";"):
        base, past, participle = row.split()
        alone = past != participle or base in _NO_OBJECT
        for word, form in ((past, "past" if alone else "ed"), (participle, "en")):
            if word not in _NOT_AS_VERBS and word != base:
                forms.setdefault(word, (base, form))
    ing = {"lying": "lie", "dying": "die", "tying": "tie", "vying": "vie", "dyeing": "dye", "skiing": "ski"}
    forms |= {word: (base, "ing") for word, base in ing.items()}
    forms |= {"goes": ("go", "s"), "does": ("do", "s"), "has": ("have", "s"), "having": ("have", "ing")}
    forms |= {"lies": ("lie", "s"), "dies": ("die", "s"), "ties": ("tie", "s"), "found": ("find", "ed")}
    return forms


IRREGULAR = _irregular()

IRREGULAR_VERB_BASES = frozenset(row.split()[0] for row in _FORMS.split(";"))
VERBS = VERBS | IRREGULAR_VERB_BASES
