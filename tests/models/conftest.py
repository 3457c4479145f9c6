"""What the models' tests need beside the project: collected only where it is installed.

`make test-models` installs it, runs these tests there, and says by name what it could not run; `make test` knows
nothing of them.
"""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = (
    [] if find_spec("torch") and find_spec("diffusers") else ["test_diffusers*", "test_gpu_profile.py"]
)
