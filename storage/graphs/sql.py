"""The calls as SQL: one statement each, with recursive CTEs for hops, in SQLite's and PostgreSQL's words.

Owns the text of the statements and how their rows are read. The invariant: each says what `storage.graphs.view` says
of the same rows, in the same order. `CROSS JOIN` with a WHERE keeps SQLite to the order that begins with few rows; it
is all one to PostgreSQL. Partners with a connection of their own may run the same statements: all they need is here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from storage.graphs.calls import (
    AdjacentSettings,
    Call,
    CastSubgraph,
    Nearby,
    Neighbour,
    Occurrence,
    Occurrences,
    Pair,
    Path,
    ReachableScenes,
    Reached,
    Row,
    ScenesNearby,
    SocialDistance,
    Tense,
    TensionPairs,
    TensionScenes,
    Tie,
    Trust,
    TrustToward,
)
from storage.graphs.picture import AMONG, AROUND, LISTED, Among, Around, Listed, Near, Standing, linked
from storage.graphs.rows import Edge

_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")

_TIE_COLUMNS = "e.source, e.target, e.strength, e.confidence, e.trust_competence, e.trust_benevolence, e.debt"
_CAST_SUBGRAPH = f"""SELECT {_TIE_COLUMNS} FROM @graph_edges e
WHERE e.home = :home AND e.label = 'RELATES_TO' AND e.source @in(:cast) AND e.target @in(:cast)
ORDER BY e.source, e.target LIMIT :limit"""

_FRIENDS = """SELECT f.target AS other FROM @graph_edges f
  WHERE f.home = :home AND f.label = 'RELATES_TO' AND f.source = {who}
  UNION SELECT f.source FROM @graph_edges f
  WHERE f.home = :home AND f.label = 'RELATES_TO' AND f.target = {who}"""
_SHARED = f"""(SELECT min(s.other) FROM ({_FRIENDS.format(who="{end}")}) s
  WHERE s.other IN ({_FRIENDS.format(who="m.node")}))"""
_SOCIAL_DISTANCE = f"""WITH RECURSIVE @ball(ahead,:source,:hops_ahead), @ball(back,:target,:hops_back),
m AS (SELECT a.node, a.hop AS ahead, b.hop AS back
  FROM (SELECT node, min(hop) AS hop FROM ahead GROUP BY node) a
  JOIN (SELECT node, min(hop) AS hop FROM back GROUP BY node) b ON b.node = a.node
  WHERE a.hop - b.hop IN (0, 1) ORDER BY a.hop + b.hop, a.node LIMIT 1)
SELECT m.node, m.ahead, m.back,
CASE WHEN m.ahead = 2 THEN {_SHARED.format(end=":source")} END,
CASE WHEN m.back = 2 THEN {_SHARED.format(end=":target")} END FROM m"""

# "+ 0": who is trusted by few is found by the target, not among all who trust somebody
_TRUST_TOWARD = """SELECT e.source, n.name, e.trust_competence, e.trust_benevolence
FROM @graph_edges e JOIN @graph_nodes n ON n.home = :home AND n.id = e.source
WHERE e.home = :home AND e.label = 'RELATES_TO' AND e.target = :target
AND e.trust_competence + 0 > :competence_over AND e.trust_benevolence > :benevolence_over
ORDER BY e.trust_competence DESC, e.trust_benevolence DESC, e.source LIMIT :limit"""

_WALK = """WITH RECURSIVE walk (node, hop) AS (
  SELECT n.id, 0 FROM @graph_nodes n WHERE n.home = :home AND n.id = :{start}
  UNION
  SELECT e.target, w.hop + 1 FROM walk w CROSS JOIN @graph_edges e
  WHERE w.hop < :hops AND e.home = :home AND e.label = '{label}' AND e.source = w.node),
near AS (SELECT node, min(hop) AS hop FROM walk GROUP BY node HAVING min(hop) > 0)
"""
_REACHABLE_SCENES = (
    _WALK.format(start="scene", label="LEADS_TO")
    + """SELECT n.id, n.name, n.scene_type, n.authored_mass, w.hop
FROM near w CROSS JOIN @graph_nodes n WHERE n.home = :home AND n.id = w.node
ORDER BY w.hop, n.place, n.id LIMIT :limit"""
)
_TENSION_SCENES = (
    _WALK.format(start="scene", label="LEADS_TO")
    + """, t AS MATERIALIZED (SELECT n.id, n.name, (
  SELECT count(*) FROM @graph_edges a CROSS JOIN @graph_edges r CROSS JOIN @graph_edges b
  WHERE a.home = :home AND a.label = 'CAST_OF' AND a.target = w.node
  AND r.home = :home AND r.label = 'RELATES_TO' AND r.source = a.source
  AND (r.trust_competence < :trust_under OR r.debt > :debt_over)
  AND b.home = :home AND b.label = 'CAST_OF' AND b.source = r.target AND b.target = w.node) AS ties
FROM near w CROSS JOIN @graph_nodes n WHERE n.home = :home AND n.id = w.node)
SELECT t.id, t.name, t.ties FROM t WHERE t.ties > 0 ORDER BY t.ties DESC, t.id LIMIT :limit"""
)
_ADJACENT_SETTINGS = """SELECT e.target, n.name, e.traversal_cost
FROM @graph_edges e JOIN @graph_nodes n ON n.home = :home AND n.id = e.target
WHERE e.home = :home AND e.label = 'ADJACENT_TO' AND e.source = :setting
ORDER BY e.traversal_cost IS NULL, e.traversal_cost, e.target LIMIT :limit"""
_SCENES_NEARBY = (
    _WALK.format(start="setting", label="ADJACENT_TO")
    + """SELECT p.id, p.name, w.hop, n.id, n.name, n.scene_type, n.authored_mass
FROM near w CROSS JOIN @graph_nodes p CROSS JOIN @graph_edges e CROSS JOIN @graph_nodes n
WHERE p.home = :home AND p.id = w.node AND e.home = :home AND e.label = 'SCENE_AT' AND e.target = w.node
AND n.home = :home AND n.id = e.source
ORDER BY w.hop, p.id, n.place, n.id LIMIT :limit"""
)
_TENSION_PAIRS = """SELECT e.source, e.target, e.trust_competence, n.state
FROM @graph_edges e JOIN @graph_nodes n ON n.home = :home AND n.id = e.source
WHERE e.home = :home AND e.label = 'RELATES_TO' AND e.trust_competence < :trust_under
ORDER BY e.trust_competence, e.source, e.target LIMIT :limit"""
_OCCURRENCES = """SELECT n.id, n.name, n.place, n.story_day FROM (
  SELECT e.target AS scene, e.source AS node FROM @graph_edges e
  WHERE e.home = :home AND e.label IN ('CAST_OF', 'PROP_OF') AND e.source @in(:nodes)
  UNION
  SELECT e.source, e.target FROM @graph_edges e
  WHERE e.home = :home AND e.label = 'SCENE_AT' AND e.target @in(:nodes)) x
JOIN @graph_nodes n ON n.home = :home AND n.id = x.scene
GROUP BY n.id, n.name, n.place, n.story_day HAVING count(*) = :many
ORDER BY n.place, n.id LIMIT :limit"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`ball`: whoever is within so many ties of somebody, in either direction; `within`: membership in a list."""

    table: str  # before a table's name
    ball: str
    within: str
    parameter: str
    list_of: Callable[[Sequence[str]], Any]

    def text(self, statement: str) -> str:
        """In this dialect's words."""
        said = re.sub(r"@ball\((\w+),(:\w+),(:\w+)\)", self.ball, statement)
        said = re.sub(r"@in\((:\w+)\)", self.within, said)
        said = said.replace("@graph_", f"{self.table}graph_").replace("@views", f"{self.table}views")
        return _PARAMETER.sub(self.parameter, said)


SQLITE = Dialect(
    table="",
    ball=r"""\1 (node, hop) AS (
  SELECT n.id, 0 FROM @graph_nodes n WHERE n.home = :home AND n.id = \2
  UNION SELECT e.target, w.hop + 1 FROM \1 w CROSS JOIN @graph_edges e
  WHERE w.hop < \3 AND e.home = :home AND e.label = 'RELATES_TO' AND e.source = w.node
  UNION SELECT e.source, w.hop + 1 FROM \1 w CROSS JOIN @graph_edges e
  WHERE w.hop < \3 AND e.home = :home AND e.label = 'RELATES_TO' AND e.target = w.node)""",
    within=r"IN (SELECT value FROM json_each(\1))",
    parameter=r":\1",
    list_of=lambda names: json.dumps(list(names)),
)
POSTGRES = Dialect(
    table="storyforge.",
    ball=r"""\1 (node, hop) AS (
  SELECT n.id, 0 FROM @graph_nodes n WHERE n.home = :home AND n.id = \2
  UNION SELECT f.other, w.hop + 1 FROM \1 w CROSS JOIN LATERAL (
    SELECT e.target AS other FROM @graph_edges e
    WHERE e.home = :home AND e.label = 'RELATES_TO' AND e.source = w.node
    UNION ALL SELECT e.source FROM @graph_edges e
    WHERE e.home = :home AND e.label = 'RELATES_TO' AND e.target = w.node) f WHERE w.hop < \3)""",
    within=r"= ANY (\1::text[])",
    parameter=r"%(\1)s",
    list_of=list,
)

_STATEMENTS: Mapping[type[Call], tuple[str, type[Any]]] = {
    CastSubgraph: (_CAST_SUBGRAPH, Tie),
    SocialDistance: (_SOCIAL_DISTANCE, Path),
    TrustToward: (_TRUST_TOWARD, Trust),
    ReachableScenes: (_REACHABLE_SCENES, Reached),
    TensionScenes: (_TENSION_SCENES, Tense),
    AdjacentSettings: (_ADJACENT_SETTINGS, Neighbour),
    ScenesNearby: (_SCENES_NEARBY, Nearby),
    TensionPairs: (_TENSION_PAIRS, Pair),
    Occurrences: (_OCCURRENCES, Occurrence),
    Listed: (LISTED, Standing),
    Around: (AROUND, Near),
    Among: (AMONG, Edge),
}
_TEXTS = {
    dialect.table: {kind: dialect.text(said) for kind, (said, _) in _STATEMENTS.items()}
    for dialect in (SQLITE, POSTGRES)
}


def statement(dialect: Dialect, home: str, call: Call) -> tuple[str, dict[str, Any]]:
    """The text and its named values."""
    values: dict[str, Any] = {"home": home, **asdict(call)}
    if isinstance(call, SocialDistance):
        values |= {"hops_ahead": (call.hops + 1) // 2, "hops_back": call.hops // 2}
    if isinstance(call, Occurrences):
        values["many"] = len(set(call.nodes))
    for name, value in values.items():
        if isinstance(value, tuple):
            values[name] = dialect.list_of(sorted(set(value)))
    return _TEXTS[dialect.table][type(call)], values


def answer(call: Call, rows: Iterable[Sequence[Any]]) -> list[Row]:
    """What the statement's rows say."""
    if isinstance(call, SocialDistance):
        return [_path(call, row) for row in rows]
    if isinstance(call, Among):
        return linked(rows)
    kind = _STATEMENTS[type(call)][1]
    return [kind(*row) for row in rows]


def _path(call: SocialDistance, row: Sequence[Any]) -> Path:
    middle, _, _, first, last = row
    stops = (call.source, first, middle, last, call.target)
    return Path(tuple(dict.fromkeys(stop for stop in stops if stop is not None)))
