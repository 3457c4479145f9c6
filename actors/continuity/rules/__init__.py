"""The rules of continuity, one idea a file: pure functions from what scenes tell to findings.

Precision first: a rule asks for explicit words and says nothing when unsure; each names in its docstring what it lets
pass. `between` judges a scene alone and beside the one before it; every other rule is a pack (`pack`, `packs`).
"""

from actors.continuity.rules.view import Known, Names, Premise, SceneView

__all__ = ["Known", "Names", "Premise", "SceneView"]
