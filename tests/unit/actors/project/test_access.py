"""Links into a project: who may make them, what a role may do, and that they live in the project's events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.commands import (
    BY_TYPE,
    AddComment,
    ChangeAccessLink,
    Command,
    CommandError,
    CreateAccessLink,
    CreateScene,
    LockScene,
    RevokeAccessLink,
    SetBrain,
)
from actors.project.access import COMMANDS, LINKS_MAX
from actors.project.actor import ProjectActor
from actors.runtime.home import Home
from actors.views import AccessLinkView
from collab.session import Access
from tests.unit.actors.story import ANNA, Story, story

pytestmark = pytest.mark.unit


async def link(it: Story, home: str, role: str, label: str = "Ben", expires_at_ms: int = 0) -> str:
    return (await it.ask(home, CreateAccessLink(label, role, expires_at_ms))).ids["access"]


def owned(it: Story, home: str) -> Home:
    found = it.runtime.owned(home)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("role", "scene", "notes"),
    [
        ("VIEWER", Access.READ, Access.READ),
        ("COMMENTER", Access.COMMENT, Access.COMMENT),
        ("EDITOR", Access.WRITE, Access.WRITE),
    ],
)
async def test_a56_a_role_bounds_every_document(role: str, scene: Access, notes: Access) -> None:
    """A-56: the least of what the role and the document allow; another's draft stays closed, `live` stays read-only."""
    async with story() as it:
        home = await it.create()
        id = (await it.ask(home, CreateScene("INT. ATTIC - NIGHT"))).ids["scene"]
        ben = await link(it, home, role)
        await owned(it, home).room(f"scene:{id}")
        assert owned(it, home).access(f"scene:{id}", ben) is scene
        assert owned(it, home).access(f"notes:{id}", ben) is notes
        assert owned(it, home).access("outline", ben) is scene
        assert owned(it, home).access("live", ben) is Access.READ
        assert owned(it, home).access(f"draft:{id}:{ANNA}", ben) is None
        await it.ask(home, LockScene(id))
        assert owned(it, home).access(f"scene:{id}", ben) is Access.READ
        assert owned(it, home).shown_as(ben) == "Ben"


async def test_a56_a_change_and_a_revocation_count_at_once_and_after_a_restart() -> None:
    """A-56: membership is events: what a link may do is the fold of them, in this process and in the next."""
    async with story() as it:
        home = await it.create()
        ben, cy = await link(it, home, "VIEWER"), await link(it, home, "EDITOR", "Cy")
        await it.ask(home, ChangeAccessLink(ben, "EDITOR", "Benjamin"))
        await it.ask(home, RevokeAccessLink(cy))
        for _ in range(2):
            project = owned(it, home).find(home)
            assert isinstance(project, ProjectActor)
            assert owned(it, home).access("outline", ben) is Access.WRITE
            assert owned(it, home).shown_as(ben) == "Benjamin"
            assert owned(it, home).access("outline", cy) is None
            again = ProjectActor(home, home)
            again.load(project.dump())
            assert again.links == project.links
            await it.runtime.release(owned(it, home))
            await it.ask(home, SetBrain("pixar"))
        row = await it.ledger.view("access", cy)
        assert row is not None
        assert AccessLinkView.from_blob(row.body or b"").revoked_at_ms > 0


async def test_a57_only_the_owner_shares_a_project() -> None:
    """A-57: a link makes, changes and revokes no link, its own included; neither does a stranger."""
    async with story() as it:
        home = await it.create()
        ben = await link(it, home, "EDITOR")
        for who in (ben, "usr_stranger"):
            for command in (CreateAccessLink("Me", "EDITOR"), ChangeAccessLink(ben, "EDITOR"), RevokeAccessLink(ben)):
                with pytest.raises(CommandError, match="FORBIDDEN"):
                    await it.ask(home, command, principal=who)


def _commands(least: Access | None) -> Iterator[type[Command]]:
    return (each for each in BY_TYPE.values() if COMMANDS.get(each) is least)


async def test_a57_a_command_needs_the_role_it_is_listed_under() -> None:
    """A-57: the project decides again on each command of a link, and what is listed nowhere is the owner's."""
    async with story() as it:
        home = await it.create()
        id = (await it.ask(home, CreateScene("INT. ATTIC - NIGHT"))).ids["scene"]
        links = {role: await link(it, home, role) for role in ("VIEWER", "COMMENTER", "EDITOR")}
        for role in ("VIEWER", "COMMENTER"):
            with pytest.raises(CommandError, match="FORBIDDEN"):
                await it.ask(home, LockScene(id), principal=links[role])
        with pytest.raises(CommandError, match="FORBIDDEN"):
            await it.ask(home, AddComment(id, "Why?"), principal=links["VIEWER"])
        await it.ask(home, LockScene(id), principal=links["EDITOR"])
        await it.ask(home, RevokeAccessLink(links["EDITOR"]))
        with pytest.raises(CommandError, match="FORBIDDEN"):
            await it.ask(home, LockScene(id), principal=links["EDITOR"])
    assert {each.type for each in _commands(None)} == {
        "project.create",
        "project.import",
        "webhook.create",
        "webhook.delete",
        "project.set_ahead",
        "project.set_share",
        "project.set_cache_bound",
        "project.delete",
        "project.restore",
        "access.create",
        "access.change",
        "access.revoke",
    }


async def test_a57_a_bad_link_is_refused_by_field() -> None:
    """A-57: an empty label, an unknown role, an end in the past, too many, and one that was revoked already."""
    async with story() as it:
        home = await it.create()
        for command, code in (
            (CreateAccessLink(" ", "EDITOR"), "REQUIRED"),
            (CreateAccessLink("Ben", "OWNER"), "UNKNOWN_CHOICE"),
            (CreateAccessLink("Ben", "EDITOR", 1), "BAD_EXPIRY"),
            (ChangeAccessLink("lnk_none", "EDITOR"), "NOT_FOUND"),
        ):
            with pytest.raises(CommandError, match=code):
                await it.ask(home, command)
        ben = await link(it, home, "VIEWER")
        await it.ask(home, RevokeAccessLink(ben))
        with pytest.raises(CommandError, match="REVOKED"):
            await it.ask(home, ChangeAccessLink(ben, "EDITOR"))
        for _ in range(LINKS_MAX):
            await link(it, home, "VIEWER")
        with pytest.raises(CommandError, match="TOO_MANY_LINKS"):
            await link(it, home, "VIEWER")
