"""Which embedder an installation gets, and what it says of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gpu.embed import minilm
from serve_app.config import Settings, SettingsError
from serve_app.embedding import embedder_part, open_embedder
from serve_app.studio import StudioCore

pytestmark = pytest.mark.unit

SERVED = {"embedder": "openai", "embed_url": "http://127.0.0.1:9/v1", "embed_model": "small", "embed_dimension": 768}


def settings_in(folder: Path, **args: object) -> Settings:
    return Settings.from_args({"data_dir": str(folder), **args}, {})


def test_what_is_asked_for_is_what_comes(tmp_path: Path) -> None:
    """K-15: by its own name."""
    served = open_embedder(settings_in(tmp_path, **SERVED))
    assert (served.name, served.dimension) == ("openai/small@768", 768)
    assert open_embedder(settings_in(tmp_path, embedder="lexical")).name == "lexical/1"
    assert embedder_part(settings_in(tmp_path, embedder="lexical")) == "ok"


def test_a_stand_in_is_never_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """K-15: without the weights the lexical embedder comes under its own name, and log and health say so."""
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package_of_weights")
    caplog.set_level(logging.WARNING, "storyforge.embedding")
    settings = settings_in(tmp_path)
    assert open_embedder(settings).name == "lexical/1"
    assert [record.message for record in caplog.records] == ["the lexical embedder stands in for minilm"]
    assert embedder_part(settings) == "lexical/1 stands in"


async def test_health_names_it_and_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K-15: a machine without the weights works; its part says what stands in."""
    import httpx

    async def runs() -> bool:
        return True

    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package_of_weights")
    core = StudioCore(settings_in(tmp_path), runs)
    await core.start()
    try:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(core.app), base_url="http://127.0.0.1:8000")
        async with client:
            assert (await client.get("/healthz")).json()["parts"]["embedder"] == "lexical/1 stands in"
    finally:
        await core.stop()


@pytest.mark.parametrize(
    "args",
    [
        {"embedder": "word2vec"},
        {**SERVED, "embed_url": "localhost"},
        {**SERVED, "embed_model": ""},
        {**SERVED, "embed_dimension": 0},
    ],
)
def test_what_cannot_work_is_refused_at_the_start(tmp_path: Path, args: dict[str, object]) -> None:
    """K-18: naming the setting and what would do."""
    with pytest.raises(SettingsError) as refused:
        settings_in(tmp_path, **args)
    assert refused.value.setting == "embedder"


def test_its_key_is_shown_nowhere(tmp_path: Path) -> None:
    """K-18: not in a settings' words; it may come by the environment."""
    settings = Settings.from_args({"data_dir": str(tmp_path), **SERVED}, {"EMBED_KEY": "sk-secret-0123456789"})
    assert settings.embed_key == "sk-secret-0123456789"
    assert "sk-secret" not in repr(settings)
