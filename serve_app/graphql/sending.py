"""From a resolver to the owner and back: one command, and the project, scene or job it was about.

The invariant: a fault with a code becomes `userErrors`; one without is a bug and is raised.
"""

from __future__ import annotations

from dataclasses import replace

from actors.commands import Answer, Command, Envelope
from serve_app.graphql.context import Context
from serve_app.graphql.payloads import JobPayload, ProjectPayload, ScenePayload, UserError, problem
from serve_app.graphql.project_nodes import Project, Scene
from serve_app.graphql.scene_nodes import Job

Sent = Answer | list[UserError]


async def send(context: Context, home: str, target: str, key: str, command: Command) -> Sent:
    link = await context.link()
    if link is not None and hasattr(command, "by"):
        command = replace(command, by=link.label)  # type: ignore[call-arg]  # its holder has one name, whatever they say
    envelope = Envelope(home=home, target=target, principal=context.who.id, key=key, command=command)
    try:
        answer = await context.ports.commands.send(envelope)
    except Exception as error:  # noqa: BLE001 - problem() re-raises whatever carries no code
        return problem(error)
    context.ports.feed.touch(home)
    return answer


async def project_payload(context: Context, home: str, sent: Sent) -> ProjectPayload:
    if not isinstance(sent, Answer):
        return ProjectPayload(user_errors=sent)
    head = await context.ports.reader.head(home)
    found = await context.project(home)
    return ProjectPayload(project=Project.of(found[0], head) if found else None, sequence=str(sent.sequence))


async def job_payload(context: Context, job: str, sent: Sent) -> JobPayload:
    if not isinstance(sent, Answer):
        return JobPayload(user_errors=sent)
    found = await context.job(sent.ids.get("job", job))
    return JobPayload(job=Job.of(found[0]) if found else None, sequence=str(sent.sequence))


async def scene_payload(context: Context, scene: str, sent: Sent) -> ScenePayload:
    if not isinstance(sent, Answer):
        return ScenePayload(user_errors=sent)
    found = await context.scene(sent.ids.get("scene", scene))
    return ScenePayload(scene=Scene.of(found[0]) if found else None, sequence=str(sent.sequence))
