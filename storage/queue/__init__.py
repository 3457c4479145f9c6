"""Lists of jobs and results between an installation and workers elsewhere."""
