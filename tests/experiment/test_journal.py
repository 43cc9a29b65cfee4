"""The register's file: lines that are only added, by one at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from experiment.errors import BadInput
from experiment.register import (
    RegisterBusy,
    open_register,
)
from experiment.register.changes import enrol, withdraw
from experiment.register.journal import journal_file, locked
from experiment.study import Study
from tests.experiment.drug_study import a_study, codes, on


@pytest.fixture
def study(new_study: Callable[..., Path], tmp_path: Path) -> Study:
    """A crossover whose sealed list was received."""
    return a_study(new_study, tmp_path)


def test_the_journal_says_who_and_when_in_lines_that_are_only_added(study: Study) -> None:
    file = journal_file(study.folder)
    grown = file.read_bytes()
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(2))
    withdraw(study, "012", "JD", "wants to", now=on(3))
    assert file.read_bytes().startswith(grown)
    *_, enrolled, left = map(json.loads, file.read_text("utf-8").splitlines())
    assert (enrolled["what"], enrolled["by"], enrolled["utc"][:10]) == (
        "enrolled", "MK", "2026-03-02",
    )  # fmt: skip
    assert (left["what"], left["by"], left["reason"]) == ("withdrawn", "JD", "wants to")
    assert sorted(p.name for p in file.parent.iterdir()) == [
        ".lock", "journal.jsonl", "sealed-list.json",
    ]  # fmt: skip


def test_an_edited_line_is_told_and_a_damaged_one_named(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(2))
    enrol(study, "013", "MK", levels={"sex": "male"}, now=on(2))
    file = journal_file(study.folder)
    whole = file.read_text("utf-8")
    assert open_register(study.folder).edited_at is None
    file.write_text(
        whole.replace('"by": "MK", "participant": "012"', '"by": "XX", "participant": "012"')
    )
    assert open_register(study.folder).edited_at == 2
    assert "register_edited" in codes(study, "012", "01", 3)
    enrol(study, "014", "MK", levels={"sex": "male"}, now=on(2))  # work goes on, and it stays seen
    assert open_register(study.folder).edited_at == 2
    lines = whole.splitlines(keepends=True)
    for damaged, problem in (
        (whole[:-9], ":3: cut off"),
        (lines[0] + "oops\n" + lines[2], ":2: not a line of a journal"),
        (lines[0] + lines[1].replace('"012"', "12"), ":2: participant: Input should be"),
        (lines[0] + lines[1].replace("enrolled", "enroled"), ":2: entry: Input tag"),
        (lines[0] + lines[1].replace('"utc": "2026', '"utc": "x'), ":2: no time (utc)"),
        (lines[0] + lines[1] + lines[1], ":3: participant '012' is enrolled twice"),
    ):
        file.write_text(damaged)
        with pytest.raises(BadInput) as caught:
            open_register(study.folder)
        assert str(caught.value).startswith(f"{file}{problem}")
        assert "put it back from a copy" in str(caught.value)


def test_two_assistants_at_once_lose_no_entry_and_share_no_slot(study: Study) -> None:
    def one(number: int) -> None:
        enrol(study, f"{number:03d}", "MK", levels={"sex": ("male", "female")[number % 2]})

    with ThreadPoolExecutor(6) as desks:
        list(desks.map(one, range(18)))
    register = open_register(study.folder)
    assert register.edited_at is None
    assert {p.label for p in register.participants} == {f"{n:03d}" for n in range(18)}
    assert len({p.slot for p in register.participants}) == 18


HOLD = """
import sys
from pathlib import Path
from experiment.register.journal import locked
with locked(Path(sys.argv[1]), "JD"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_who_is_kept_waiting_learns_who_holds_the_register(study: Study) -> None:
    program = [sys.executable, "-c", HOLD, str(study.folder)]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RegisterBusy) as told, locked(study.folder, "MK", patience=0.05):
            pass
        assert "in use by JD (user " in str(told.value)
        assert f"process {other.pid}) since " in str(told.value)
        other.kill()  # a process that dies holds nothing
    assert enrol(study, "012", "MK", levels={"sex": "male"})
