"""Screenplays as text: Fountain 1.1 taken apart and put back together, and the breakdown of a scene. No state, no I/O."""
