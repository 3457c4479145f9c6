"""The language of film as a table: shot sizes, angles, lenses, speed, styles, hours, weather and seasons.

Owns phrase → (slot, value). Invariant: a row's phrases ask for the same picture, and no phrase names an hour, a
weather or a style that another row's value also fits (dusk is no night, mist is no fog). A phrase may be anywhere in a
prompt, or, behind `~`, only alone between two marks of punctuation, where "night" is an hour and not half a night club.
Read by `phrases`; camera moves are in `camera`.
"""

from __future__ import annotations

_SIZE = """
EWS: extreme wide shot; extreme long shot; extra wide shot; very wide shot; ultra wide shot; extreme wide;
  very long shot; ~ews; ~els
ESTABLISHING: establishing shot; establishing wide shot
WS: wide shot; long shot; wide view; wide framing; ~wide; ~ws; ~ls
FS: full shot; full body shot; full length shot; full body view; head to toe shot; full figure shot; ~full body; ~fs
MLS: medium long shot; medium wide shot; cowboy shot; american shot; knee shot; ~mls; ~mws
MS: medium shot; mid shot; midshot; waist up shot; waist shot; shot from the waist up; medium view; ~waist up;
  ~medium; ~ms
MCU: medium close up; medium closeup; medium close up shot; mid close up; head and shoulders shot; chest shot;
  bust shot; ~mcu
CU: close up; closeup; close up shot; close shot; tight shot; tight close up; close in shot; close view;
  close up view; shot up close; ~cu; ~tight; ~up close; ~close
ECU: extreme close up; extreme closeup; very close up; extreme close shot; super close up; big close up;
  very tight shot; ultra close up; ~ecu; ~xcu; ~bcu
INSERT: insert shot; cutaway shot; ~insert; ~cutaway
TWO-SHOT: two shot; 2 shot
OTS: over the shoulder shot; over the shoulder view; over shoulder shot; shot over the shoulder;
  ~over the shoulder; ~ots
POV: point of view shot; pov shot; first person view; first person shot; first person pov; point of view;
  subjective shot; first person perspective; ~pov; ~first person
REACTION: reaction shot
PORTRAIT: portrait shot; head shot; headshot; ~portrait
"""
_ANGLE = """
low: low angle shot; low angle view; low angle; from a low angle; shot from below; seen from below;
  viewed from below; filmed from below; ~from below
high: high angle shot; high angle view; high angle; from a high angle
overhead: bird's eye view; birds eye view; bird's eye shot; bird's eye perspective; bird eye view;
  ~bird's eye; top down view; top down shot; top down;
  overhead view; overhead shot; overhead angle; top view; god's eye view; seen from directly above;
  from directly overhead; viewed from above; seen from above; shot from above; filmed from above; ~overhead;
  ~from above
aerial: aerial view; aerial shot; aerial footage; aerial video; aerial drone shot; drone shot; drone view;
  drone footage; drone video; aerial drone footage; aerial perspective; shot by a drone; filmed by a drone;
  shot from a drone; view from the air; seen from the air; ~aerial
worm: worm's eye view; worms eye view; ~worm's eye; ground level view
ground: ground level shot; ground level
eye: eye level shot; eye level view; eye level angle; eye level; at eye level
dutch: dutch angle shot; dutch angle; dutch tilt; canted angle; canted frame; tilted angle; tilted horizon;
  oblique angle
front: front view; frontal view; seen from the front; viewed from the front; shot from the front; ~from the front;
  front angle
side: side view; profile view; profile shot; seen from the side; viewed from the side; shot from the side;
  side angle; side on view
back: back view; rear view; seen from behind; viewed from behind; shot from behind; seen from the back;
  shot from the back; ~from the back; ~from behind
three quarter: three quarter view; 3 4 view
"""
_LENS = """
wide angle: wide angle lens; wide angle shot; wide angle view; wide angle; shot on a wide lens; wide lens
fisheye: fisheye lens; fish eye lens; fisheye; fish eye view; fisheye view
telephoto: telephoto lens; telephoto shot; telephoto; long lens; compressed perspective
macro: macro shot; macro lens; macro photography; macro view; macro footage; macro close up; extreme macro;
  macro video; ~macro
shallow focus: shallow depth of field; shallow focus; bokeh background; bokeh; blurred background;
  blurry background; out of focus background; background out of focus
deep focus: deep depth of field; deep focus; everything in focus
rack focus: rack focus; racking focus; focus pull; pull focus; pulling focus; focus shift; focus racks; rack focusing
soft focus: soft focus; diffusion filter
anamorphic: anamorphic lens; anamorphic
tilt shift: tilt shift lens; tilt shift
split screen: split screen; split diopter
"""
_SPEED = """
slow motion: in slow motion; slow motion; slow mo; slowmo; slowmotion; slo mo; in slow mo; slowed down;
  slow motion shot
super slow motion: in super slow motion; super slow motion; super slow mo; ultra slow motion; extreme slow motion;
  in ultra slow motion; in extreme slow motion
timelapse: time lapse; timelapse; time lapsed; in time lapse; in timelapse; as a timelapse
hyperlapse: hyperlapse; hyper lapse
fast motion: fast motion; in fast motion; sped up; fast forward; in fast forward; in high speed motion
real time: in real time; real time speed
still frame: in a still frame; still frame; a still frame
frozen: frozen in time; freeze frame; bullet time
reverse: in reverse motion; played in reverse; played backwards; reverse playback
"""
_TIME = """
day: in the daytime; during the daytime; during the day; during daytime; by day; in daylight; in broad daylight;
  in daytime; in the day; at daytime; ~day; ~daytime; ~daylight; ~day time
night: at night; at nighttime; at night time; by night; in the night; during the night; at the night;
  in the nighttime; during nighttime; in the dead of night; under the night sky; ~night; ~nighttime; ~night time;
  ~night scene; ~late at night
late night: late at night; in the late night
nightfall: at nightfall; ~nightfall
midnight: at midnight; around midnight; ~midnight
dawn: at dawn; at daybreak; at the break of dawn; at break of day; at first light; in the dawn; at crack of dawn;
  at the crack of dawn; during dawn; in the light of dawn; in dawn light; in the dawn light; ~dawn; ~daybreak;
  ~first light
sunrise: at sunrise; at sunup; during sunrise; during the sunrise; in the sunrise; ~sunrise; ~sunup
morning: in the morning; during the morning; on a morning; at morning; in morning light; in the morning light;
  in the light of morning; ~morning; ~morning light
early morning: in the early morning; early in the morning; during the early morning; in the early morning light;
  at early morning; ~early morning
noon: at noon; at midday; at high noon; in the middle of the day; at noontime; ~noon; ~midday; ~high noon
afternoon: in the afternoon; during the afternoon; in afternoon light; in the afternoon light; ~afternoon
late afternoon: in the late afternoon; late in the afternoon; ~late afternoon
evening: in the evening; during the evening; at evening; in evening light; at eventide; in the evening light; ~evening
dusk: at dusk; at twilight; in the twilight; in the dusk; during dusk; during twilight; in twilight;
  at the gloaming; in the light of dusk; in dusk light; ~dusk; ~twilight
sunset: at sunset; at sundown; during sunset; during the sunset; during a sunset; in the sunset; at the sunset;
  in sunset light; as the sun sets; as the sun goes down; while the sun sets; ~sunset; ~sundown
golden hour: at golden hour; during golden hour; in golden hour light; during the golden hour; golden hour lighting;
  at the golden hour; golden hour; magic hour; at magic hour
blue hour: at blue hour; during blue hour; during the blue hour; at the blue hour; blue hour
"""
_WEATHER = """
rain: in the rain; in rain; while it rains; while it is raining; as it rains; as rain falls; in rainy weather;
  on a rainy day; under the rain; during rain; it is raining; it rains; as the rain falls; while the rain falls;
  while rain falls; when it rains; in the falling rain; ~rain; ~rainy; ~raining; ~rainy day; ~rainy weather
heavy rain: in heavy rain; in the heavy rain; in pouring rain; in the pouring rain; in a downpour;
  during a downpour; in a heavy downpour; in torrential rain; ~heavy rain; ~downpour; ~pouring rain
light rain: in light rain; in a drizzle; in the drizzle; in drizzling rain; in a light rain; ~light rain; ~drizzle
snow: in falling snow; while it snows; while it is snowing; as snow falls; as it snows; in snowy weather;
  on a snowy day; during snowfall; in the snowfall; it is snowing; in the falling snow; while snow falls;
  as the snow falls; ~snow; ~snowing; ~snowfall; ~snowy; ~snowy day
blizzard: in a blizzard; during a blizzard; in a snowstorm; during a snowstorm; in the snowstorm; in the blizzard;
  ~blizzard; ~snowstorm
fog: in the fog; in fog; in foggy weather; on a foggy day; in thick fog; in dense fog; in heavy fog; ~fog; ~foggy;
  ~foggy day
mist: in the mist; in mist; in misty weather; on a misty day; ~mist; ~misty
haze: in the haze; in haze; ~haze; ~hazy
storm: in a storm; during a storm; in the storm; in stormy weather; on a stormy day; ~storm; ~stormy; ~stormy weather
thunderstorm: in a thunderstorm; during a thunderstorm; in the thunderstorm; ~thunderstorm
wind: in the wind; in windy weather; on a windy day; ~wind; ~windy; ~windy day; ~strong wind; ~strong winds
sun: on a sunny day; in sunny weather; in the bright sunshine; on a bright sunny day; under the bright sun; ~sunny;
  ~sunny day; ~sunny weather; ~bright sunny day
clear: under a clear sky; in clear weather; under clear skies; on a clear day; ~clear sky; ~clear skies;
  ~clear weather; ~clear
overcast: on a cloudy day; under an overcast sky; under overcast skies; on an overcast day; in cloudy weather;
  under a cloudy sky; ~overcast; ~cloudy; ~overcast sky; ~cloudy sky
"""
_SEASON = """
spring: in spring; in the spring; during spring; in springtime; during the spring; during springtime;
  in the springtime; in spring season; ~spring; ~springtime
summer: in summer; in the summer; during summer; in summertime; during the summer; in the summertime; ~summer;
  ~summertime
autumn: in autumn; in the autumn; during autumn; in the fall; in fall; during fall; during the fall;
  during the autumn; in autumn season; in the fall season; ~autumn; ~fall
winter: in winter; in the winter; during winter; in wintertime; during the winter; in the wintertime; ~winter;
  ~wintertime
"""
_STYLE = """
tranquil tableau: tranquil tableau; a tranquil tableau
by van gogh: by vincent van gogh; by van gogh
by hokusai: by hokusai
oil painting: as an oil painting; oil painting style; in oil painting style; in the style of an oil painting;
  in oil paint; ~oil painting; ~an oil painting; ~in oils
watercolor: as a watercolor painting; watercolor painting style; in watercolor style; watercolor style;
  in watercolors; in watercolor; in the style of a watercolor painting; as a watercolor; watercolour style;
  ~watercolor painting; ~watercolor; ~watercolour; ~watercolour painting; ~a watercolor painting
black and white: in black and white; black and white film; black and white footage; in monochrome;
  black and white style; ~black and white; ~monochrome; ~b w; ~black white
sepia: in sepia; in sepia tones; sepia tone; sepia toned; ~sepia
pixel art: in pixel art style; pixel art style; as pixel art; in pixel art; in the style of pixel art; ~pixel art
animation: animated style; in animated style; in an animated style; animation style; in animation style;
  as an animation; as a cartoon; cartoon style; in cartoon style; in a cartoon style; ~animated; ~animation;
  ~cartoon
anime: anime style; in anime style; in an anime style; as an anime; in the style of anime; japanese animation style;
  ~anime
3d animation: 3d animation style; in 3d animation style; 3d animated style; 3d render style; as a 3d animation;
  ~3d animation; ~3d render; ~3d cgi; ~cgi
claymation: claymation style; in claymation; in claymation style; stop motion clay style; ~claymation
stop motion: stop motion style; in stop motion; stop motion animation; in stop motion style; ~stop motion
cyberpunk: in cyberpunk style; cyberpunk style; in a cyberpunk style; in the style of cyberpunk; ~cyberpunk
surrealism: surrealism style; in surrealism style; surrealist style; in a surrealist style;
  in the style of surrealism; in surreal style; ~surrealism; ~surrealist; ~surreal
impressionism: impressionist style; in impressionist style; in the style of impressionism; impressionism style;
  ~impressionism; ~impressionist
van gogh: van gogh style; in van gogh style; in the style of van gogh; in the style of vincent van gogh;
  vincent van gogh style; in van gogh's style; van gogh's style
hokusai: in the style of hokusai; hokusai style; in hokusai style
ukiyo-e: in the style of ukiyo; ukiyo style; in ukiyo style; in the style of ukiyo e; ukiyo e style; ~ukiyo e; ~ukiyo
noir: film noir style; in film noir style; in the style of film noir; noir style; film noir; ~noir
steampunk: steampunk style; in steampunk style; in a steampunk style; ~steampunk
comic: comic book style; in comic book style; comic style; in the style of a comic book; ~comic book
sketch: pencil sketch style; in pencil sketch style; as a pencil sketch; as a pencil drawing; ~pencil sketch;
  ~pencil drawing
photorealistic: in a photorealistic style; photorealistic style; photo realistic style; ~photorealistic;
  ~photo realistic; ~photorealism
realistic: realistic style; in a realistic style; in realistic style; ~realistic
hyperrealistic: hyper realistic style; hyperrealistic style; ~hyperrealistic; ~hyper realistic
documentary: documentary style; in documentary style; in the style of a documentary; ~documentary
found footage: found footage style; in found footage style; found footage
vhs: vhs style; in vhs style; vhs footage; ~vhs
8mm film: shot on 8mm film; 8mm film; super 8 film; shot on super 8
16mm film: shot on 16mm film; 16mm film; 16 mm film; shot on 16mm
35mm film: shot on 35mm film; 35mm film; 35 mm film; shot on 35mm; on 35mm
fantasy: fantasy style; in fantasy style; ~fantasy
minimalist: minimalist style; in minimalist style; in a minimalist style; ~minimalist; ~minimalism
vintage: vintage style; in vintage style; in a vintage style; ~vintage
retro: retro style; in retro style; in a retro style; ~retro
digital art: as digital art; digital art style; ~digital art
"""
_PALETTE = """
warm: warm tones; warm colors; warm colours; warm palette; warm color palette; warm colour palette; in warm tones;
  in warm colors
cool: cool tones; cool colors; cool colours; cold tones; cool palette; cool color palette; in cool tones;
  in cool colors
pastel: pastel colors; pastel colours; pastel tones; pastel palette; pastel color palette; in pastel colors
vibrant: vibrant colors; vibrant colours; vivid colors; vivid colours; in vibrant colors; in vivid colors;
  vibrant color
muted: muted colors; muted colours; muted tones; muted palette; desaturated; desaturated colors; desaturated tones;
  in muted colors
high contrast: high contrast; high contrast lighting
low key: low key lighting; low key light
high key: high key lighting; high key light
backlit: backlit; back lit; with backlight; backlighting; with back lighting
neon: neon lighting; neon lights lighting; lit by neon; neon lit
soft light: soft lighting; soft light; in soft light; with soft lighting
natural light: natural lighting; natural light; in natural light
volumetric light: volumetric lighting; volumetric light; god rays
silhouette: in silhouette
"""
_INSIDE = """
interior: ~interior; ~int; ~indoors; ~indoor; ~inside; interior shot; indoor shot
exterior: ~exterior; ~ext; ~outdoors; ~outdoor; ~outside; exterior shot; outdoor shot
"""
_FILLER = """
please; thanks; thank you; 4k; 4k resolution; 4k video; 8k; 8k resolution; uhd; ultra hd; hd; full hd;
high definition; high resolution;
high res; hdr; highly detailed; ultra detailed; extremely detailed; very detailed;
intricate details; masterpiece; best quality; high quality; highest quality; top quality; award winning;
professional; professionally shot; ultra high definition; cinematic; cinematic shot; cinematic video;
cinematic footage; cinematic lighting;
cinematic style; cinematic quality; cinematic look; film quality; sharp focus; sharp details; fine details;
epic shot; stunning shot; beautiful shot; unreal engine; octane render; trending on artstation; crisp;
crystal clear quality; 1080p; 2160p; 60fps; 24fps; 30fps
"""
SLOT_TABLES = {
    "size": _SIZE, "angle": _ANGLE, "lens": _LENS, "speed": _SPEED, "time": _TIME, "weather": _WEATHER,
    "season": _SEASON, "style": _STYLE, "palette": _PALETTE, "inside": _INSIDE,
}  # fmt: skip
_SKIES = {
    "rainy": "rain", "snowy": "snow", "foggy": "fog", "misty": "mist", "stormy": "storm", "windy": "wind",
    "sunny": "sun", "cloudy": "overcast",
}  # fmt: skip
_HOURS = ("morning", "afternoon", "evening", "night", "dawn", "dusk")
HAND_OVER = {f"{sky} {hour}": (("weather", value), ("time", hour)) for sky, value in _SKIES.items() for hour in _HOURS}
"""Values that fill two slots."""

LEAD_ADJECTIVES = frozenset(
    """beautiful stunning cinematic high quality detailed highly breathtaking gorgeous amazing epic professional 4k 8k
    hd
    uhd short nice great captivating mesmerizing""".split()
)
LEAD_NOUNS = frozenset(
    "video clip footage shot scene film movie image view sequence recording picture depiction videoclip".split()
)
LEAD_LINKS = frozenset("of showing featuring depicting shows capturing".split())
LEADS = """
please; i would like; i want; i need; i would like to see; i want to see; generate; create; make; render; produce;
show me; show; i want; i would like; we see; we can see;
you see; imagine; picture;
the video shows; the scene shows; the clip shows; this video shows; this scene shows; the video features;
the scene features; the scene depicts; the video depicts; the footage shows; the film shows; the shot shows;
the image shows;
there is; there are; there was; here is; in this video; in this scene; in the video; in the scene; in this clip;
in this shot; in the shot
"""


def rows(table: str) -> list[tuple[str, bool, str]]:
    """(phrase, only alone, value) of a table."""
    found: list[tuple[str, bool, str]] = []
    for line in table.strip().replace("\n  ", " ").splitlines():
        value, _, phrases = line.partition(": ")
        for phrase in phrases.split(";"):
            bare = phrase.strip()
            if bare:
                found.append((bare.removeprefix("~"), bare.startswith("~"), value))
    looks = [(phrase, alone, value) for phrase, alone, value in found if phrase.endswith(" style")]
    for phrase, alone, value in looks:
        found += [(phrase.removesuffix("style") + other, alone, value) for other in ("look", "aesthetic")]
    return found


def skies() -> list[tuple[str, bool, str]]:
    """Rows of weather and hour together: "on a rainy night"."""
    return [
        (before + value, not before, value) for value in HAND_OVER for before in ("", "on a ", "in a ", "during a ")
    ]


def fillers() -> list[str]:
    return [phrase.strip() for phrase in _FILLER.replace("\n", " ").split(";") if phrase.strip()]


def leads() -> list[str]:
    return [phrase.strip() for phrase in LEADS.replace("\n", " ").split(";") if phrase.strip()]
