"""Tiny video models with random weights on the real backend: frames, previews, cancels, memory, recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu.video.clips import picture
from gpu.video.diffusers_backend import DiffusersBackend
from gpu.video.diffusers_card import Card
from gpu.video.diffusers_families import network
from gpu.video.models import DiffusersModel
from gpu.video.protocol import Cancelled, DialogueLine, Figure, RenderRequest, Shot, VideoError
from tests.models import tiny

pytestmark = [
    pytest.mark.models,
    # diffusers' own schedulers, with a NumPy newer than they are
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
FAMILIES = sorted(tiny.BUILDERS)
STEPS = 4


def request(**fields: Any) -> RenderRequest:
    shots = (
        Shot(0, 0.5, "KITCHEN", True, cast=(Figure("a", "ANA"),), lines=(DialogueLine("ANA", "Hello", 0.1, 0.4),)),
        Shot(1, 0.75, "KITCHEN", True),
    )
    words = {"prompts": ("Ana smiles 🎬", "wide"), "negative": "blur"}
    return RenderRequest(shots, **{"seed": 3, "width": 320, "height": 180, "fps": 24, **words, **fields})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny.built(tmp_path_factory.mktemp("models"))


@pytest.fixture
def card() -> Card:
    return Card("cpu")


def backend(folders: dict[str, Path], family: str, card: Card, **fields: Any) -> DiffusersBackend:
    return DiffusersBackend(DiffusersModel.from_dict(tiny.model(folders, family, STEPS, **fields)), card)


def frames(made: DiffusersBackend, wanted: RenderRequest, **options: Any) -> list[Any]:
    calls = {"cancelled": lambda: False, "progress": lambda step, of: None, **options}
    return list(made.frames(wanted, **calls))


class Counted:
    """How often a loaded model denoises and decodes."""

    def __init__(self, made: DiffusersBackend, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
        made.load()
        self.denoised = self.decoded = 0
        pipe = card._loaded[made.name].text
        steps, decode = network(pipe).forward, pipe.vae.decode

        def forward(*args: Any, **kwargs: Any) -> Any:
            self.denoised += 1
            return steps(*args, **kwargs)

        def decoded(*args: Any, **kwargs: Any) -> Any:
            self.decoded += 1
            return decode(*args, **kwargs)

        monkeypatch.setattr(network(pipe), "forward", forward)
        monkeypatch.setattr(pipe.vae, "decode", decoded)


@pytest.mark.parametrize("family", FAMILIES)
def test_g_247_a_film_of_every_family(folders: dict[str, Path], card: Card, family: str) -> None:
    """G-247: all of a scene's frames, progress by denoise steps to the end, previews on the way, the same again for the
    same seed and others for another."""
    made, heard, shown = backend(folders, family, card), [], []
    wanted = request()
    film = frames(made, wanted, progress=lambda step, of: heard.append((step, of)), preview=shown.append)
    assert len(film) == wanted.frame_count
    assert {(frame.shape, str(frame.dtype)) for frame in film} == {((180, 320, 3), "uint8")}
    steps = [step for step, _ in heard]
    assert steps == list(range(1, heard[-1][1] + 1))
    assert heard[-1][1] % (STEPS + 1) == 0
    assert len(shown) == heard[-1][1] // (STEPS + 1) * (STEPS // 2)
    small = picture(shown[-1])
    assert small is not None
    assert small.shape[1] == 320
    assert small.std() > 1, "a preview is not one colour"
    again = frames(made, wanted)
    assert all(np.array_equal(a, b) for a, b in zip(film, again, strict=True))
    assert not np.array_equal(film[0], frames(made, request(seed=4))[0])
    assert made.capabilities.speed_source == "measured"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("at", [1, STEPS])
def test_g_248_a_cancel_takes_at_most_the_running_step_and_decodes_nothing(
    folders: dict[str, Path], card: Card, monkeypatch: pytest.MonkeyPatch, family: str, at: int
) -> None:
    """G-248: asked after a step, at the last one too, no other step runs and the decoder is never called; the model
    then makes the same film as one that was never cancelled."""
    made, wanted = backend(folders, family, card), request()
    whole = frames(made, wanted)
    counted, heard = Counted(made, card, monkeypatch), []
    with pytest.raises(Cancelled):
        frames(made, wanted, cancelled=lambda: len(heard) >= at, progress=lambda step, of: heard.append(step))
    assert len(heard) == at
    passes = counted.denoised
    counted.denoised = 0
    with pytest.raises(Cancelled):
        frames(made, wanted, cancelled=lambda: counted.denoised >= 1)
    per_step = counted.denoised
    assert passes <= (at + 1) * per_step
    assert counted.decoded == 0
    assert np.array_equal(frames(made, wanted)[0], whole[0])


@pytest.mark.parametrize("family", ["animatediff", "ltx", "wan"])
def test_g_249_panels_are_single_frames_of_models_that_work_from_words(
    folders: dict[str, Path], card: Card, family: str
) -> None:
    """G-249: candidates differ, each is the same again."""
    made = backend(folders, family, card)
    one, two = made.panel(request(), 0), made.panel(request(), 1)
    found = picture(one)
    assert found is not None
    assert found.shape == (180, 320, 3)
    assert one != two
    assert made.panel(request(), 0) == one


def test_g_249_a_model_that_needs_a_picture_draws_no_panels(folders: dict[str, Path], card: Card) -> None:
    """G-249: it is refused in words."""
    with pytest.raises(VideoError, match="starts from a picture"):
        backend(folders, "svd", card).panel(request(), 0)


@pytest.mark.parametrize("family", ["svd", "ltx"])
def test_g_249_the_picked_frame_seeds_the_film(folders: dict[str, Path], card: Card, family: str) -> None:
    """G-249: another picked picture makes another film of that shot, and of that shot only."""
    made = backend(folders, family, card)
    red, blue = (tiny.plain(colour) for colour in ((220, 30, 30), (20, 40, 230)))
    first, second = (frames(made, request(), start_frames={0: each}) for each in (red, blue))
    assert not np.array_equal(first[2], second[2])
    assert np.array_equal(first[-1], second[-1])
    with pytest.raises(VideoError, match="JPEG nor PNG"):
        frames(made, request(), start_frames={0: b"no picture"})


def test_g_242_a_card_that_is_full_lets_the_longest_unused_go(folders: dict[str, Path]) -> None:
    """G-242: two models that do not fit together take turns, each measured; one that never fits is refused."""
    both = Card("cpu")
    for family in ("ltx", "wan"):
        backend(folders, family, both).load()
    sizes = both.ledger.resident
    assert all(size > 0 for size in sizes.values())
    tight = Card("cpu", int(max(sizes.values()) * 1.3))
    ltx, wan = backend(folders, "ltx", tight), backend(folders, "wan", tight)
    for made in (ltx, wan, ltx):
        assert len(frames(made, request())) == request().frame_count
        assert tight.loaded == (made.name,)
    ltx.unload()
    assert tight.loaded == ()
    with pytest.raises(VideoError) as refused:
        backend(folders, "svd", tight).load()
    assert (refused.value.code, tight.loaded) == ("no_memory", ())


def test_g_244_the_recipe_names_model_version_scheduler_and_bucket(folders: dict[str, Path], card: Card) -> None:
    """G-244: what decides a frame stands in the recipe; it is JSON and the same again."""
    made = backend(folders, "ltx", card)
    told = made.recipe(request())
    assert told["version"].startswith("sha256:")
    assert told["scheduler"]["name"] == "FlowMatchEulerDiscreteScheduler"
    assert (told["steps"], told["dtype"], told["loras"]) == (STEPS, "float32", [])
    assert told["buckets"][0] == ["96x64x9@24", "96x64x9@24"]
    assert backend(folders, "ltx", Card("cpu")).recipe(request()) == told


def test_g_244_low_rank_weights_change_the_film_and_their_hash_is_in_the_recipe(
    folders: dict[str, Path], card: Card, tmp_path: Path
) -> None:
    """G-244: a LoRA by path is loaded, changes frames, and stands in the recipe with its content's hash."""
    lora = tiny.lora(folders["ltx"], tmp_path / "lora")
    plain = backend(folders, "ltx", card)
    styled = backend(folders, "ltx", card, name="styled", loras=[{"source": str(lora), "weight": 1.0}])
    told = styled.recipe(request())["loras"]
    assert [each["sha256"].startswith("sha256:") for each in told] == [True]
    assert not np.array_equal(frames(plain, request())[0], frames(styled, request())[0])


def test_g_243_what_is_not_there_is_said(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    """G-243: a model that is neither a folder nor in the hub's cache is refused with where it was looked for."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    missing = DiffusersModel.from_dict({"name": "film", "family": "ltx", "source": "/nowhere/ltx"})
    with pytest.raises(VideoError, match="/nowhere/ltx") as refused:
        DiffusersBackend(missing, card).load()
    assert refused.value.code == "model_missing"


def test_g_247_a_cached_model_makes_the_same_film_again(folders: dict[str, Path], card: Card) -> None:
    """G-247: the first-block cache is a flag, stands in the recipe, and the film is whole."""
    made = backend(folders, "ltx", card, cache="first_block")
    film, heard = frames(made, request()), []
    with pytest.raises(Cancelled):
        frames(made, request(), cancelled=lambda: bool(heard), progress=lambda step, of: heard.append(step))
    assert len(film) == request().frame_count
    assert np.array_equal(film[-1], frames(made, request())[-1]), "what a broken-off film cached is gone"
    assert made.recipe(request())["cache"] == "first_block"
