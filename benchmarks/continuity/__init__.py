"""How right the readers of stories are, on data that nobody here wrote (`make eval-continuity`)."""
