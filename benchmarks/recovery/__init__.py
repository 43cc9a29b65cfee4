"""Does the analysis recover the truth? Simulated studies with known effects, and with none.

``python -m benchmarks.recovery`` writes RESULTS-RECOVERY.md, docs/pictures/recovery.png and the
table in docs/analysis.md. Most studies are drawn straight from the robot's own model of ratings;
some go the whole way: sealed list, enrolment, kits, plans, sessions, logs, unblinding, tables.
`benchmarks.simulated` says what the truth is, `studies` analyses it, `rows`, `figure` and `docs`
tell what came of it.
"""
