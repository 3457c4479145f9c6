"""Identities and environments by GraphQL (C-158, C-159)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from actors.continuity.people_known import people_of_story
from actors.continuity.places_seen import FAR_COSINE_MAX, light_of, likenesses, palette_of, seen_in
from actors.continuity.reads import reads_of
from actors.views import TakeView
from gpu.embed.image_descriptor import ImageDescriptor
from gpu.observe.place import fingerprint, palette
from serve_app.graphql.who_and_where import best_frame
from tests.unit.serve_app.graphql.test_real_owner import Api, served
from tests.unit.serve_app.http.test_sheets import story

pytestmark = pytest.mark.unit

SCRIPT = (
    "INT. KITCHEN - NIGHT\n\nA small, dusty kitchen. EDWARD (60), with an Irish accent, switches on the lamp."
    " The lamp on the table hums.\n\nEDWARD\n(smiling, in a hoarse whisper)\nSoup.\n"
)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with served(tmp_path) as (found, _):
        yield found


async def test_c158_who_and_where_are_queries_with_their_words(api: Api) -> None:
    """C-158: what is read quotes the script; a voice that people set stands beside it."""
    home = await story(api, SCRIPT)
    call = "addCast(projectId: $p, name: $n, idempotencyKey: $key)"
    made = await api.act(call, "project { cast { id } }", **{"p: ID!": home, "n: String!": "EDWARD"})
    (cast,) = [each["id"] for each in made["project"]["cast"]]
    call = "setVoice(input: {projectId: $p, castId: $c, timbre: $t, idempotencyKey: $key})"
    made = await api.act(call, "project { id }", **{"p: ID!": home, "c: ID!": cast, "t: String!": "low"})
    assert made["userErrors"] == []
    words = "{ attribute value evidence { text } }"
    ask = (
        "query($p: ID!) { storyIdentity(projectId: $p) { name castId portraitUrl bestFrame { url }"
        f" looks {words} toldVoice {words} setVoice {{ timbre accent pace sampleUrl }}"
        f" appearances {{ number age {{ low counted }} expressions {words} voice {words} }} }} }}"
    )
    (edward,) = (await api.ask(ask, p=home))["storyIdentity"]
    assert (edward["name"], edward["castId"], edward["portraitUrl"], edward["bestFrame"]) == (
        "EDWARD",
        cast,
        None,
        None,
    )
    assert edward["setVoice"] == {"timbre": "low", "accent": "", "pace": "", "sampleUrl": None}
    assert [(each["value"], each["evidence"]["text"]) for each in edward["toldVoice"]] == [("Irish", "Irish accent")]
    (scene,) = edward["appearances"]
    assert scene["age"] == {"low": 60, "counted": 0}
    assert [each["value"] for each in scene["expressions"]] == ["smiling"]
    assert [each["value"] for each in scene["voice"]] == ["hoarse", "whispering"]
    ask = (
        "query($p: ID!) { environment(projectId: $p) { name features { value } palette { colour }"
        " relations { thing relation other } visits { number light { level since evidence { text } }"
        " lies { thing where } picture { url } } } }"
    )
    (kitchen,) = (await api.ask(ask, p=home))["environment"]
    assert [each["value"] for each in kitchen["features"]] == ["small, dusty kitchen"]
    assert kitchen["relations"] == [{"thing": "lamp", "relation": "on", "other": "table"}]
    (scene,) = kitchen["visits"]
    assert [each["level"] for each in scene["light"]] == ["night", "lit"]
    assert scene["light"][1]["evidence"]["text"] == "switches on the lamp"
    assert (scene["lies"], scene["picture"]) == ([{"thing": "lamp", "where": "on table"}], None)


def room(wall: tuple[int, int, int], seed: int, shift: int = 0) -> NDArray[np.uint8]:
    """A frame of a room: a wall, a floor, a window; noise of its own."""
    picture = np.full((90, 160, 3), wall, np.uint8)
    picture[60:] = (40, 60, 90)
    picture[15:40, 30 + shift : 60 + shift] = (230, 220, 200)
    noise = np.random.default_rng(seed).integers(-6, 7, picture.shape)
    return np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def test_c159_a_film_unlike_its_place_is_noted() -> None:
    """C-159: by the mean of the other films of the place in that light; of one embedder; never from one other alone."""
    frames = [room((120, 160, 90), at, at) for at in range(4)]
    frames.append(np.random.default_rng(9).integers(0, 255, (90, 160, 3)).astype(np.uint8))
    told = [{"place": fingerprint([each], ImageDescriptor())} for each in frames]
    takes = [seen_in(f"s{at}", f"tak_{at}", each, light_of("day")) for at, each in enumerate(told)]
    shown = [each for each in takes if each is not None]
    assert len(shown) == 5
    like = likenesses(shown)
    assert [like[f"s{at}"].far for at in range(5)] == [False, False, False, False, True]
    assert all((like[f"s{at}"].cosine or 0) > FAR_COSINE_MAX + 0.2 for at in range(4))
    assert likenesses(shown[:2])["s0"].cosine is None
    night = seen_in("s9", "tak_9", told[0], light_of("evening"))
    assert night is not None
    assert likenesses([*shown, night])["s9"].others == 0
    for broken in (None, {}, {"place": 1}, {"place": {"numbers": "!", "palette": []}}, {"place": {"numbers": "AA=="}}):
        assert seen_in("s", "t", broken, "day") is None


def test_c159_a_palette_is_the_commonest_colours() -> None:
    """C-159: the same for the same picture, the commonest first; of a place, of all its films."""
    found = palette([room((120, 160, 90), 1)])
    assert found == palette([room((120, 160, 90), 1)])
    barred = cv2.copyMakeBorder(room((120, 160, 90), 1), 20, 20, 0, 0, cv2.BORDER_CONSTANT)
    told = fingerprint([barred], ImageDescriptor())["palette"]
    assert [share for _, share in told[:2]] == pytest.approx([share for _, share in found[:2]], abs=0.06)
    assert sum(share for _, share in found) > 0.9
    wall = [int(found[0][0][at : at + 2], 16) for at in (1, 3, 5)]
    assert np.abs(np.array(wall) - (120, 160, 90)).max() < 12
    seen = [{"place": fingerprint([room((120, 160, 90), n)], ImageDescriptor())} for n in (1, 2)]
    place = [seen_in(f"s{n}", "t", each, light_of("day")) for n, each in enumerate(seen)]
    colours = palette_of([each for each in place if each is not None])
    assert colours[0][1] == pytest.approx(0.6, abs=0.1)


def take(scene: str, score: float) -> TakeView:
    return TakeView(
        id=f"tak_{scene}", job="j", scene=scene, project="p", created_at_ms=0, playlist_key="", video_key="",
        thumbnail_key=f"videos/{scene}/thumbnail.jpg", captions_key=None, duration_s=1.0, backend="animatic",
        degraded=False, cache_verdict="miss", quality_score=score, epistemic_state="", recipe="",
    )  # fmt: skip


def test_c159_a_reference_frame_is_chosen_by_a_rule_that_says_why() -> None:
    """C-159: alone before in company, better scored before worse, earlier before later."""
    scripts = [
        ("s1", "INT. BAR - DAY\n\nRUTH\nHi.\n\nTOM\nHi.\n"),
        ("s2", "INT. BAR - DAY\n\nRUTH\nAlone.\n"),
        ("s3", "INT. BAR - DAY\n\nRUTH\nAlone.\n"),
    ]
    names, reads = reads_of(scripts, ())
    people = people_of_story(reads, names)
    films = {scene: take(scene, score) for scene, score in (("s1", 0.99), ("s2", 0.7), ("s3", 0.8))}
    chosen = best_frame("ruth", people, films)
    assert chosen is not None
    assert (chosen[0].scene, chosen[1]) == (
        "s3", "The most telling frame of scene 3's film: alone there, scored 0.80."
    )  # fmt: skip
    other = best_frame("tom", people, films)
    assert other is not None
    assert other[1].endswith("with 1 other there, scored 0.99.")
    assert best_frame("tom", people, {}) is None
