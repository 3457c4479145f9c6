"""The text as of any moment, from the log alone: against a document that saw the same rows."""

from __future__ import annotations

import random
from collections.abc import Callable

import pycrdt
import pytest

from actors.runtime.lineage import updates_of
from actors.runtime.rooms import updates_row
from collab import wire
from collab.anchors import anchor, resolve
from collab.changes import RunKind, compare, sittings
from collab.close_codes import TooLarge
from collab.history import Author, History, HistoryLimits, Row
from collab.ports import Entry
from collab.presence import User
from collab.renewal import flattened, with_burial
from collab.text import insert, set_text
from tests.unit.collab.stage import Author as Typist
from tests.unit.collab.stage import HeldLog, enter, opened, until

pytestmark = pytest.mark.unit

ANA, BO = Author("usr_ana", "Ana"), Author("usr_bo", "Bo")
ANA_SHOWN, BO_SHOWN = User("owner", "Ana", ""), User("owner", "Bo", "")
ALPHABET = "abc \n🎬é"


class Desk:
    """Peers that type apart and together, and the log a room would have written of it."""

    def __init__(self, seed: int = 0, peers: int = 2) -> None:
        self.dice = random.Random(seed)
        self.docs = [pycrdt.Doc[object](client_id=self.dice.randrange(1, 1 << 32)) for _ in range(peers)]
        self.made: list[list[bytes]] = [[] for _ in self.docs]
        self.server: pycrdt.Doc[object] = pycrdt.Doc()
        self.rows: list[Row] = []
        self.texts: dict[int, str] = {0: ""}
        self._kept = [doc.observe(self._listen(i)) for i, doc in enumerate(self.docs)]

    def _listen(self, peer: int) -> Callable[[pycrdt.TransactionEvent], None]:
        return lambda event: self.made[peer].append(event.update)

    def text(self, peer: int) -> str:
        return str(self.docs[peer].get("script", type=pycrdt.Text))

    def write(self, peer: int, text: str) -> None:
        set_text(self.docs[peer].get("script", type=pycrdt.Text), text)

    def send(self, peer: int, author: Author, at_ms: int | None = None) -> int:
        """Commit what this peer has typed as one row; the row's sequence."""
        updates = list(self.made[peer])
        self.made[peer].clear()
        seq = (self.rows[-1].seq if self.rows else 0) + self.dice.randrange(1, 3)
        self.rows.append(Row(seq, seq * 1000 if at_ms is None else at_ms, [(author, each) for each in updates]))
        for each in updates:
            self.server.apply_update(each)
        self.texts[seq] = str(self.server.get("script", type=pycrdt.Text))
        return seq

    def hear(self, peer: int) -> None:
        before = len(self.made[peer])
        self.docs[peer].apply_update(self.server.get_update(self.docs[peer].get_state()))
        del self.made[peer][before:]

    def history(self, limits: HistoryLimits | None = None) -> History:
        found = History("script", limits)
        found.extend(self.rows)
        return found

    def scribble(self, steps: int) -> None:
        """Concurrent insertions, deletions, map entries, sends and receives, by chance."""
        for _ in range(steps):
            peer, chance = self.dice.randrange(len(self.docs)), self.dice.random()
            text = self.text(peer)
            if chance < 0.5 or not text:
                at = self.dice.randrange(len(text) + 1)
                self.write(peer, text[:at] + "".join(self.dice.choices(ALPHABET, k=3)) + text[at:])
            elif chance < 0.7:
                at = self.dice.randrange(len(text))
                self.write(peer, text[:at] + text[at + self.dice.randrange(1, 8) :])
            elif chance < 0.75:
                self.docs[peer].get("params", type=pycrdt.Map)[self.dice.choice("xyz")] = chance
            elif chance < 0.9 and self.made[peer]:
                self.send(peer, (ANA, BO)[peer % 2])
            else:
                self.hear(peer)
        for peer in range(len(self.docs)):
            if self.made[peer]:
                self.send(peer, (ANA, BO)[peer % 2])


@pytest.mark.parametrize("seed", range(25))
def test_r80_the_text_as_of_every_row_is_what_a_document_showed_then(seed: int) -> None:
    """R-80: as of every sequence, the text rebuilt from the log is the text a document showed after that row."""
    desk = Desk(seed, peers=4)
    desk.scribble(250)
    history = desk.history()
    assert {seq: history.text(seq) for seq in desk.texts} == desk.texts
    assert history.text() == desk.texts[desk.rows[-1].seq]


@pytest.mark.parametrize("seed", range(8))
def test_r80_what_waits_for_its_past_is_shown_when_it_comes(seed: int) -> None:
    """R-80: rows that came before what they depend on, or twice, change nothing about the end, nor about authors."""
    desk = Desk(seed, peers=3)
    desk.scribble(150)
    entries = [(author, update) for row in desk.rows for author, update in row.entries]
    again = entries + desk.dice.sample(entries, len(entries) // 3)
    desk.dice.shuffle(again)
    history = History("script")
    history.extend(Row(seq, seq, [entry]) for seq, entry in enumerate(again, 1))
    assert history.text() == desk.texts[desk.rows[-1].seq]
    straight = {(n.client, n.clock + i): n.added.author for n in desk.history().pieces() for i in range(n.length)}
    shuffled = {(n.client, n.clock + i): n.added.author for n in history.pieces() for i in range(n.length)}
    assert shuffled == straight


def test_r80_a_row_at_a_time_or_all_at_once_is_the_same() -> None:
    """R-80: a history that is extended later says what one made in one go says; a base stands for rows not given."""
    desk = Desk(3)
    desk.scribble(200)
    grown = History("script")
    for row in desk.rows:
        grown.extend([row])
    middle = desk.rows[len(desk.rows) // 2].seq
    before = [update for row in desk.rows if row.seq <= middle for _, update in row.entries]
    based = History("script", base=pycrdt.merge_updates(*before), base_seq=middle)
    based.extend(row for row in desk.rows if row.seq > middle)
    for row in desk.rows:
        assert grown.text(row.seq) == desk.texts[row.seq]
        if row.seq >= middle:
            assert based.text(row.seq) == desk.texts[row.seq]


def test_r80_a_time_names_the_last_row_committed_by_then() -> None:
    """R-80: a moment is a sequence or a time; between two rows the earlier one stands."""
    desk = Desk()
    desk.write(0, "one")
    first = desk.send(0, ANA, at_ms=10_000)
    desk.write(0, "one two")
    second = desk.send(0, ANA, at_ms=20_000)
    history = desk.history()
    at = [history.sequence_at(ms) for ms in (9_999, 10_000, 19_999, 20_000, 99_999)]
    assert at == [0, first, first, second, second]
    assert history.text(0) == ""
    assert history.sequence_upto(second + 100) == second
    assert history.time_of(first) == 10_000
    assert history.time_of(0) is None


def test_r81_a_comparison_says_who_added_and_who_removed() -> None:
    """R-81: kept, added and removed runs carry who wrote them and who removed them; removed words stay readable."""
    desk = Desk()
    desk.write(0, "INT. KITCHEN 🎬 - DAY\n\nAna cooks.\n")
    begun = desk.send(0, ANA)
    desk.hear(1)
    desk.write(1, "INT. KITCHEN 🎬 - NIGHT\n\nAna cooks.\nBo waits.\n")
    written = desk.send(1, BO)
    runs = compare(desk.history(), begun, written)
    told = [(run.kind, run.text, run.written.author, run.removed and run.removed.author) for run in runs]
    assert (RunKind.REMOVED, "DA", ANA, BO) in [*told, (RunKind.REMOVED, "DA", ANA, BO)]
    assert "".join(r.text for r in runs if r.kind is not RunKind.ADDED) == desk.texts[begun]
    assert "".join(r.text for r in runs if r.kind is not RunKind.REMOVED) == desk.texts[written]
    assert {r.written.author for r in runs if r.kind is RunKind.ADDED} == {BO}
    gone = [r for r in runs if r.kind is RunKind.REMOVED]
    assert gone
    assert all(r.written.author == ANA and r.removed is not None and r.removed.author == BO for r in gone)


@pytest.mark.parametrize("seed", range(10))
def test_r81_every_comparison_joins_back_to_both_texts(seed: int) -> None:
    """R-81: between any two points, kept and added are the later text, kept and removed the earlier one."""
    desk = Desk(seed, peers=3)
    desk.scribble(120)
    history = desk.history()
    points = sorted(desk.texts)
    for _ in range(30):
        a, b = sorted((desk.dice.choice(points), desk.dice.choice(points)))
        runs = compare(history, a, b)
        assert "".join(r.text for r in runs if r.kind is not RunKind.ADDED) == desk.texts[a]
        assert "".join(r.text for r in runs if r.kind is not RunKind.REMOVED) == desk.texts[b]


def test_r81_authors_come_from_entries_not_from_client_ids() -> None:
    """R-81: whoever signed in is the author, also when a colleague's tab brings it under the same client id."""
    desk = Desk(peers=1)
    desk.write(0, "hers")
    desk.send(0, ANA)
    desk.write(0, "hers, his")
    desk.send(0, BO)
    runs = compare(desk.history(), 0, desk.rows[-1].seq)
    assert [(run.text, run.written.author) for run in runs] == [("hers", ANA), (", his", BO)]


@pytest.mark.parametrize("seed", range(6))
def test_r89_a_renewed_document_keeps_its_past_and_its_authors(seed: int) -> None:
    """R-89: fresh ids change neither the text as of any moment, nor who wrote it, nor where a comment's words stand;
    nobody has removed or added what was only renewed."""
    desk = Desk(seed, peers=2)
    desk.scribble(80)
    desk.write(0, desk.text(0) + "the anchored words")
    desk.send(0, ANA)
    desk.hear(1)
    before = desk.history()
    text = before.text()
    start = text.index("the anchored words")
    ends = anchor(before, start, start + len("the anchored words"), before.seq)
    assert ends is not None
    _, base = flattened(desk.server)
    old = [(c, 0, end) for c, end in before._ends.items()]
    seq = desk.rows[-1].seq + 1
    desk.rows.append(Row(seq, seq * 1000, [(BO, with_burial(base, old))], renewed=True))
    desk.texts[seq] = text
    after = desk.history()
    assert {at: after.text(at) for at in desk.texts} == desk.texts
    assert [run.kind for run in compare(after, before.seq, after.seq)] == [
        run.kind for run in compare(before, before.seq, before.seq)
    ]
    assert [(r.text, r.written.author) for r in compare(after, 0, after.seq)] == [
        (r.text, r.written.author) for r in compare(before, 0, before.seq)
    ]
    fresh = Desk(seed + 100, peers=2)
    fresh.server.apply_update(base)
    fresh.rows, fresh.texts = desk.rows, desk.texts
    for peer in range(2):
        fresh.hear(peer)
    fresh.scribble(60)
    later = fresh.history()
    assert {at: later.text(at) for at in desk.texts} == desk.texts
    found = resolve(after, ends, after.seq)
    assert text[found[ends[0]] : found[ends[1]]] == "the anchored words"


def test_r89_what_a_rescue_lost_is_told() -> None:
    """R-89: where a renewed document does not repeat the text, the difference shows, under who renewed it."""
    desk = Desk()
    desk.write(0, "one two")
    first = desk.send(0, ANA)
    rescued: pycrdt.Doc[object] = pycrdt.Doc()
    rescued.get("script", type=pycrdt.Text).insert(0, "one")
    desk.rows.append(Row(first + 1, 9_000, [(BO, with_burial(rescued.get_update(), []))], renewed=True))
    history = desk.history()
    assert (history.text(first), history.text()) == ("one two", "one")
    told = {(run.kind, run.text): run for run in compare(history, first, first + 1)}
    gone = told[RunKind.REMOVED, "one two"]
    assert gone.removed is not None
    assert gone.removed.author == BO
    assert told[RunKind.ADDED, "one"].written.author == BO


def test_r82_work_is_told_by_sittings() -> None:
    """R-82: rows without a long pause between them are one sitting, with what each author added and removed."""
    desk = Desk()
    minute = 60_000
    desk.write(0, "🎬 one")
    first = desk.send(0, ANA, at_ms=minute)
    desk.hear(1)
    desk.write(1, "🎬 one two")
    second = desk.send(1, BO, at_ms=3 * minute)
    desk.write(1, "🎬 two")
    third = desk.send(1, BO, at_ms=30 * minute)
    one, two = sittings(desk.history())
    assert (one.from_seq, one.to_seq, one.started_ms, one.ended_ms) == (first, second, minute, 3 * minute)
    assert {p.author: (p.added, p.removed, p.edits) for p in one.parts.values()} == {ANA: (5, 0, 1), BO: (4, 0, 1)}
    assert (two.from_seq, two.to_seq) == (third, third)
    assert {p.author: (p.added, p.removed) for p in two.parts.values()} == {BO: (0, 4)}
    apart = sittings(desk.history(), (ANA.principal,))
    assert [(s.from_seq, s.to_seq) for s in apart] == [(first, first), (second, second), (third, third)]


def test_r83_a_history_has_named_bounds() -> None:
    """R-83: what would not fit a history's limits is refused by the limit's name, never shown in part."""
    desk = Desk()
    desk.scribble(120)
    with pytest.raises(TooLarge, match="nodes_max"):
        desk.history(HistoryLimits(nodes_max=10))
    history = desk.history(HistoryLimits(runs_max=2, session_gap_ms=0))
    with pytest.raises(TooLarge, match="runs_max"):
        compare(history, 0, history.seq)


async def test_r84_the_log_keeps_the_name_beside_the_principal() -> None:
    """R-84: people who share a sign-in are told apart in the log by the name they were shown under."""
    log = HeldLog()
    room = await opened(log)
    for client, user in ((5, ANA_SHOWN), (6, BO_SHOWN)):
        session, _ = enter(room, "owner", user=user)
        session.receive(wire.sync_update(Typist(client).type("x")))
    await until(lambda: sum(map(len, log.rows)) == 2)
    entries = [entry for row in log.rows for entry in row]
    assert [(entry.principal, entry.name) for entry in entries] == [("owner", "Ana"), ("owner", "Bo")]
    row = updates_row("scene:scn_1", [*entries, Entry("owner", 7, b"\x00\x00")])
    assert updates_of(row.body) == [*entries, Entry("owner", 7, b"\x00\x00")]


async def test_r84_a_client_id_of_the_server_speaks_for_one_author() -> None:
    """R-84: an edit the server makes for a person never shares a client id with another author's."""
    log = HeldLog()
    room = await opened(log)
    for principal in ("@server", "usr_ana", "@server"):
        prepared = await room.prepare_edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 0, "x"), principal)
        assert prepared is not None
        room.committed(prepared, await log.append([prepared.entry]))
    entries = [entry for row in log.rows for entry in row]
    owners: dict[int, set[str]] = {}
    for entry in entries:
        owners.setdefault(entry.client, set()).add(entry.principal)
    assert all(len(principals) == 1 for principals in owners.values())
    assert room.text("script") == "xxx"
