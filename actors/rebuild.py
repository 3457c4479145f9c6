"""The projections of a whole project, made anew out of its events and texts.

Owns the fold of every actor of one project at once, and nothing else. The invariant: what comes out is what the actors
wrote when they decided (a test compares the two), so that projections never need to be copied, only read again. Events
come in order from a ledger or a backup; drafts of views go to whoever writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actors.continuity import by_hand
from actors.continuity.actor import ContinuityActor
from actors.graphs.actor import GraphActor
from actors.graphs.messages import GRAPH
from actors.project import repairs, styles
from actors.project.actor import CONTINUITY, ProjectActor, live_scene
from actors.project.draft import heading_words
from actors.runtime.actor import Fact, ViewDraft
from actors.runtime.edits import Op, SetKey
from actors.runtime.facts import fact_of
from actors.scene import reporting
from actors.scene.actor import HEADING_READ_CHARS, SceneActor
from actors.scene.bible import view as bible_view
from actors.scene.continuation import segment_view
from actors.scene.enhancement import enhancement_views
from actors.scene.gate_view import GATE_EVENTS, gate_view
from actors.scene.job import Job
from actors.scene.jobs import LIVE_JOBS_KEPT
from actors.scene.views import job_view, live_job, open_job_view, take_view
from actors.tableread import views as table_views
from actors.views import FindingsView, SceneView, VersionView
from storage.ledger.protocol import Event


class Rebuilt:
    """Give it every event in order; then ask for `views` and `live`."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.project = ProjectActor(home, home)
        self.continuity = ContinuityActor(home, CONTINUITY)
        self.graph = GraphActor(home, GRAPH)
        self.scenes: dict[str, SceneActor] = {}
        self.jobs: dict[str, tuple[str, Job]] = {}  # all there ever were, which a scene does not remember
        self._takes: list[ViewDraft] = []
        self._enhanced: list[ViewDraft] = []
        self._gates: dict[str, ViewDraft] = {}
        self._versions: list[ViewDraft] = []
        self._spent: list[ViewDraft] = []  # by answers of table reads
        self._segments: list[ViewDraft] = []  # and the bibles beside them
        self._named: dict[str, int] = {}

    def add(self, event: Event) -> None:
        fact = fact_of(event)
        if event.doc == self.project.stream:
            self.project.fold([fact])
        elif event.doc == self.continuity.stream:
            self.continuity.fold([fact])
        elif event.doc == self.graph.stream:
            self.graph.fold([fact])
        elif event.doc.startswith("@scene:"):
            self._scene(event.doc.removeprefix("@scene:"), fact)

    def _scene(self, id: str, fact: Fact) -> None:
        scene = self.scenes.setdefault(id, SceneActor(self.home, id))
        scene.fold([fact])
        if fact.type == "version.named":
            self._version(id, fact)
        elif fact.type == "segment.appended":
            self._segments.append(segment_view(self.home, id, fact.data))
        elif fact.type == "bible.written":
            self._segments.append(bible_view(id, self.home, fact.data))
        elif fact.type == "table.answered":
            told = fact.data
            self._spent += table_views.spend_row(self.home, id, told["line"], told["at_ms"], told["how"])
        elif fact.type == reporting.SEEN:
            self._takes = [reporting.seen_after(view, fact.data) for view in self._takes]
        elif fact.type == "job.created":
            self.jobs[fact.data["job"]] = id, Job.from_dict(fact.data["request"])
        elif fact.type.startswith("job."):
            job = self.jobs[fact.data["job"]][1]
            job.apply(fact.type, fact.data)
            if fact.type == "job.script_ready":
                self._enhanced += enhancement_views(self.home, id, job, fact.at_ms)
            if fact.type in GATE_EVENTS:
                self._gates[job.id] = gate_view(self.home, id, job, fact.at_ms)
            if fact.type == "job.final_ready":
                self._takes.append(take_view(self.home, id, job, fact.at_ms))

    def _version(self, scene: str, fact: Fact) -> None:
        data, before = fact.data, self._named.get(scene, 0)
        self._named[scene] = before + 1
        body = VersionView(
            id=data["id"],
            scene=scene,
            project=self.home,
            name=data["name"],
            at=data["at"] or fact.seq,
            author=data["by"],
            author_name=data.get("shown_as", ""),  # older events do not say
            created_at_ms=fact.at_ms,
        )
        self._versions.append(ViewDraft("version", body.id, scene, f"{before:08d}", body))

    def views(self, texts: Mapping[str, str]) -> Iterator[ViewDraft]:
        """`texts`: the script of each scene. Access links are left to whoever has them."""
        yield self.project.view()
        yield from styles.views(self.project)
        yield from repairs.views(self.project)
        for id in self.project.scenes:
            yield self._scene_view(id, texts.get(id, ""))
        for scene, job in self.jobs.values():
            yield job_view(self.home, scene, job)
            yield open_job_view(scene, job)
        yield from self._enhanced
        yield from self._gates.values()
        yield from self._takes
        yield from self._versions
        yield from self._segments
        yield from self._spent
        for id, actor in self.scenes.items():
            yield from table_views.rows(self.home, id, actor.table)
        yield from self.graph.rows()
        for id, findings in self.continuity.findings.items():
            yield ViewDraft("findings", id, self.home, id, FindingsView(id, self.home, findings))
        yield from by_hand.views(self.continuity)

    def _scene_view(self, id: str, script: str) -> ViewDraft:
        scene, known = self.scenes.get(id) or SceneActor(self.home, id), self.project.scenes[id]
        body = SceneView(
            id=id,
            project=self.home,
            heading=heading_words(script[:HEADING_READ_CHARS]) or known.heading,
            script=script,
            status=scene.status,
            bible_version=scene.bible_version,
            revision="0",
            created_at_ms=known.created_at_ms,
            thumbnail_key=scene.thumbnail_key,
            brain=scene.brain,
            format=scene.format,
        )
        return ViewDraft("scene", id, self.home, known.order, body)

    def live(self, texts: Mapping[str, str]) -> Iterator[Op]:
        """What the `live` document shows of all this."""
        for id in self.project.scenes:
            body = self._scene_view(id, texts.get(id, "")).body
            assert isinstance(body, SceneView), "the view of a scene"
            yield SetKey("scenes", id, live_scene(body.heading, body.status, body.thumbnail_key))
            scene = self.scenes.get(id)
            if scene is not None and scene.table.moves:
                yield table_views.live_value(id, scene.table)
            ended = [job for job in scene.jobs.values() if not job.live] if scene is not None else []
            for job in ended[-LIVE_JOBS_KEPT:]:
                yield SetKey("jobs", job.id, live_job(id, job, None))
        for id, findings in self.continuity.findings.items():
            yield SetKey("findings", id, list(findings))
