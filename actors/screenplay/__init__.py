"""Screenplays as text: Fountain 1.1 taken apart and joined again, and the breakdown of a scene. No state, no I/O."""
