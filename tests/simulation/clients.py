"""Pages of a world: a browser tab with its socket, and the stock provider or providers that use it.

Owns what a client knows: its copy, what was acknowledged to it, what its save light says. `Page` is the line (connect,
lose, hang up on silence, come again), `Provider` the protocol over it: `WebsocketProvider` as y-websocket 3.1,
`HocuspocusProvider` as @hocuspocus/provider 4.8. Invariant: nothing is sent that a stock client would not send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collab import hocuspocus, wire
from collab.close_codes import REASONS, CloseCode
from collab.coverage import Coverage
from collab.hocuspocus import Type
from collab.lib0 import Reader, var_string
from collab.limits import Limits
from collab.session import Access
from collab.updates import Header
from tests.simulation import invariants
from tests.simulation.awareness import Awareness
from tests.simulation.clock import later
from tests.simulation.documents import EMPTY, Copy, header
from tests.simulation.lines import Socket

if TYPE_CHECKING:
    from tests.simulation.world import World

LIMITS = Limits()
SILENCE_S = 30.0
"""Stock clients hang up on a socket that has been silent for this long."""
HANDSHAKE_S = 20.0
CHECK_S = 3.0
RENEW_S = 15.0


class Provider:
    """One document of a page."""

    repeats = False  # whether it says again what it hears of others' presence

    def __init__(self, page: Page, doc: str) -> None:
        self.page, self.doc, self.world = page, doc, page.world
        self.name = f"{page.name}:{doc.partition(':')[0]}"
        self.copy = Copy(self.world.draw_id(), self._edited)
        self.awareness = Awareness(self.copy.id)
        self.acked: dict[int, int] = {}  # own client id → clock known to be committed
        self.ids = {self.copy.id}
        self.heard, self.unsaved = Coverage(), list[Header]()  # what the server told; own edits it has not told back
        self.may_write = page.access >= Access.WRITE
        self.denied = False

    # what people do
    def type(self) -> None:
        content, rnd = str(self.copy.text), self.world.random
        what = rnd.random()
        if content and what < 0.3:
            start = rnd.randrange(len(content))
            head = len(content[:start].encode())
            del self.copy.text[head : head + len(content[start].encode())]
        elif what < 0.4:
            self.copy.map[rnd.choice("xy")] = rnd.randrange(100)
        else:
            at = len(content[: rnd.randint(0, len(content))].encode())
            self.copy.text.insert(at, rnd.choice(["a", "é", "🎬", "م", "xyz"]))

    def paste(self) -> None:
        self.copy.text.insert(0, "INT. LIGHTHOUSE - NIGHT, with é and 🎬 " * 8)

    def move_caret(self) -> None:
        self.awareness.show()
        self.say_presence([self.awareness.id])

    def change_id(self) -> None:
        self.copy.change_id(self.world.draw_id())
        self.ids.add(self.copy.id)

    def reload(self, merged: bytes = EMPTY) -> None:
        """The tab is loaded anew, with nothing, or with a copy that the browser kept: read before the socket opens, or
        after, and then what of it fell into place is sent as an update like any other, as stock providers do."""
        late = merged != EMPTY and self.world.random.random() < 0.5
        self.copy = Copy(self.world.draw_id(), self._edited, EMPTY if late else merged)
        if late:
            later(self.world.random.random() * 0.2, self._read_late, self.copy, merged)
        self.awareness = Awareness(self.copy.id)
        self.ids, self.denied, self.acked = {self.copy.id}, False, {}
        self.heard, self.unsaved = Coverage(), []

    def _read_late(self, copy: Copy, merged: bytes) -> None:
        if self.copy is copy and (said := copy.read(merged)) is not None:
            self._sends_kept(said)

    def _sends_kept(self, update: bytes) -> None:
        self.send(wire.sync_update(update))

    # the protocol
    def opened(self) -> None:
        raise NotImplementedError

    def send(self, message: bytes) -> None:
        raise NotImplementedError

    @property
    def saved(self) -> bool:
        """What the save light says."""
        raise NotImplementedError

    def hung_up(self) -> None:
        self.awareness.alone()

    def say_presence(self, ids: list[int]) -> None:
        self.send(wire.awareness(self.awareness.encode(ids)))

    def _edited(self, update: bytes) -> None:
        self.world.trace.note(self.name, "edits", update)
        self.unsaved.append(header(update))
        self.send(wire.sync_update(update))

    def hear(self, message: wire.Message) -> None:
        match message:
            case wire.SyncStep1(clocks):
                for id in self.ids & clocks.keys():
                    self.heard.structs.add(id, 0, clocks[id])
                self._acknowledged()
                self.send(wire.sync_step2(self.copy.lacking(clocks)))
            case wire.SyncStep2(update) | wire.SyncUpdate(update):
                self._take(update)
            case wire.AwarenessMessage(payload):
                changed = self.awareness.hear(payload, self.world.now())
                if changed and self.repeats:
                    self.say_presence(changed)

    def _take(self, update: bytes) -> None:
        said = header(update)
        self.heard.add(said)
        self.copy.take(update)
        self._acknowledged()

    def _acknowledged(self) -> None:
        for id in sorted(self.ids):
            clock = self.heard.structs.clock(id)
            if clock > self.acked.get(id, 0):
                self.acked[id] = clock
                self.world.check(invariants.check_acked, self, id)


class WebsocketProvider(Provider):
    repeats = True

    def opened(self) -> None:
        self.send(wire.sync_step1(wire.state_vector(self.copy.clocks())))
        if self.awareness.id in self.awareness.states:
            self.say_presence([self.awareness.id])

    def send(self, message: bytes) -> None:
        socket = self.page.open_socket
        if socket is not None:
            socket.send(message)
            if self.world.random.random() < self.world.duplicates:
                socket.send(message)

    @property
    def saved(self) -> bool:
        """All of its own came back from the server."""
        self.unsaved = [each for each in self.unsaved if not self.heard.has(each)]
        return not self.unsaved


class HocuspocusProvider(Provider):
    """`unsynced` counts as the stock provider does. `ambiguous`: it deleted while offline, and no server can tell by
    the message whether that was counted (see `collab.receipts`); its light is not held to anything until it syncs anew.
    """

    unsynced = 0
    ambiguous = False

    def __init__(self, page: Page, doc: str) -> None:
        super().__init__(page, doc)
        self.prefix = var_string(doc)

    def opened(self) -> None:
        self.ambiguous = any(map(self._deletes, self.page.queue))
        self.send(bytes((Type.AUTH, 0)) + var_string(""))
        self.unsynced = 1
        self.send(wire.sync_step1(wire.state_vector(self.copy.clocks())))
        if self.awareness.id in self.awareness.states:
            self.say_presence([self.awareness.id])

    def send(self, message: bytes) -> None:
        self.page.transmit(self.prefix + message)

    def _edited(self, update: bytes) -> None:
        self.unsynced += 1
        super()._edited(update)

    def _sends_kept(self, update: bytes) -> None:
        self.unsynced += 1
        self.unsaved.append(header(update))
        super()._sends_kept(update)

    def _deletes(self, frame: bytes) -> bool:
        """Whether a queued frame is an update of this document that holds deletions only."""
        if not frame.startswith(self.prefix):
            return False
        message = frame[len(self.prefix) :]
        if message[0] != Type.SYNC:
            return False
        update = wire.read_message(message, LIMITS)
        return isinstance(update, wire.SyncUpdate) and not header(update.update).structs

    def reload(self, merged: bytes = EMPTY) -> None:
        super().reload(merged)
        self.unsynced = 0

    @property
    def saved(self) -> bool:
        return self.unsynced == 0

    def receive(self, body: bytes) -> None:
        kind = Type(Reader(body).varuint())
        if kind in (Type.SYNC, Type.AWARENESS):
            self.hear(wire.read_message(body, LIMITS))
        elif kind is Type.SYNC_STATUS:
            if body == hocuspocus.SAVED:
                self.unsynced = max(0, self.unsynced - 1)
                self.world.check(invariants.check_light, self)
            else:
                self.denied = True
        elif kind is Type.CLOSE:
            self.hung_up()
            if REASONS[CloseCode.STALE_DOCUMENT].encode() in body:
                self.page.is_stale()


class Page:
    """A tab. `access`: what its principal may do. `multiplexed`: one Hocuspocus socket for all its documents."""

    def __init__(
        self, world: World, name: str, principal: str, access: Access, docs: list[str], multiplexed: bool
    ) -> None:
        self.world, self.name, self.principal, self.access = world, name, principal, access
        self.multiplexed = multiplexed
        make = HocuspocusProvider if multiplexed else WebsocketProvider
        self.providers: list[Provider] = [make(self, doc) for doc in docs]
        self.wants = True
        self.stopped: int | None = None  # close code that ended reconnecting
        self.socket: Socket | None = None
        self.open_socket: Socket | None = None  # once the handshake is through
        self.queue: list[bytes] = []
        self._sockets = self._loads = 0
        self._heard_at = self._said_at = 0.0
        self._first = True

    def latency(self) -> float:
        return self.world.latency()

    # the line
    def connect(self) -> None:
        if self.socket is not None or not self.wants or self.stopped is not None:
            return
        self._sockets += 1
        socket = self.socket = Socket(self.world, self, self._sockets)
        later(self.latency(), self.world.arrive, self, socket)
        later(HANDSHAKE_S, self._gives_up, socket)

    def _gives_up(self, socket: Socket) -> None:
        if self.socket is socket and self.open_socket is not socket:
            socket.leave()
            self.lost(socket, 1006)

    def accepted(self, socket: Socket) -> None:
        """The handshake has come back."""
        if self.socket is not socket:
            return
        self.open_socket, self._first = socket, True
        self._heard_at = self._said_at = self.world.now()
        for provider in self.providers:
            provider.opened()
        later(CHECK_S, self._check, socket)

    def _check(self, socket: Socket) -> None:
        if self.socket is not socket:
            return
        now = self.world.now()
        if now - self._heard_at > SILENCE_S:
            self.world.trace.note(self.name, "hangs up on silence")
            self.queue.clear()
            socket.leave()
            self.lost(socket, 1006)
            return
        if now - self._said_at >= RENEW_S:
            self._said_at = now
            for provider in self.providers:
                if provider.awareness.id in provider.awareness.states:
                    provider.move_caret()
        for provider in self.providers:
            if gone := provider.awareness.expire(now):
                provider.say_presence(gone)
        later(CHECK_S, self._check, socket)

    def disconnect(self) -> None:
        """As a closing tab does: presence taken down, then the socket."""
        self.wants = False
        for provider in self.providers:
            provider.awareness.hide()
            provider.say_presence([provider.awareness.id])
        if self.socket is not None:
            socket = self.socket
            socket.leave()
            self.lost(socket, 1000)

    def come_back(self) -> None:
        self.wants = True
        for provider in self.providers:
            if provider.awareness.id not in provider.awareness.states:
                provider.move_caret()
        self.connect()

    def lost(self, socket: Socket, code: int) -> None:
        if self.socket is not socket:
            return
        self.world.trace.note(self.name, f"lost its socket: {code}")
        self.socket = self.open_socket = None
        for provider in self.providers:
            provider.hung_up()
        if 4400 <= code < 4500 and not self.multiplexed:
            self.stopped = code
            self.world.check(invariants.check_stop, self, code)
            if code == CloseCode.STALE_DOCUMENT:
                self.is_stale()
        later(0.1 + self.world.random.random(), self.connect)

    def is_stale(self) -> None:
        """Its copy is of an earlier life of the document: the page is loaded anew after a while."""
        later(self.world.random.random() * 3, self._load_anew, self._loads)

    def _load_anew(self, loads: int) -> None:
        if self._loads == loads:
            self.reload()

    def abandon(self) -> None:
        """It gives its socket up and comes again; what the old one still carries arrives late."""
        if self.socket is not None:
            socket = self.socket
            socket.leave()
            self.lost(socket, 1006)

    def reload(self, merged: bytes | None = None) -> None:
        """Load the tab anew; with `merged`, as a duplicate of another tab's copy of its first document."""
        self.abandon()
        self._loads += 1
        self.queue.clear()
        self.stopped = None
        for at, provider in enumerate(self.providers):
            provider.reload(merged if merged is not None and at == 0 else EMPTY)
        self.come_back()

    # messages
    def transmit(self, frame: bytes) -> None:
        """Hocuspocus: sent now, or kept until the first message of the next socket."""
        if self.open_socket is not None:
            self.open_socket.send(frame)
            return
        name_end = Reader(frame).varuint() + 2  # a name's length, the name, and the type after it
        if frame[name_end - 1] == Type.AWARENESS:
            self.queue = [each for each in self.queue if each[:name_end] != frame[:name_end]]
        self.queue.append(frame)

    def receive(self, socket: Socket, data: bytes) -> None:
        if self.socket is not socket or self.open_socket is not socket:
            return
        self._heard_at = self.world.now()
        if not self.multiplexed:
            if data[0] != wire.MESSAGE_AUTH:  # "permission denied": stock clients log it and go on
                self.providers[0].hear(wire.read_message(data, LIMITS))
            return
        if self._first:
            self._first = False
            queued, self.queue = self.queue, []
            for frame in queued:
                socket.send(frame)
        if data == hocuspocus.PONG:
            return
        reader = Reader(data)
        name = reader.var_string()
        for provider in self.providers:
            if provider.doc == name and isinstance(provider, HocuspocusProvider):
                provider.receive(data[reader.at :])
