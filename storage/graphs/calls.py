"""The questions a story's graph answers, each by name with its bounds, and the form of their answers.

Owns the calls and their defaults; no I/O. The invariant: an answer is a list in one order that both ways of answering
keep (`storage.graphs.view` in memory, `storage.graphs.sql` in a database), at most `limit` long. Hops and lists beyond
the bounds are refused here, so neither way can be asked for more than it answers in time.
"""

from __future__ import annotations

from dataclasses import dataclass

SOCIAL_HOPS_MAX = 4
SCENE_HOPS_MAX = 3
SETTING_HOPS_MAX = 2
TENSION_HOPS_MAX = 2
"""Further is refused: from there on most of a story is reached, and the answer says nothing."""

TRUST_COMPETENCE_OVER, TRUST_BENEVOLENCE_OVER = 0.5, 0.3
TENSION_TRUST_UNDER, TENSION_DEBT_OVER = -0.3, 0.5
"""Of trust, and of tension, where a call says nothing else."""

CAST_MAX, NODES_MAX = 200, 16

LIMIT_MAX, ROWS_MAX = 200, 1_000
"""Rows of an answer where a call says nothing, and at most: who reads on by pages has gone so far."""


class BadCall(ValueError):
    """A question out of bounds. `field` is what is wrong with it."""

    code = "BAD_GRAPH_CALL"
    retryable = False

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


def within(field: str, value: int, most: int, least: int = 1) -> None:
    """Raises `BadCall`."""
    if not least <= value <= most:
        raise BadCall(field, f"{value} is not between {least} and {most}")


@dataclass(frozen=True, slots=True)
class Call:
    """Base: what every call bounds."""


@dataclass(frozen=True, slots=True)
class CastSubgraph(Call):
    """Ties among these characters -> `Tie`, by source and target."""

    cast: tuple[str, ...]
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("cast", len(self.cast), CAST_MAX, 0)
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class SocialDistance(Call):
    """The shortest way between two characters over ties in any direction -> one `Path`, or none within `hops`.

    Of several the one whose middle, then first, then last stop sorts first.
    """

    source: str
    target: str
    hops: int = SOCIAL_HOPS_MAX

    def __post_init__(self) -> None:
        within("hops", self.hops, SOCIAL_HOPS_MAX)


@dataclass(frozen=True, slots=True)
class TrustToward(Call):
    """Who trusts this character, both ways over their thresholds -> `Trust`, most first."""

    target: str
    competence_over: float = TRUST_COMPETENCE_OVER
    benevolence_over: float = TRUST_BENEVOLENCE_OVER
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class ReachableScenes(Call):
    """Scenes this one leads to -> `Reached`, nearest first, then in story order."""

    scene: str
    hops: int = SCENE_HOPS_MAX
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("hops", self.hops, SCENE_HOPS_MAX)
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class TensionScenes(Call):
    """Scenes ahead in whose cast somebody distrusts, or owes, another -> `Tense`, most such ties first."""

    scene: str
    hops: int = TENSION_HOPS_MAX
    trust_under: float = TENSION_TRUST_UNDER
    debt_over: float = TENSION_DEBT_OVER
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("hops", self.hops, TENSION_HOPS_MAX)
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class AdjacentSettings(Call):
    """Where one gets to from a setting -> `Neighbour`, cheapest first, untold costs last."""

    setting: str
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class ScenesNearby(Call):
    """Scenes at settings that are near this one, itself not among them -> `Nearby`, nearest first."""

    setting: str
    hops: int = SETTING_HOPS_MAX
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("hops", self.hops, SETTING_HOPS_MAX)
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class TensionPairs(Call):
    """Who distrusts whom, with the state of who does -> `Pair`, worst first."""

    trust_under: float = TENSION_TRUST_UNDER
    limit: int = LIMIT_MAX

    def __post_init__(self) -> None:
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class Occurrences(Call):
    """Scenes in which all of these come together (characters, things, one setting) -> `Occurrence`, in story order.

    What After, Since and Sequence are made of, see `storage.graphs.temporal`.
    """

    nodes: tuple[str, ...]
    limit: int = ROWS_MAX

    def __post_init__(self) -> None:
        within("nodes", len(set(self.nodes)), NODES_MAX)
        within("limit", self.limit, ROWS_MAX)


@dataclass(frozen=True, slots=True)
class Tie:
    source: str
    target: str
    strength: float | None
    confidence: float | None
    trust_competence: float | None
    trust_benevolence: float | None
    debt: float | None


@dataclass(frozen=True, slots=True)
class Path:
    """From source to target, both among `nodes`; as many hops as there are steps between them."""

    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    source: str
    name: str
    trust_competence: float
    trust_benevolence: float


@dataclass(frozen=True, slots=True)
class Reached:
    scene: str
    name: str
    scene_type: str | None
    authored_mass: float | None
    hops: int


@dataclass(frozen=True, slots=True)
class Tense:
    scene: str
    name: str
    tension_edges: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    setting: str
    name: str
    traversal_cost: float | None


@dataclass(frozen=True, slots=True)
class Nearby:
    setting: str
    setting_name: str
    hops: int
    scene: str
    name: str
    scene_type: str | None
    authored_mass: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """`state`: JSON text."""

    source: str
    target: str
    trust_competence: float
    state: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`place`: the scene's key in the story's order; `story_day` None: it has none (a dream, a montage)."""

    scene: str
    name: str
    place: str
    story_day: int | None


Row = Tie | Path | Trust | Reached | Tense | Neighbour | Nearby | Pair | Occurrence
