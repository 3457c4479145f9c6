"""What is sent to the backends that draw and film a scene, word for word, as people review it.

The invariant: read from the request of an attempt row, which is what a worker is given and never changes; so what is
shown is what was sent, with the notes people made, and not what it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import strawberry

from gpu.steps import Step
from storage.codec import CodecError, decode
from storage.ledger.protocol import Attempt


@strawberry.type(description="Words that are not the scene's own. `source`: brain, beat, continuity or note.")
class SentAddition:
    source: str
    text: str


@strawberry.type(description="One shot as it is sent.")
class SentShot:
    shot: int
    duration_s: float
    prompt: str
    frame_key: str | None = strawberry.field(description="The picked frame it starts from, by its place in the store.")


@strawberry.type(description="What is sent for a job, word for word. `step`: storyboard or video, the last there was.")
class Sent:
    step: str
    writer: str
    brain: str
    prompt: str
    negative: str
    seed: str
    added: list[SentAddition]
    shots: list[SentShot]
    omitted_moments: int = strawberry.field(description="Moments at the end of the scene that found no room.")

    @classmethod
    def of(cls, step: str, request: Mapping[str, Any]) -> Sent:
        """Raises `KeyError` for a request without what is shown."""
        scene = request["enhanced"]
        frames = {int(frame["shot"]): frame for frame in request.get("frames", ()) if isinstance(frame, Mapping)}
        return cls(
            step=step,
            writer=scene["writer"],
            brain=scene["brain"],
            prompt=scene["prompt"],
            negative=scene["negative"],
            seed=str(request["seed"]),
            added=[SentAddition(source=each["source"], text=each["text"]) for each in scene.get("added", ())],
            shots=[
                SentShot(shot=n, duration_s=shot["duration_s"], prompt=prompt, frame_key=frames.get(n, {}).get("key"))
                for n, (shot, prompt) in enumerate(zip(scene["shots"], scene["shot_prompts"], strict=True))
            ],
            omitted_moments=int(scene.get("omitted_moments", 0)),
        )


def sent_of(attempts: Iterable[Attempt]) -> Sent | None:
    """Of a job's attempts, oldest first: the last that draws or films."""
    rows = [a for a in attempts if a.step in (Step.STORYBOARD, Step.VIDEO)]
    if not rows:
        return None
    try:
        return Sent.of(rows[-1].step, decode(rows[-1].request))
    except (CodecError, KeyError, TypeError):
        return None
