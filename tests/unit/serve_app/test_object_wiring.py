"""Which object store there is (W-118), and that health names one that fails (W-121)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serve_app.config import Settings, SettingsError
from serve_app.stores import objects_from_environment, open_objects
from storage.objects.local import LocalObjects
from storage.objects.s3 import S3Objects
from tests.unit.serve_app.conftest import World

pytestmark = pytest.mark.unit

SECRET = "the-secret-of-the-bucket"
R2 = {
    "S3_BUCKET": "storyworld-artifacts",
    "S3_ENDPOINT": "https://account-id.r2.example",
    "S3_REGION": "auto",
    "S3_ACCESS_KEY": "id",
    "S3_SECRET_KEY": SECRET,
}


def test_w118_the_bucket_s_name_chooses(tmp_path: Path) -> None:
    """W-118: a folder without a bucket; the names StoryWorld's programs use are read; secrets are not shown."""
    assert isinstance(open_objects(Settings.from_args({"data_dir": str(tmp_path)}, {})), LocalObjects)
    settings = Settings.from_args({"data_dir": str(tmp_path)}, R2)
    assert SECRET not in repr(settings)
    for store in (open_objects(settings), objects_from_environment(tmp_path, R2)):
        assert isinstance(store, S3Objects)
        assert (store.place.endpoint, store.place.region) == ("https://account-id.r2.example", "auto")
        assert store.place.buckets.all == ("storyworld-artifacts",)
        assert SECRET not in repr(store.place)
        store.close()
    each = Settings.from_args({"data_dir": str(tmp_path), "s3_bucket": "storyforge", "s3_bucket_each": 1}, {})
    store = open_objects(each)
    assert isinstance(store, S3Objects)
    assert store.place.buckets.of("videos/t/a.ts") == "storyforge-videos"
    assert store.place.buckets.all == tuple(f"storyforge-{n}" for n in ("assets", "exports", "internal", "videos"))
    store.close()


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"S3_ENDPOINT": "https://x.example"}, "s3_endpoint"),
        ({"S3_BUCKET": "b", "S3_ACCESS_KEY": "id"}, "s3_access_key_id"),
        ({"S3_BUCKET": "b", "S3_ENDPOINT": "no address"}, "s3_endpoint"),
    ],
)
def test_w118_half_a_setting_fails_with_its_name(tmp_path: Path, given: dict[str, str], setting: str) -> None:
    """W-118: before anything is stored in the wrong place."""
    with pytest.raises(SettingsError) as caught:
        open_objects(Settings.from_args({"data_dir": str(tmp_path)}, given))
    assert caught.value.setting == setting


def test_w118_without_the_client_the_extra_is_named(tmp_path: Path) -> None:
    """W-118: an installation without boto3 runs, and says which extra a bucket needs."""
    program = f"""
import sys
sys.modules["boto3"] = None
from serve_app.config import Settings, SettingsError
from serve_app.stores import open_objects
open_objects(Settings.from_args({{"data_dir": {str(tmp_path)!r}}}, {{}}))
try:
    open_objects(Settings.from_args({{"data_dir": {str(tmp_path)!r}, "s3_bucket": "b"}}, {{}}))
except SettingsError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "storyforge[s3]" in ran.stdout


async def test_w121_a_store_that_fails_is_named_and_words_go_on(world: World) -> None:
    """W-121: degraded, not down; not ready, for a *Generate* would wait."""
    world.health["objects"] = False
    healthy = await world.client.get("/healthz")
    assert (healthy.status_code, healthy.json()["status"]) == (200, "degraded")
    assert healthy.json()["parts"]["objects"] == "down"
    ready = await world.client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["objects"]) == (503, False)
