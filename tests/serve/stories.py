"""Small stories for tests of the running stack, and the two questions they all ask of it."""

from __future__ import annotations

from typing import Any

from tests.conftest import Stack

SCRIPT = """INT. LAMP WORKSHOP - NIGHT

Rain on a skylight. MARA, 60s, trims a wick.

MARA
You and me, then.

IDRIS, 20, wet to the bone, holds up a letter.

IDRIS
They want it lit by morning.
"""


def project_with_scene(stack: Stack, title: str, script: str = SCRIPT) -> tuple[str, str]:
    """A new project's id and the id of its one scene."""
    project = stack.mutate("createProject", "project { id }", title=title, type="SHORT")["project"]["id"]
    scene = stack.mutate(
        "createScene", "scene { id }", projectId=project, heading=script.split("\n", 1)[0], script=script
    )["scene"]["id"]
    return project, scene


def owner(stack: Stack, project: str) -> dict[str, Any] | None:
    """Who holds the project: {pid, peer, host, epoch}; None while nobody does."""
    status, answer = stack.request(f"/api/owner/{project}")
    return answer if status == 200 else None
