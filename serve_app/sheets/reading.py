"""The breakdown sheet of a project as its rows in the ledger tell it: for the query, the CSV and the PDF alike.

Invariant: scripts, names and order are those of the projections, so whoever reads the same rows has the same sheet.
"""

from __future__ import annotations

import asyncio

from actors.continuity.rules import Known
from actors.continuity.sheet import SheetRow, sheet_of
from actors.views import ProjectView, SceneView
from serve_app.graphql.loaders import SCENES_MAX
from serve_app.graphql.ports import Reader


async def read_sheet(reader: Reader, project: ProjectView) -> tuple[SheetRow, ...]:
    """Some tenths of a second for a feature, on a thread."""
    rows = await reader.views("scene", home=project.id, parent=project.id, limit=SCENES_MAX)
    scripts = [(row.id, SceneView.from_blob(row.body or b"").script) for row in rows]
    cast = [Known(each["name"], tuple(project.aliases.get(each["id"], ()))) for each in project.cast]
    return await asyncio.to_thread(sheet_of, scripts, cast)
