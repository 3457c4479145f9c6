"""R-50: a `Settings` that exists is valid; what is wrong is named with its fix."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from serve_app.config import CLUSTER_SECRET_FILE, TOKEN_FILE, Settings, SettingsError, secret_in, store_secret

pytestmark = pytest.mark.unit


def test_r50_arguments_win_over_environment_and_environment_over_defaults(tmp_path: Path) -> None:
    env = {"STORYFORGE_PORT": "9000", "STORYFORGE_SOCKETS_MAX": "123"}
    settings = Settings.from_args({"data_dir": str(tmp_path), "port": 9001, "profile": None}, env)
    assert (settings.port, settings.sockets_max, settings.mailbox_max, settings.profile) == (
        9001,
        123,
        256,
        "embedded",
    )
    assert settings.url == "http://127.0.0.1:9001"
    assert settings.frame_bytes_max == settings.document_bytes_max + 1024 * 1024


def test_r50_secrets_persist_private_and_are_the_same_for_every_process(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda _: secret_in(tmp_path, TOKEN_FILE), range(32)))
    assert len(seen) == 1
    first = Settings.from_args({"data_dir": str(tmp_path)}, {})
    again = Settings.from_args({"data_dir": str(tmp_path)}, {})
    assert first.owner_token == again.owner_token == seen.pop()
    assert first.cluster_secret == again.cluster_secret != first.owner_token
    for name in (TOKEN_FILE, CLUSTER_SECRET_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([TOKEN_FILE, CLUSTER_SECRET_FILE])


def test_r50_a_given_token_replaces_the_kept_one(tmp_path: Path) -> None:
    secret_in(tmp_path, TOKEN_FILE)
    store_secret(tmp_path, TOKEN_FILE, "known-owner-token-1")
    assert Settings.from_args({"data_dir": str(tmp_path)}, {}).owner_token == "known-owner-token-1"


def test_r50_secrets_never_show_in_a_repr(tmp_path: Path) -> None:
    settings = Settings.from_args({"data_dir": str(tmp_path)}, {})
    assert settings.owner_token not in repr(settings)
    assert settings.cluster_secret not in repr(settings)


@pytest.mark.parametrize(
    ("args", "setting", "fix"),
    [
        ({"port": 0}, "port", "1 to 65535"),
        ({"port": "eighty"}, "port", "digits"),
        ({"sockets_max": 1.5}, "sockets_max", "digits"),
        ({"sockets_max": True}, "sockets_max", "digits"),
        ({"mailbox_max": 0}, "mailbox_max", "1 to 100000"),
        ({"profile": "cuda"}, "profile", "embedded, gpu"),
        ({"lease_ttl_ms": 100}, "lease_ttl_ms", "1500"),
        ({"owner_token": "two words"}, "owner_token", "without spaces"),
        ({"owner_token": "has a space in the middle"}, "owner_token", "spaces"),
        ({"protfolio": 1}, "protfolio", "known are"),
    ],
)
def test_r50_a_wrong_setting_is_named_with_its_fix(
    tmp_path: Path, args: dict[str, Any], setting: str, fix: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_args({"data_dir": str(tmp_path), **args}, {})
    assert refused.value.setting == setting
    assert fix in refused.value.fix
    assert not refused.value.retryable


def test_r50_a_data_dir_nobody_may_write_in_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SettingsError, match="cannot write in"):
        Settings.from_args({"data_dir": str(file / "below")}, {})


def test_r50_the_data_dir_is_made_private_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_args({"data_dir": "kept/here"}, os.environ)
    assert settings.data_dir == tmp_path / "kept" / "here"
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_names_that_other_programs_use_are_read_too(tmp_path: Path) -> None:
    """R-115: `JOB_QUEUE` and its relatives name the lists; our own name wins."""
    env = {"JOB_QUEUE": "a:jobs", "GPU_RESULT_QUEUE": "b:results", "RUNPOD_API_KEY": "very-secret-key"}
    found = Settings.from_args({"data_dir": tmp_path}, env)
    assert (found.remote_job_list, found.remote_result_list) == ("a:jobs", "b:results")
    assert "very-secret-key" not in repr(found)
    ours = Settings.from_args({"data_dir": tmp_path}, {**env, "STORYFORGE_REMOTE_JOB_LIST": "c:jobs"})
    assert ours.remote_job_list == "c:jobs"
