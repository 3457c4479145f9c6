"""Endpoints of vendors from settings: values, bounds, secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serve_app.config import Settings, SettingsError
from serve_app.vendor_endpoints import endpoints_of
from serve_app.video_offers import router_of

pytestmark = pytest.mark.unit

ONE = {"name": "sora", "url": "https://vendor.example/v1", "model": "sora-2"}


def settings(tmp_path: Path, rows: Any, keys: str = "") -> Settings:
    text = rows if isinstance(rows, str) else json.dumps(rows)
    return Settings.from_args({"data_dir": tmp_path, "video_endpoints": text, "video_keys": keys}, {})


def test_g270_endpoints_are_named_backends_with_keys_of_their_own(tmp_path: Path) -> None:
    """G-270: each endpoint is a backend by its name, with its key, which nothing shows."""
    two = {**ONE, "name": "own", "url": "http://127.0.0.1:8000/v1", "seconds": [12, 4], "sizes": ["1280x720"]}
    given = settings(tmp_path, [ONE, {**two, "reconcile": "idempotency", "usd_per_s": 0.1}], "sora=sk-1, own=sk-2=")
    sora, own = endpoints_of(given)
    assert (sora.key, own.key, own.seconds, own.sizes) == ("sk-1", "sk-2=", (4, 12), ((1280, 720),))
    assert (own.capabilities.name, own.capabilities.kind) == ("own", "videos_api.own")
    assert own.capabilities.cost_per_s == 0.1
    assert "sk-" not in repr(given) + repr(sora)
    assert endpoints_of(settings(tmp_path, "")) == ()


@pytest.mark.parametrize(
    ("rows", "keys", "names"),
    [
        ("{", "", "JSON"),
        ({"name": "sora"}, "", "list"),
        ([{**ONE, "name": "So ra"}], "", "name"),
        ([{**ONE, "name": "animatic"}], "", "name of its own"),
        ([ONE, ONE], "", "same name"),
        ([{**ONE, "colour": 1}], "", "colour"),
        ([{**ONE, "url": "vendor"}], "", "sora.url"),
        ([{**ONE, "url": "https://user:pass@vendor/v1"}], "", "sora.url"),
        ([{"name": "sora", "url": "https://vendor/v1"}], "", "model"),
        ([{**ONE, "seconds": []}], "", "sora.seconds"),
        ([{**ONE, "sizes": ["big"]}], "", "sora.sizes"),
        ([{**ONE, "in_flight": 0}], "", "sora.in_flight"),
        ([{**ONE, "usd_per_s": "1"}], "", "sora.usd_per_s"),
        ([{**ONE, "seed": "yes"}], "", "sora.seed"),
        ([{**ONE, "reconcile": "hope"}], "", "sora.reconcile"),
        ([ONE], "sora", "NAME=KEY"),
        ([ONE], "veo=sk-1", "'veo'"),
    ],
)
def test_g270_a_wrong_endpoint_fails_the_start(tmp_path: Path, rows: Any, keys: str, names: str) -> None:
    """G-270: what is wrong is named, without the key."""
    with pytest.raises(SettingsError) as caught:
        endpoints_of(settings(tmp_path, rows, keys))
    assert names in str(caught.value)
    assert "sk-1" not in str(caught.value)


def test_g272_what_is_configured_is_offered(tmp_path: Path) -> None:
    """G-272: the animatic, each endpoint, what workers on the lists render; two of one name fail the start; the policy
    is the installation's."""
    text = json.dumps([ONE])
    args = {"data_dir": tmp_path, "video_endpoints": text, "remote_backends": "svd, veo", "video_cents_max": 250}
    router = router_of(Settings.from_args(args, {}))
    assert {name: router.kind_of(name) for name in router.offers} == {
        "animatic": "animatic",
        "sora": "videos_api.sora",
        "veo": "remote",
        "svd": "remote",
    }
    assert router.policy.cost_max == 2.5
    twice = json.dumps([{**ONE, "name": "veo"}])
    with pytest.raises(SettingsError, match="veo"):
        router_of(Settings.from_args({**args, "video_endpoints": twice}, {}))
