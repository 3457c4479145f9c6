"""The gpu profile as it is deployed: what asks Ray for what, who runs which steps, what a wrong list of models says."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from gpu.steps import TALK, Step
from serve_app.config import Settings, SettingsError
from serve_app.steps.embedded import LANES, lanes_of
from serve_app.steps.gpu import OBSERVER_LANES, offers_of
from serve_app.video_offers import offers_of as offered
from tests.conftest import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Ray's own models warn when they are made
    from ray.serve.schema import ServeDeploySchema

    from serve_app import app

pytestmark = pytest.mark.unit

CONFIG = yaml.safe_load((ROOT / "deploy/serve_config.gpu.yaml").read_text())
MODELS = [{"name": "ltx", "family": "ltx", "source": "org/ltx"}, {"name": "svd", "family": "svd", "source": "org/svd"}]


def _demands(application: str) -> dict[str, tuple[int, dict[str, float]]]:
    """Deployment → (replicas, what each asks Ray for), as the config file says."""
    (found,) = (each for each in CONFIG["applications"] if each["name"] == application)
    return {each["name"]: (each["num_replicas"], each["ray_actor_options"]) for each in found["deployments"]}


def test_g_246_the_gpu_profile_asks_for_one_gpu_for_its_renderer_and_for_none_elsewhere() -> None:
    """G-246: VideoRenderer is pinned to an accelerator by Ray; whatever needs none asks for none."""
    ServeDeploySchema.model_validate(CONFIG)
    generation = _demands("generation")
    assert generation == {
        "MediaFinisher": (1, {"num_cpus": 2}),
        "VideoRenderer": (1, {"num_cpus": 2, "num_gpus": 1}),
        "Observer": (1, {"num_cpus": 1}),
    }
    everything = {**_demands("collab"), **_demands("studio"), **generation}
    assert [name for name, (_, asked) in everything.items() if asked.get("num_gpus")] == ["VideoRenderer"]


def _deployments(tmp_path: Path, **args: Any) -> set[str]:
    root = app.build_generation({"data_dir": str(tmp_path), **args})._bound_deployment
    return {root.name, *(each._bound_deployment.name for each in root.init_args[1:])}


def test_g_246_the_config_names_exactly_what_the_application_deploys(tmp_path: Path) -> None:
    """G-246: each deployment of the file exists in the built application; it takes a share of a GPU, or several."""
    (args,) = (each["args"] for each in CONFIG["applications"] if each["name"] == "generation")
    assert _deployments(tmp_path, **args) == set(_demands("generation"))
    assert _deployments(tmp_path) == {"Generation"}
    assert _deployments(tmp_path, profile="gpu") == {"MediaFinisher", "Observer"}
    for share in (0.25, 1, 2):
        pinned = app.VideoRenderer.options(ray_actor_options={"num_gpus": share})
        assert pinned.ray_actor_options["num_gpus"] == share


def test_g_246_every_step_has_one_kind_of_worker_and_a_film_goes_where_it_was_routed() -> None:
    """G-246: the lanes of the gpu profile cover each step once; only a renderer offers diffusion models."""
    finisher = lanes_of("gpu")
    assert lanes_of("embedded") == LANES
    steps = [step for lane in (*finisher, *OBSERVER_LANES) for step in lane.steps]
    assert sorted(steps) == sorted([*Step, TALK])
    assert {offer for lane in finisher for offer in lane.offers} == {"animatic"}
    settings = {"video_models": json.dumps(MODELS)}
    assert offers_of(_settings(**settings).models) == ("diffusers", "ltx", "svd")


def _settings(**args: Any) -> Settings:
    return Settings(data_dir=Path("/"), owner_token="x" * 32, cluster_secret="y" * 32, **args)


def test_g_243_routers_see_the_models_of_the_gpu_profile(tmp_path: Path) -> None:
    """G-243: a list in a config file's arguments is read as it stands; the embedded profile offers no models."""
    made = Settings.from_args({"data_dir": str(tmp_path), "profile": "gpu", "video_models": MODELS}, {})
    assert [offer.name for offer in offered(made)] == ["animatic", "ltx", "svd"]
    made = Settings.from_args({"data_dir": str(tmp_path), "video_models": MODELS}, {})
    assert [offer.name for offer in offered(made)] == ["animatic"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"video_models": "{not: a list}"}, "list"),
        ({"video_models": "[: ]:"}, "neither YAML nor JSON"),
        ({"video_models": [{"name": "x"}]}, "lacks"),
        ({"video_models": [*MODELS, MODELS[0]]}, "differ"),
        ({"video_models": [{**MODELS[0], "name": "animatic"}]}, "animatic"),
        ({"video_models": MODELS, "video_panels": "svd"}, "works from words"),
        ({"video_panels": "ltx"}, "no model here"),
    ],
)
def test_g_243_a_wrong_list_of_models_fails_the_deploy(tmp_path: Path, args: dict[str, Any], says: str) -> None:
    """G-243: the builders refuse it with the setting's name, before any replica starts."""
    with pytest.raises(SettingsError, match=says) as refused:
        app.build_generation({"data_dir": str(tmp_path), "profile": "gpu", **args})
    assert refused.value.setting == "video_models"
