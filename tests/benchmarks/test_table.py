from __future__ import annotations

from pathlib import Path

from benchmarks.table import Row, Section, at_most, measured, write

ORDER = ["First", "Second"]


def test_a_section_takes_the_place_of_its_older_self_and_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    write([Section("Second", "quiet.", [at_most("late", 2.0, 1.0, "ms")])], file, ORDER, "By hand.")
    write([Section("First", "busy.", [Row("length", "3 min")])], file, ORDER, "By hand.")
    write([Section("Second", "quiet.", [at_most("late", 0.5, 1.0, "ms")])], file, ORDER, "By hand.")
    assert file.read_text(encoding="utf-8") == (
        "# Measured\n\nBy hand.\n\n"
        "## First\n\nbusy.\n\n| what | measured | bound | holds |\n|---|---|---|---|\n"
        "| length | 3 min |  |  |\n\n"
        "## Second\n\nquiet.\n\n| what | measured | bound | holds |\n|---|---|---|---|\n"
        "| late | 0.5 ms | at most 1 ms | yes |\n"
    )


def test_what_does_not_hold_says_so() -> None:
    section = measured("Title", lambda: [at_most("lost", 1, 0, "")])
    assert section.rows == [Row("lost", "1", "at most 0", False)]
    assert "% of that" in section.conditions
