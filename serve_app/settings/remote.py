"""Settings of workers elsewhere: the lists of jobs and results, our worker on them, and the bridge.

The names in the environment that StoryWorld's programs use (`JOB_QUEUE`, `GPU_JOB_QUEUE`, …) are read too.
"""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import also, bounded

JOB_LIST = "storyworld:gpu:jobs"
RESULT_LIST = "storyworld:gpu:results"


@dataclass(frozen=True, kw_only=True)
class RemoteSettings:
    remote_backends: str = also("REMOTE_BACKENDS")
    """What workers on the lists render: a comma-separated choice of stub, veo, animatediff, svd, the first being what a
    job gets that names none. Empty: nothing is sent there."""
    remote_redis_url: str = also(secret=True)
    """Redis or Valkey with the lists, redis:// or rediss://. Empty: `redis_url`."""
    remote_job_list: str = also("JOB_QUEUE", "GPU_JOB_QUEUE")
    """Empty: storyworld:gpu:jobs."""
    remote_result_list: str = also("RESULT_QUEUE", "GPU_RESULT_QUEUE")
    """Empty: storyworld:gpu:results."""
    remote_hold_s: int = bounded(60, 2, 3_600, "a worker that says nothing for so long loses its job")
    remote_lost_s: int = bounded(60, 1, 86_400, "a job that the lists forgot waits so long before it is pushed again")
    remote_private: int = bounded(0, 0, 1, "1: results may be fetched from private addresses, and without TLS")
    remote_renders: str = also("REMOTE_RENDERS")
    """What our worker renders a job's backend with, as NAME=BACKEND, comma-separated (animatediff=diffusers). A name
    that is not there is rendered with the animatic, and the take says so."""

    bridge_url: str = also("RUNPOD_ENDPOINT_URL")
    """The endpoint that `storyforge bridge` feeds: what stands before /run."""
    bridge_key: str = also("RUNPOD_API_KEY", secret=True)
    bridge_in_flight: int = bounded(4, 1, 256, "runs at once; more: the endpoint queues what nobody can take back")
    bridge_run_s: int = bounded(900, 10, 86_400, "the longest a run may take before the endpoint ends it")
