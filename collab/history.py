"""A text as it was at any sequence, and who wrote what: one pass over the log, then every question is a filter.

Owns the replay of one root Text. `History.extend` takes the committed rows in order and places their structs as Yjs
does (YATA), keeping what was deleted, so that each character knows who wrote it and when, who removed it and when. A
garbage-collecting document could answer neither. What is exact: the text as of every sequence (deleted characters never
come back and never move among the others, so one list holds all moments); authors, because they come from the
log's entries and not from client ids; removed words, unless their author's own client had garbage-collected them before
it ever sent them. What is not: formatting, embeds, moments inside one row, and a character that a client once cut in
half, which shows as cut in all its past. A base snapshot may stand for rows that are not given: its text has no author.
Invariant: pure, bytes in, values out; nothing grows beyond `HistoryLimits`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from collab.close_codes import TooLarge
from collab.structs import Struct, read_structs, utf16_length
from collab.updates import Id, Range


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """`nodes_max`: pieces of text one history may hold (about 250 bytes each). Over: `TooLarge`, nothing is shown.

    `session_gap_ms`: a pause that ends a session of work. `runs_max`: runs of one comparison. Over: `TooLarge`.
    """

    nodes_max: int = 600_000
    session_gap_ms: int = 5 * 60_000
    runs_max: int = 20_000


@dataclass(frozen=True, slots=True)
class Author:
    """`principal`: who signed in; `name`: how they were shown then ("" where the log does not say)."""

    principal: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One committed flush: (author, raw update) in order. `renewed`: the same text again, under fresh ids."""

    seq: int
    at_ms: int
    entries: Sequence[tuple[Author, bytes]]
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody's one update: what made a character come, or go."""

    seq: int
    at_ms: int
    author: Author


class Node:
    """A piece of text that came in one update. `since`: the sequence at which it was first to be seen.

    `heir`: the piece that stands for it since its document was renewed. `retired`: it is of an earlier epoch.
    """

    __slots__ = (
        "added",
        "client",
        "clock",
        "heir",
        "left",
        "length",
        "listed",
        "origin",
        "removed",
        "retired",
        "right",
        "right_origin",
        "since",
        "text",
    )

    def __init__(self, struct: Struct, added: Change, since: int) -> None:
        self.client, self.clock, self.length = struct.client, struct.clock, struct.length
        self.origin, self.right_origin, self.text = struct.origin, struct.right_origin, struct.text
        self.added, self.since, self.listed, self.retired = added, since, False, False
        self.heir: Node | None = None
        self.removed: Change | None = None
        self.left: Node | None = None
        self.right: Node | None = None

    def seen_at(self, seq: int) -> bool:
        return self.since <= seq and (self.removed is None or self.removed.seq > seq)


@dataclass(slots=True)
class Tally:
    """What one row did to the text, by author: [characters added, characters removed]."""

    seq: int
    at_ms: int
    authors: dict[Author, list[int]]


class History:
    """`base`: one update that stands for everything up to `base_seq`, where the rows before are not given."""

    def __init__(self, root: str, limits: HistoryLimits | None = None, *, base: bytes | None = None, base_seq: int = 0):
        self.root, self.limits = root, limits or HistoryLimits()
        self.seq = 0
        self.nodes = 0
        self.tallies: list[Tally] = []
        self._moments: list[tuple[int, int]] = []  # (latest time so far, seq) of every row
        self._first: Node | None = None
        self._clocks: dict[int, list[int]] = {}
        self._items: dict[int, list[Node]] = {}
        self._ends: dict[int, int] = {}
        self._waiting: dict[int, deque[tuple[Struct, Change]]] = {}
        self._unmet: list[tuple[Range, Change]] = []
        if base is not None:
            self._row(Row(base_seq, 0, [(Author(""), base)]))

    # building
    def extend(self, rows: Iterable[Row]) -> None:
        """Take in the rows that follow. Raises `Malformed` (never for what a room committed) and `TooLarge`."""
        for row in rows:
            self._row(row)

    def _row(self, row: Row) -> None:
        assert row.seq > self.seq, "rows come in order, once"
        tally = Tally(row.seq, row.at_ms, {})
        if row.renewed:
            self._renew(row, tally)
        for author, update in () if row.renewed else row.entries:
            structs, deletes = read_structs(update)
            change = Change(row.seq, row.at_ms, author)
            for struct in structs:
                self._wait(struct, change)
            while self._drain(tally):
                pass
            self._unmet += [(each, change) for each in deletes]
            self._unmet = [left for each in self._unmet for left in self._delete(*each, tally)]
        self.seq = row.seq
        latest = self._moments[-1][0] if self._moments else 0
        self._moments.append((max(latest, row.at_ms), row.seq))
        if tally.authors:
            self.tallies.append(tally)

    def _drain(self, tally: Tally) -> bool:
        """Place what waits and has all it depends on; what it depends on goes first.

        Whether another pass may place more: something was placed while something else stayed.
        """
        placed, stuck = False, set[int]()
        for client in list(self._waiting):
            stack = [client]
            while stack:
                queue = self._waiting.get(stack[-1])
                if not queue:
                    self._waiting.pop(stack.pop(), None)
                    continue
                need = self._missing(queue[0][0])
                if need is None:
                    self._place(*queue.popleft(), tally)
                    placed = True
                elif need in self._waiting and need not in stack and need not in stuck:
                    stack.append(need)
                else:
                    stuck.add(stack.pop())
        return placed and bool(self._waiting)

    def _wait(self, struct: Struct, change: Change) -> None:
        """A client's structs wait by their clocks: a past that comes late goes first."""
        queue = self._waiting.setdefault(struct.client, deque())
        late = bool(queue) and queue[-1][0].clock > struct.clock
        queue.append((struct, change))
        if late:
            self._waiting[struct.client] = deque(sorted(queue, key=lambda waiting: waiting[0].clock))

    def _missing(self, struct: Struct) -> int | None:
        """The client whose structs must come first, or None."""
        if struct.clock > self._ends.get(struct.client, 0):
            return struct.client
        for id in (struct.origin, struct.right_origin):
            if id is not None and id[1] >= self._ends.get(id[0], 0):
                return id[0]
        return None

    def _place(self, struct: Struct, change: Change, tally: Tally) -> None:
        known = self._ends.get(struct.client, 0)
        if struct.clock + struct.length <= known:
            return
        node = Node(struct, change, tally.seq)
        if struct.clock < known:  # its first part came before
            node = self._tail_of(node, known - struct.clock)
            node.origin = (struct.client, known - 1)
        self._keep(node, len(self._items.get(node.client, ())))
        self._ends[node.client] = node.clock + node.length
        left = self._ending(node.origin) if node.origin is not None else None
        right = self._starting(node.right_origin) if node.right_origin is not None else None
        beside = left if left is not None else right
        node.listed = (
            beside.listed
            if beside is not None
            else struct.root == self.root and struct.key is None and not struct.nested
        )
        if node.listed:
            self._link(node, left, right)
            if node.text is not None:
                _count(tally, change.author, 0, len(node.text))

    def _keep(self, node: Node, at: int) -> None:
        self.nodes += 1
        if self.nodes > self.limits.nodes_max:
            raise TooLarge("nodes_max")
        self._clocks.setdefault(node.client, []).insert(at, node.clock)
        self._items.setdefault(node.client, []).insert(at, node)

    def _link(self, node: Node, left: Node | None, right: Node | None) -> None:
        """Yjs' Item.integrate: where concurrent insertions at one place go."""
        at = left.right if left is not None else self._first
        if at is not right:
            passed, conflicting = set[int](), set[int]()
            while at is not None and at is not right:
                if at.retired:
                    at = at.right
                    continue
                passed.add(id(at))
                conflicting.add(id(at))
                if at.origin == node.origin:
                    if at.client < node.client:
                        left = at
                        conflicting.clear()
                    elif at.right_origin == node.right_origin:
                        break
                elif at.origin is not None and id(before := self._holding(at.origin)) in passed:
                    if id(before) not in conflicting:
                        left = at
                        conflicting.clear()
                else:
                    break
                at = at.right
        after = left.right if left is not None else self._first
        node.left, node.right = left, after
        if left is None:
            self._first = node
        else:
            left.right = node
        if after is not None:
            after.left = node

    def holding(self, id: Id) -> Node | None:
        """The piece that holds a struct id of now (`today`), if it is known."""
        return self._holding(id) if 0 <= id[1] < self._ends.get(id[0], 0) else None

    def today(self, id: Id) -> Id:
        """The id that a character has since its document was last renewed."""
        node = self.holding(id)
        if node is None or node.heir is None:
            return id
        return self.today((node.heir.client, node.heir.clock + id[1] - node.clock))

    def _holding(self, id: Id) -> Node:
        return self._items[id[0]][bisect_right(self._clocks[id[0]], id[1]) - 1]

    def _ending(self, id: Id) -> Node:
        """The node that ends with this id, cut there if it goes on."""
        node = self._holding(id)
        if node.clock + node.length - 1 > id[1]:
            self._cut(node, id[1] + 1 - node.clock)
        return node

    def _starting(self, id: Id) -> Node:
        node = self._holding(id)
        return node if node.clock == id[1] else self._cut(node, id[1] - node.clock)

    def _cut(self, node: Node, at: int) -> Node:
        """Cut a node `at` units after its start; its right part."""
        rest = self._tail_of(node, at)
        node.length = at
        if node.text is not None:
            node.text = units(node.text, 0, at)
        rest.origin = (node.client, rest.clock - 1)
        rest.listed, rest.removed = node.listed, node.removed
        if node.listed:
            rest.left, rest.right = node, node.right
            if node.right is not None:
                node.right.left = rest
            node.right = rest
        self._keep(rest, bisect_right(self._clocks[node.client], node.clock))
        return rest

    @staticmethod
    def _tail_of(node: Node, at: int) -> Node:
        text = None if node.text is None else units(node.text, at, node.length)
        struct = Struct(node.client, node.clock + at, node.length - at, node.origin, node.right_origin, text=text)
        return Node(struct, node.added, node.since)

    def _delete(self, range: Range, change: Change, tally: Tally) -> Iterator[tuple[Range, Change]]:
        """Mark a range as removed, where that is news; yields the part that is not known yet."""
        client, start, end = range
        known = min(end, self._ends.get(client, 0))
        if known < end:
            yield (client, max(start, known), end), change
        at = start
        while at < known:
            node = self._holding((client, at))
            stop = node.clock + node.length
            if node.removed is None and node.listed:
                if node.clock < at:
                    node = self._cut(node, at - node.clock)
                if stop > known:
                    self._cut(node, known - node.clock)
                node.removed = change
                if node.text is not None:
                    _count(tally, change.author, 1, len(node.text))
            at = stop

    def _renew(self, row: Row, tally: Tally) -> None:
        """The same text under fresh ids: whoever wrote it stays its author, and its past stays its past."""
        old = [node for node in self.pieces() if node.text is not None and node.removed is None]
        before, self._first = self._first, None
        for author, update in row.entries:
            change = Change(row.seq, row.at_ms, author)
            for struct in read_structs(update)[0]:
                self._wait(struct, change)
        unseen = Tally(row.seq, row.at_ms, {})
        while self._drain(unseen):
            pass
        fresh = list(self.pieces())
        same = all(node.text is not None for node in fresh) and _joined(old) == _joined(fresh)
        first, self._first = self._first, before
        for node in self.pieces():
            node.retired = True
        if same:
            self._take_over(deque(old), deque(fresh))
        else:  # what a rescue could not carry over is gone, and what it made of the rest is new
            self._append(first)
            for node in old:
                node.removed = Change(row.seq, row.at_ms, row.entries[0][0])
                _count(tally, row.entries[0][0], 1, len(node.text or ""))
            for author, (added, _) in unseen.authors.items():
                _count(tally, author, 0, added)

    def _append(self, first: Node | None) -> None:
        last = next(iter(deque(self.pieces(), maxlen=1)), None)
        if last is None:
            self._first = first
        elif first is not None:
            last.right, first.left = first, last

    def _take_over(self, old: deque[Node], fresh: deque[Node]) -> None:
        """Put the pieces of a new epoch in the places of those they repeat, cut alike."""
        while old and fresh:
            was, now = old.popleft(), fresh.popleft()
            if was.length > now.length:
                old.appendleft(self._cut(was, now.length))
            elif now.length > was.length:
                fresh.appendleft(self._cut(now, was.length))
            now.since, now.added, now.left, now.right = was.since, was.added, was.left, was.right
            if was.left is None:
                self._first = now
            else:
                was.left.right = now
            if was.right is not None:
                was.right.left = now
            was.heir, was.left, was.right = now, None, None

    # asking
    def sequence_at(self, at_ms: int) -> int:
        """The last sequence committed at or before this time; 0 if there is none."""
        index = bisect_right(self._moments, (at_ms, 1 << 62))
        return self._moments[index - 1][1] if index else 0

    def sequence_upto(self, seq: int) -> int:
        """The row that made the document what it is as of `seq`: the last one up to it; 0 if there is none."""
        index = bisect_right(self._moments, seq, key=lambda moment: moment[1])
        return self._moments[index - 1][1] if index else 0

    def time_of(self, seq: int) -> int | None:
        """When the row of `sequence_upto(seq)` was committed, Unix milliseconds."""
        index = bisect_right(self._moments, seq, key=lambda moment: moment[1])
        return self._moments[index - 1][0] if index else None

    def text(self, seq: int | None = None) -> str:
        """The text as of a sequence (None: as of the last row)."""
        upto = self.seq if seq is None else seq
        return "".join(node.text for node in self.pieces() if node.text is not None and node.seen_at(upto))

    def pieces(self) -> Iterator[Node]:
        """Everything that ever stood in the text, in its order, removed or not."""
        node = self._first
        while node is not None:
            yield node
            node = node.right


def _joined(nodes: Sequence[Node]) -> str:
    return "".join(node.text or "" for node in nodes)


def _count(tally: Tally, author: Author, which: int, chars: int) -> None:
    tally.authors.setdefault(author, [0, 0])[which] += chars


def units(text: str, start: int, end: int) -> str:
    """A part of a text by UTF-16 units. A cut through a pair leaves U+FFFD on both sides, as in Yjs."""
    if text.isascii() or utf16_length(text) == len(text):
        return text[start:end]
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "replace")
