"""Step 5: the story's graphs as tables that SQL can walk: `graph_nodes`, `graph_edges`.

They hold what the projections of kind `graph_node` and `graph_edge` say (`storage.graphs.rows`), copied by triggers:
whatever writes or removes such a view (an append, a copy of a project, a backup taken back) writes them in the same
transaction, and nothing else does. The body of such a view is one JSON text; `substr` at 6 passes the codec's head.
Other views pay for one comparison of their kind. Why: docs/decisions/0040.
"""

from __future__ import annotations

from storage.graphs.rows import EDGE_FIELDS, JSON_AT
from storage.ledger.migrations import step_0004
from storage.ledger.migrations.plan import Step, statements

_NODE = ("id", "label", "name", "scene_type", "authored_mass", "place", "story_day", "state")
_EDGE = ("label", "source", "target", *EDGE_FIELDS)

_SQLITE_TABLES = """
CREATE TABLE graph_nodes (
  home TEXT NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL, name TEXT NOT NULL, scene_type TEXT, authored_mass REAL,
  place TEXT NOT NULL, story_day INTEGER, state TEXT NOT NULL,
  PRIMARY KEY (home, id)
) WITHOUT ROWID;
CREATE TABLE graph_edges (
  home TEXT NOT NULL, label TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, strength REAL, confidence REAL,
  trust_competence REAL, trust_benevolence REAL, debt REAL, traversal_cost REAL,
  PRIMARY KEY (home, label, source, target)
) WITHOUT ROWID;
CREATE INDEX graph_edges_back ON graph_edges (home, label, target, source);
CREATE INDEX graph_edges_trust ON graph_edges (home, trust_competence, source, target)
  WHERE label = 'RELATES_TO' AND trust_competence IS NOT NULL;
"""

_POSTGRES_TABLES = """
CREATE TABLE storyforge.graph_nodes (
  home text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, label text COLLATE "C" NOT NULL, name text NOT NULL,
  scene_type text, authored_mass double precision, place text COLLATE "C" NOT NULL, story_day bigint,
  state text NOT NULL,
  PRIMARY KEY (home, id)
);
CREATE TABLE storyforge.graph_edges (
  home text COLLATE "C" NOT NULL, label text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL, strength double precision, confidence double precision,
  trust_competence double precision, trust_benevolence double precision, debt double precision,
  traversal_cost double precision,
  PRIMARY KEY (home, label, source, target)
);
CREATE INDEX graph_edges_back ON storyforge.graph_edges (home, label, target, source);
CREATE INDEX graph_edges_trust ON storyforge.graph_edges (home, trust_competence, source, target)
  WHERE label = 'RELATES_TO' AND trust_competence IS NOT NULL;
"""

_TABLES = {"node": ("graph_nodes", _NODE, ("id",)), "edge": ("graph_edges", _EDGE, ("label", "source", "target"))}


def _sqlite_triggers(what: str) -> tuple[str, ...]:
    table, columns, key = _TABLES[what]

    def said(row: str, name: str) -> str:
        return f"json_extract(CAST(substr({row}.body, {JSON_AT}) AS TEXT), '$.{name}')"

    same = " AND ".join(f"{name} = {said('OLD', name)}" for name in key)
    gone = f"DELETE FROM {table} WHERE home = OLD.home AND {same};"
    come = f"""INSERT INTO {table} (home, {", ".join(columns)})
    VALUES (NEW.home, {", ".join(said("NEW", name) for name in columns)});"""
    return (
        f"""CREATE TRIGGER graph_{what}_put AFTER INSERT ON views WHEN NEW.kind = 'graph_{what}' BEGIN {come} END""",
        f"""CREATE TRIGGER graph_{what}_changed AFTER UPDATE ON views WHEN NEW.kind = 'graph_{what}'
        BEGIN {gone} {come} END""",
        f"""CREATE TRIGGER graph_{what}_gone AFTER DELETE ON views WHEN OLD.kind = 'graph_{what}' BEGIN {gone} END""",
    )


def _postgres_triggers(what: str) -> tuple[str, ...]:
    table, columns, key = _TABLES[what]
    types = {"authored_mass": "float8", "story_day": "bigint", **dict.fromkeys(EDGE_FIELDS, "float8")}

    def said(row: str, name: str) -> str:
        return f"({row} ->> '{name}')::{types.get(name, 'text')}"

    same = " AND ".join(f"g.{name} = {said('was', name)}" for name in key)
    body = f"""CREATE FUNCTION storyforge.keep_graph_{what}() RETURNS trigger LANGUAGE plpgsql AS $keep$
DECLARE was jsonb; said jsonb;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    was := convert_from(substr(OLD.body, {JSON_AT}), 'UTF8')::jsonb;
    DELETE FROM storyforge.{table} g WHERE g.home = OLD.home AND {same};
  END IF;
  IF TG_OP <> 'DELETE' THEN
    said := convert_from(substr(NEW.body, {JSON_AT}), 'UTF8')::jsonb;
    INSERT INTO storyforge.{table} (home, {", ".join(columns)})
    VALUES (NEW.home, {", ".join(said("said", name) for name in columns)});
  END IF;
  RETURN NULL;
END $keep$"""
    run = f"EXECUTE FUNCTION storyforge.keep_graph_{what}()"
    return (
        body,
        f"""CREATE TRIGGER graph_{what}_put AFTER INSERT OR UPDATE ON storyforge.views FOR EACH ROW
        WHEN (NEW.kind = 'graph_{what}') {run}""",
        f"""CREATE TRIGGER graph_{what}_gone AFTER DELETE ON storyforge.views FOR EACH ROW
        WHEN (OLD.kind = 'graph_{what}') {run}""",
    )


STEP = Step(
    5,
    "the story's graphs as tables",
    kind="expand",
    beside=step_0004.STEP.beside,
    sqlite=(*statements(_SQLITE_TABLES), *_sqlite_triggers("node"), *_sqlite_triggers("edge")),
    postgres=(*statements(_POSTGRES_TABLES), *_postgres_triggers("node"), *_postgres_triggers("edge")),
)
