"""`/v1/videos` on the deployed stack: a stock client over HAProxy, Studio, the owner and the generation worker."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from gpu.media.probe import probe
from tests.conftest import Stack

pytestmark = pytest.mark.serve


def test_q100_a_stock_client_on_the_deployed_stack(stack: Stack, tmp_path: Path) -> None:
    """Q-100: create, poll, download and delete, where everything is real."""
    with openai.OpenAI(api_key=stack.token, base_url=f"{stack.url}/v1", max_retries=0) as client:
        made = client.videos.create_and_poll(
            prompt="A red boat drifts past a lighthouse at dusk",
            seconds="3",  # type: ignore[arg-type]
            size="256x144",  # type: ignore[arg-type]
            poll_interval_ms=200,
        )
        assert (made.status, made.progress, made.error) == ("completed", 100, None)
        film = tmp_path / "film.mp4"
        client.videos.download_content(made.id).write_to_file(film)
        facts = probe(film)
        assert (facts.width, facts.height, round(facts.duration_s, 2)) == (256, 144, 3.0)
        assert made.id in [video.id for video in client.videos.list(limit=5).data]
        assert client.videos.delete(made.id).deleted
        with pytest.raises(openai.NotFoundError):
            client.videos.retrieve(made.id)
    status, said = stack.request("/v1/videos", token="")
    assert (status, said["error"]["code"]) == (401, "invalid_api_key")
