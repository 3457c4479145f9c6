"""Who is here: awareness states of a room, last value wins, never stored.

Owns the y-protocols awareness format and the table of states. Invariants: a state is shown only under an id its
session speaks for, with the identity the server knows; a late echo never brings back someone who left; a stock client
that was away believes what it is told on its return: it has forgotten the others' states and not their clocks, and
takes a later clock only; nothing here reaches the log. Bytes come from sessions and go out once a tick by `room`.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from collab.close_codes import Malformed
from collab.lib0 import Reader, var_string, varuint
from collab.limits import Limits

HEARTBEAT = b"\x00"
"""An awareness update about nobody: what a silent room says so that stock clients do not hang up."""

NAME_CHARS_MAX = 60
COLOR_CHARS_MAX = 32

_ECHOES_KEPT = 8

RETURN_TOLD_MAX = 50
"""In a room of more states a return is told to who returned alone. More: a return costs a state for every two people.
Fewer: in rooms in between, who is away when a room moves is not believed for 15 s."""


@dataclass(frozen=True, slots=True)
class User:
    """The identity stamped on a session's presence, whatever the client claims.

    An empty name or colour is not known to the server (people sharing one token): there the client's own words stand,
    shortened; the id is always the server's.
    """

    id: str
    name: str
    color: str


class Speaker(Protocol):
    """What presence needs of a session. `ordinal` grows with every join of the room."""

    @property
    def principal(self) -> str: ...
    @property
    def user(self) -> User: ...
    @property
    def ordinal(self) -> int: ...
    @property
    def presence_ids(self) -> list[int]: ...


@dataclass(slots=True)
class _State:
    speaker: Speaker | None  # None: the server itself
    clock: int  # as its client counts
    shown_clock: int  # as the room was told
    text: str
    renewed_at: float


@dataclass(frozen=True, slots=True)
class _Departed:
    principal: str
    clock: int
    ordinal: int  # sessions up to this one existed when it left: from them it can only be an echo


class Presence:
    """The table of one room. `take_changes` drains what has changed since the last tick."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._states: dict[int, _State] = {}
        self._departed: OrderedDict[int, _Departed] = OrderedDict()
        self._changed: dict[int, None] = {}
        self._sent: deque[tuple[bytes, int]] = deque(maxlen=_ECHOES_KEPT)  # what sessions up to an ordinal were told
        self._last_ordinal = 0
        self._server_id: int | None = None

    def __len__(self) -> int:
        return len(self._states)

    @property
    def changed(self) -> bool:
        return bool(self._changed)

    def receive(self, speaker: Speaker, payload: bytes, now: float) -> bool:
        """Take in one awareness update; whether it says that its session came back, so that it has to be told of
        everyone anew. Entries the session may not speak for are ignored. Raises `Malformed`."""
        self._last_ordinal = max(self._last_ordinal, speaker.ordinal)
        if any(payload == sent and speaker.ordinal <= told for sent, told in self._sent):
            return False  # a stock client repeats what it was just told; who came later was not told, and is back
        back = False
        reader = Reader(payload)
        for _ in range(reader.varuint()):
            client, clock, text = reader.varuint(), reader.varuint(), reader.var_bytes()
            if not self._may_speak(speaker, client, clock):
                continue
            if text == b"null":
                self._leave(client, clock)
            elif len(text) <= self._limits.awareness_state_bytes_max:
                back |= self._show(speaker, client, clock, _stamped(text, speaker.user), now)
        reader.expect_end()
        if back:
            self._outdate(speaker)
        return back

    def _may_speak(self, speaker: Speaker, client: int, clock: int) -> bool:
        state = self._states.get(client)
        if state is not None:
            if state.speaker is speaker:
                return clock > state.clock
            # A tab that reconnects brings its id before its old socket has timed out.
            return (
                state.speaker is not None
                and not speaker.presence_ids
                and speaker.principal == state.speaker.principal
                and speaker.ordinal > state.speaker.ordinal
                and clock >= state.clock
            )
        departed = self._departed.get(client)
        if departed is not None and clock <= departed.clock:
            returning = not speaker.presence_ids and speaker.principal == departed.principal
            if not returning or speaker.ordinal <= departed.ordinal:
                return False
        return client in speaker.presence_ids or (
            len(speaker.presence_ids) < self._limits.awareness_clients_per_session_max
        )

    def _show(self, speaker: Speaker, client: int, clock: int, text: str, now: float) -> bool:
        """Whether it was here before, on another socket."""
        state, departed = self._states.get(client), self._departed.pop(client, None)
        back = departed is not None or (state is not None and state.speaker is not speaker)
        # One more than it says: others may know it by this clock, from a room of another host.
        shown = clock + 1
        if state is not None:
            shown = max(clock, state.shown_clock + 1)
            if state.speaker is not None and state.speaker is not speaker:
                state.speaker.presence_ids.remove(client)
        elif departed is not None:
            shown = max(shown, departed.clock + 1)
        if client not in speaker.presence_ids:
            speaker.presence_ids.append(client)
        self._states[client] = _State(speaker, clock, shown, text, now)
        self._changed[client] = None
        return back

    def _outdate(self, speaker: Speaker) -> None:
        """Every clock that this session may remember is over. The others hear theirs too: what they say in a room that
        knows no clocks yet has to come after what this session was told."""
        few = len(self._states) <= RETURN_TOLD_MAX
        for client, state in self._states.items():
            if state.speaker is not speaker:
                state.shown_clock += 1
                if few:
                    self._changed[client] = None

    def _leave(self, client: int, clock: int) -> None:
        state = self._states.pop(client, None)
        if state is None:
            return
        principal = state.speaker.principal if state.speaker else ""
        last = max(clock, state.shown_clock)
        self._departed[client] = _Departed(principal, last, self._last_ordinal)
        self._departed.move_to_end(client)
        if len(self._departed) > self._limits.awareness_departed_max:
            self._departed.popitem(last=False)
        self._changed[client] = None

    def forget(self, speaker: Speaker) -> None:
        """The session ended: take down what it still speaks for (ids a newer session took over stay)."""
        self._last_ordinal = max(self._last_ordinal, speaker.ordinal)
        for client in list(speaker.presence_ids):
            state = self._states.get(client)
            if state is not None and state.speaker is speaker:
                self._leave(client, state.clock)
        speaker.presence_ids.clear()

    def principal_of(self, client: int) -> str | None:
        """Who says, on a socket that is open, that this client id is theirs."""
        state = self._states.get(client)
        return state.speaker.principal if state is not None and state.speaker is not None else None

    def joined(self, ordinal: int) -> None:
        self._last_ordinal = max(self._last_ordinal, ordinal)

    def expire(self, now: float) -> None:
        """Take down states nobody renews; renew the server's own."""
        for client, state in list(self._states.items()):
            if state.speaker is None:
                state.shown_clock += 1
                self._changed[client] = None
            elif now - state.renewed_at > self._limits.presence_ttl_s:
                self._leave(client, state.clock)

    def set_server_state(self, state: dict[str, Any] | None, client_id: int, now: float) -> None:
        """Show the server itself under `client_id`, or take it down."""
        if self._server_id is not None and (state is None or client_id != self._server_id):
            self._leave(self._server_id, 0)
            self._server_id = None
        if state is None:
            return
        old = self._states.get(client_id)
        clock = old.shown_clock + 1 if old else 1
        self._server_id = client_id
        self._states[client_id] = _State(None, clock, clock, _dumps(state), now)
        self._changed[client_id] = None

    def take_changes(self) -> bytes | None:
        """One awareness update with the latest value of all that changed; None if nothing did."""
        if not self._changed:
            return None
        payload = self._encode(self._changed)
        self._changed.clear()
        self._sent.append((payload, self._last_ordinal))
        return payload

    def everyone(self) -> bytes | None:
        """All states, for a newcomer; None in an empty room."""
        return self._encode(self._states) if self._states else None

    def states(self) -> dict[int, dict[str, Any]]:
        """Client id -> state as it is shown."""
        return {client: json.loads(state.text) for client, state in self._states.items()}

    def _encode(self, clients: Iterable[int]) -> bytes:
        parts: list[bytes] = []
        count = 0
        for client in clients:
            state, departed = self._states.get(client), self._departed.get(client)
            if state is not None:
                parts += (varuint(client), varuint(state.shown_clock), var_string(state.text))
            elif departed is not None:
                parts += (varuint(client), varuint(departed.clock), b"\x04null")
            else:
                continue
            count += 1
        return varuint(count) + b"".join(parts)


def _stamped(text: bytes, user: User) -> str:
    try:
        state = json.loads(text, parse_constant=_no_constant)
        if not isinstance(state, dict):
            raise Malformed("presence is not an object")
        claimed = state.get("user")
        said = claimed if isinstance(claimed, dict) else {}
        state["user"] = {
            "id": user.id,
            "name": user.name or _shortened(said.get("name"), NAME_CHARS_MAX),
            "color": user.color or _shortened(said.get("color"), COLOR_CHARS_MAX),
        }
        if isinstance(light := said.get("colorLight"), str):
            state["user"]["colorLight"] = light[:COLOR_CHARS_MAX]
        return _dumps(state)
    except (ValueError, RecursionError):
        raise Malformed("presence is not JSON") from None


def _shortened(value: object, chars_max: int) -> str:
    return value[:chars_max] if isinstance(value, str) else ""


def _dumps(state: dict[str, Any]) -> str:
    """As JSON.stringify writes it; lone surrogates stay escaped so that the text is always UTF-8."""
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(state, separators=(",", ":"), allow_nan=False)
    return text


def _no_constant(name: str) -> object:
    raise ValueError(name)
