"""Plans: every trial of a run, decided before its first frame; one module per task."""
