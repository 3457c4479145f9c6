"""The descriptor of a video backend: dict forms, limits, what the embedded backend says of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gpu.video.animatic import AnimaticBackend
from gpu.video.capabilities import Capabilities
from gpu.video.protocol import VideoError

pytestmark = pytest.mark.unit

LTX = Capabilities(
    "ltx", "diffusers", model="ltx-video", version="sha256:ab", sizes=((704, 480),), fps=(24,), image_to_video=True,
    references_max=1, negative=True, preview=True, cost_per_s=0.02, quality=70,
)  # fmt: skip


def test_g_240_a_descriptor_survives_json_and_says_whether_its_speed_was_seen() -> None:
    """G-240: a descriptor decoded from its own JSON is equal to it; a measured speed says so."""
    assert Capabilities.from_dict(json.loads(json.dumps(LTX.to_dict()))) == LTX
    assert (LTX.speed_source, LTX.measured(3.5).speed_source, LTX.measured(3.5).speed_s_per_s) == (
        "unknown",
        "measured",
        3.5,
    )


def test_g_240_the_embedded_backend_tells_what_it_can() -> None:
    """G-240: the animatic's descriptor carries its own name and is labelled as a stand-in."""
    said = AnimaticBackend().capabilities
    assert (said.name, said.kind, said.degraded, said.sizes) == ("animatic", "animatic", True, ())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "No Spaces"),
        ("kind", ""),
        ("model", "x" * 301),
        ("seed", 1),
        ("duration_s_max", 0.1),
        ("quality", 101),
        ("cost_per_s", -1.0),
        ("speed_s_per_s", True),
        ("speed_source", "guessed"),
        ("sizes", [[704, 480, 3]]),
        ("sizes", [[0, 480]]),
        ("fps", ["x"]),
        ("surprise", 1),
    ],
)
def test_g_240_what_is_out_of_limits_is_refused_by_name(field: str, value: Any) -> None:
    """G-240: a field outside its limits is refused with its name, not retryable."""
    with pytest.raises(VideoError, match=field) as refused:
        Capabilities.from_dict({**LTX.to_dict(), field: value})
    assert (refused.value.code, refused.value.retryable) == ("bad_request", False)
