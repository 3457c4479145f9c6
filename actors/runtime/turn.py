"""One turn, from message to reply: the output gate.

  1. replay the stored answer of a known idempotency key   2. gather what the decision needs
  3. decide, compose and submit, with no await between     4. wait for the commit
  5. only then: apply, show edits, wake, send notices, reply

The invariant is that order: nothing leaves, and no memory changes, before the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.commands import Answer, CommandError, Envelope
from actors.runtime.activation import Activation, Work
from actors.runtime.actor import Decision, Needs
from actors.runtime.compose import SERVER, Composed, abandon, compose, prepare, request_hash
from actors.runtime.context import TurnContext
from actors.runtime.errors import HomeLost
from actors.runtime.inbox import INBOX
from actors.runtime.lifecycle import Turned
from collab.close_codes import CollabError, RoomClosed
from collab.ports import Refused
from storage.codec import decode
from storage.ledger.errors import Conflict, LedgerError, Unavailable
from storage.ledger.protocol import Committed

if TYPE_CHECKING:
    from actors.runtime.home import Home

logger = logging.getLogger("storyforge.runtime")


async def take_turn(home: Home, activation: Activation, work: Work) -> Answer | None:
    """Decide and commit one message. Raises `CommandError` and `LedgerError`s; then nothing was stored by this call."""
    actor, envelope = activation.actor, work.envelope
    name = type(work.message).__name__
    try:
        with _rooms_faults(home):
            answer, rows = await _turn(home, activation, work)
    except (CommandError, LedgerError) as error:
        home.announce(Turned(home.id, actor.id, name, 0, error.code))
        raise
    home.announce(Turned(home.id, actor.id, name, rows))
    return answer if envelope is not None else None


async def _turn(home: Home, activation: Activation, work: Work) -> tuple[Answer | None, int]:
    actor, envelope = activation.actor, work.envelope
    digest = request_hash(envelope) if envelope is not None else b""
    if envelope is not None:
        stored = await replay(home, envelope, digest)
        if stored is not None:
            return stored, 0
    needs = actor.needs(work.message)
    if envelope is None or not (needs.long or home.inbox.owes(envelope)):
        return await _work(home, activation, work, needs, digest, None)
    home.permit(envelope)
    recorded = await home.inbox.record(envelope)
    try:
        return await _work(home, activation, work, needs, digest, recorded)
    except CommandError as error:
        await home.inbox.refused(recorded, error)
        raise
    except (LedgerError, asyncio.CancelledError):  # not ended: the next owner begins again, or we do
        raise
    except Exception:
        home.inbox.crashed(recorded)
        raise


async def _work(
    home: Home, activation: Activation, work: Work, needs: Needs, digest: bytes, recorded: str | None
) -> tuple[Answer | None, int]:
    """Gather, decide, commit. `recorded`: the row that the effect's append takes away."""
    actor, envelope = activation.actor, work.envelope
    context = await _gather(home, needs, envelope)
    async with _locked(home, needs):
        await home.pipeline.ready()
        if envelope is not None:
            home.permit(envelope)
        decision = actor.decide(work.message, context)
        if not decision.events:
            await home.inbox.refused(recorded)
            await _after(home, decision)
            # A command that finds nothing to do is answered too, by what is committed: nobody waits for ever.
            return None if envelope is None else Answer(home.pipeline.known, dict(decision.ids)), 0
        try:
            outcome = await _commit(home, activation, decision, context, envelope, recorded)
        except Conflict:
            stored = await replay(home, envelope, digest) if envelope is not None else None
            if stored is None:
                raise
            return stored, 0
    await _after(home, decision)
    home.committed(activation, decision)
    return Answer(outcome.last_seq, dict(decision.ids)), outcome.last_seq - outcome.first_seq + 1


async def _commit(
    home: Home,
    activation: Activation,
    decision: Decision,
    context: TurnContext,
    envelope: Envelope | None,
    recorded: str | None,
) -> Committed:
    """Submit, wait, show. Raises what the append raised; then the prepared edits are forgotten."""
    source = envelope.principal if envelope is not None else SERVER
    response = (envelope, request_hash(envelope)) if envelope is not None else None
    prepared = await prepare(decision, context.rooms)
    try:
        await home.pipeline.ready()
        composed = compose(
            activation.actor,
            decision,
            prepared,
            next_seq=home.pipeline.head + 1,
            source=source,
            response=response,
        )
        owed, ending = home.owed(decision.events), home.inbox.ending(recorded)
        begun = home.inbox.owing(decision.owes)
        more = (*owed, *ending, *(each.row(INBOX) for each in begun))
        parts = replace(composed.parts, views=(*composed.parts.views, *more)) if more else composed.parts
        committed = await asyncio.shield(home.pipeline.submit(parts))
    except BaseException:
        abandon(prepared)
        raise
    _show(activation, composed, committed, source)
    home.outbox.committed(owed)
    home.inbox.ended(recorded)
    home.inbox.owed(begun)
    return committed


async def replay(home: Home, envelope: Envelope, digest: bytes) -> Answer | None:
    """The stored answer of this key. Raises `CommandError` IDEMPOTENCY_KEY_REUSED for another request."""
    stored = await home.ledger.response(home.id, envelope.principal, envelope.key)
    if stored is None:
        return None
    if stored.request_hash != digest:
        raise CommandError(
            "IDEMPOTENCY_KEY_REUSED", "this idempotency key was used for another request", ("input", "idempotencyKey")
        )
    return Answer(stored.seq, dict(decode(stored.body)["ids"]), replayed=True)


async def _gather(home: Home, needs: Needs, envelope: Envelope | None) -> TurnContext:
    context = home.context(envelope)
    for doc in (*needs.docs, *needs.edits):
        context.rooms[doc] = await home.rooms.open(doc)
    if needs.task is not None:
        doc, name = needs.task
        home.tasks.show(context.rooms[doc], context.principal, name)
    for id in needs.attempts:
        context.attempts[id] = await home.ledger.attempt(id)
    if needs.forecast and any(context.attempts.values()):
        context.forecast = await home.forecast()
    if needs.scripts:
        context.texts = await home.projected_scripts()
    if needs.gather is not None:
        context.computed = await asyncio.to_thread(needs.gather, await home.checkpoints.gather())
    for wanted in needs.views:
        context.rows += await home.wanted(wanted)
    if needs.beside is not None:
        context.computed = await asyncio.to_thread(needs.beside(context))
    if needs.compute is not None:
        context.computed = await asyncio.to_thread(needs.compute)
    context.now_ms = home.now_ms()
    return context


@contextlib.contextmanager
def _rooms_faults(home: Home) -> Iterator[None]:
    """What rooms raise, in the words of the ledger and of commands."""
    try:
        yield
    except (RoomClosed, Refused) as error:
        if home.pipeline.lost is not None:
            raise HomeLost(home.id, home.pipeline.lost) from error
        raise Unavailable(f"a document could not be edited: {error.code}") from error
    except CollabError as error:
        raise CommandError(error.code, str(error), (), error.retryable) from error


@contextlib.asynccontextmanager
async def _locked(home: Home, needs: Needs) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for doc in sorted(set(needs.edits)):
            await stack.enter_async_context(home.rooms.lock(doc))
        yield


def _show(activation: Activation, composed: Composed, committed: Committed, source: str) -> None:
    """Apply the facts and let the rooms show the edits. No await: memory moves from one commit to the next at once."""
    activation.actor.fold(composed.facts(committed.first_seq, committed.at_ms, source))
    for room, edit in composed.edited:
        room.committed(edit, committed.last_seq)


async def _after(home: Home, decision: Decision) -> None:
    if decision.presence:
        home.show_weather(decision.presence)
    for target, notice in decision.notices:
        try:
            await home.tell(target, notice)
        except (CommandError, LedgerError) as error:
            logger.info("a notice was dropped", extra={"actor": target, "code": error.code})
