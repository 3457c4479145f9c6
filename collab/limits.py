"""Every bound of a room, with its unit in its name and the overflow rule beside it.

Invariant: nothing in this package grows with what a stranger sends unless a field here bounds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from collab.transport import WRITE_HIGH_BYTES

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Defaults fit a screenplay of 20 MiB with 200 people in it. Overflow: what happens is said field by field."""

    clock_gap_max: int = 16 * MIB
    """Clocks one client id may leap, or void, in one step (no document has as many). Over: close 4507."""

    waiting_bytes_max: int = 4 * MIB
    """Bytes of structs that wait for one that nobody has sent. Over: a live update is closed 4507, for coming back with
    all it has may bring what is missing; a step 2 has brought all it has: close 4413."""

    proposals_open_max: int = 64
    proposals_bytes_max: int = 8 * MIB
    """Proposals of one document that nobody has decided on. Over: nothing is parked, its sender is told so."""

    document_bytes_max: int = 20 * MIB
    """Committed and pending bytes of one document. Over: the update is refused, close 4413."""

    frame_bytes_max: int = 21 * MIB
    """One message from a socket; holds a full step 2 with room to spare. Over: close 4413."""

    update_bytes_max: int = 20 * MIB
    """One update inside a frame. Over: close 4413."""

    structs_per_update_max: int = 300_000
    """Structs in one update; bounds the time the header reader holds the loop (about 2 us each). Over: close 4413."""

    delete_ranges_per_update_max: int = 600_000
    """Ranges in one update's delete set. Over: close 4413."""

    state_vector_entries_max: int = 100_000
    """Clients in a step 1. Over: close 4413."""

    awareness_bytes_max: int = 64 * 1024
    """One awareness message. A stock client repeats every state it learns, so this holds a full room's. Over: close
    4413."""

    awareness_state_bytes_max: int = 4 * 1024
    """One client's presence state. Over: that state is ignored."""

    awareness_clients_per_session_max: int = 4
    """Presence ids one socket may speak for. Over: the entry is ignored."""

    awareness_departed_max: int = 1_024
    """Remembered ids of people who left (so a late echo cannot bring a ghost back). Over: the oldest is forgotten."""

    presence_ttl_s: float = 120.0
    """A state not renewed for this long is taken down (stock clients renew every 15 s, throttled tabs every 60 s)."""

    presence_tick_s_min: float = 0.03
    presence_tick_s_per_session: float = 0.0005
    presence_tick_s_max: float = 0.25
    """At most one presence frame per room in this time; it grows with the room. Quiet rooms send at once."""

    heartbeat_s: float = 12.0
    """A room silent for this long sends all sockets an empty presence frame (stock clients drop silence after 30 s)."""

    outbox_bytes_max: int = 4 * WRITE_HIGH_BYTES
    """Bytes a socket may owe before it is treated as a slow reader. Over: it gets nothing more until it has drained,
    then one diff. Never below WRITE_HIGH_BYTES: the transport promises `on_writable` only above that."""

    pending_bytes_pause: int = 2 * MIB
    """Accepted, uncommitted bytes of a room above which its senders are no longer read."""

    pending_bytes_spared: int = 64 * 1024
    """Bytes one socket may have waiting and still be read when others have made the backlog."""

    pending_bytes_max: int = 64 * MIB
    """Uncommitted bytes of a room. Over: the sender is closed 4508 and sends again after reconnecting. An update that
    finds nothing waiting is taken whatever its size, or its sender could never come in."""

    flush_bytes_max: int = 256 * 1024
    """Bytes in one flush (one ledger row), always at least one update. The rest goes in the next flush, who waits with
    least first. Higher: everybody waits longer behind large edits."""

    flush_entries_max: int = 2_000
    """Updates in one flush."""

    flush_window_s_min: float = 0.002
    flush_window_s_per_session: float = 0.00008
    flush_window_s_max: float = 0.025
    """A quiet room commits at once; a busy one starts at most one flush in this time, more people, longer window."""

    merge_updates_max: int = 64
    """Updates merged in one call; beyond this the cost of a merge grows faster than the number."""

    slow_commit_s: float = 1.0
    """A commit slower than this stops the reading of its senders until it is done."""

    sessions_per_room_max: int = 1_000
    """Sockets in one room. Over: close 4508."""

    messages_per_s: float = 400.0
    messages_burst: float = 2_000.0
    """Messages of one socket. Over: it is not read until it is back within its rate."""

    documents_per_socket_max: int = 64
    """Documents on one multiplexed socket, those that wait for their token included. Over: that document is denied."""

    document_name_bytes_max: int = 256
    """The name in front of a multiplexed message. Over: close 4413."""

    token_bytes_max: int = 4 * 1024
    """A token in an auth message. Over: close 4413."""

    unauthenticated_bytes_max: int = 64 * 1024
    """Bytes a multiplexed socket may send before a token held, or to documents before theirs. Over: close 4401."""

    unauthenticated_s_max: float = 10.0
    """How long a multiplexed socket may stay without a token that holds. Over: close 4401."""

    unauthenticated_sockets_max: int = 256
    """Multiplexed sockets of one host that wait for a token at the same time. Over: the newest is closed 4508."""

    sockets_per_link_max: int = 64
    """Sockets of one access link on one host (the owner's are not counted). Over: the newest is closed 4508."""

    silent_s_max: float = 30.0
    """How long a socket may hold a place in a room without asking for the document. Over: close 4507, looked at with
    every heartbeat."""

    entering_bytes_pause: int = 256 * 1024
    """Bytes kept for a document whose room is being opened, above which its socket is not read until it is open."""

    join_small_bytes: int = 256 * 1024
    """An answer to a joiner up to this goes out at once, whoever else is waiting. Over: it waits its turn."""

    join_bytes_in_flight_max: int = 64 * MIB
    """Bytes that joiners of all rooms of a host were sent and have not taken yet; one answer may always go. Over: the
    next joiners wait and are told their position."""

    join_bytes_per_turn: int = 4 * MIB
    """Bytes handed to sockets of joiners in one turn of the loop; live edits are not held up by more than that."""

    join_slow_s_max: float = 10.0
    """A joiner that has not taken its answer after this no longer counts as in flight (it may go on reading)."""

    join_position_s: float = 1.0
    """How often a waiting joiner is told its position, and so that it is not forgotten."""

    join_tail_bytes_max: int = 64 * 1024
    """Updates after the shared snapshot that every joiner gets beside it. Over this and over an eighth of the
    snapshot: they are merged into it."""

    join_frame_idle_s: float = 30.0
    """How long the framed document is kept for the next joiner; then it is framed anew."""

    join_diffs_at_once_max: int = 2
    """Whole documents compared with state vectors of returners at the same time, on a host. Over: they wait."""

    join_diff_inline_bytes: int = 512 * 1024
    """A document up to this is compared with a state vector on the loop (2 ms); a larger one by the `Folder`."""

    compact_updates: int = 1_000
    compact_bytes: int = 1 * MIB
    """Updates or bytes after the snapshot at which the room writes a new snapshot."""

    compact_share: float = 0.5
    compact_bytes_per_update: int = 2 * 1024
    """A large document waits longer: until the tail is this share of it, or an update for each so many bytes. Otherwise
    every MiB written into 20 MB would be paid with 20 MB on disk, in the way of the commits of everybody."""

    compact_retry_s: float = 30.0
    """After a snapshot that failed, the next one is not tried before this."""

    close_drain_s_max: float = 5.0
    """How long a closing room waits for its last commits."""

    def __post_init__(self) -> None:
        if self.outbox_bytes_max < WRITE_HIGH_BYTES:
            raise ValueError(f"outbox_bytes_max must be at least {WRITE_HIGH_BYTES}")
        if self.frame_bytes_max <= self.update_bytes_max:
            raise ValueError("frame_bytes_max must leave room for the framing of update_bytes_max")

    def flush_window_s(self, sessions: int) -> float:
        return min(self.flush_window_s_max, self.flush_window_s_min + sessions * self.flush_window_s_per_session)

    def presence_tick_s(self, sessions: int) -> float:
        return min(self.presence_tick_s_max, max(self.presence_tick_s_min, sessions * self.presence_tick_s_per_session))
