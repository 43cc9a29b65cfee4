"""A crossover of a drug, from its sealed list on, for tests."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

from experiment.blinding.making import make_allocation, receive_allocation
from experiment.blinding.sealing import make_keys
from experiment.register import (
    Standing,
    concerns,
    open_register,
    standing,
)
from experiment.study import Study, open_study
from tests.experiment.test_design import DESIGN

START = dt.datetime(2026, 3, 1, 9, 0, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)


def on(day: int) -> Callable[[], dt.datetime]:
    """A clock that stands at noon of a day of March."""
    return lambda: START + (day - 1) * DAY


def march(day: int) -> dt.date:
    return dt.date(2026, 2, 28) + day * DAY


BOTH = (
    "[messageslab]\n    optional: [feelings, daily]",
    "[feelings, messageslab]\n    optional: [daily]",
)


def a_study(new_study: Callable[..., Path], tmp_path: Path) -> Study:
    """A crossover in two strata of ten slots or a few more, with its sealed list."""
    study = open_study(new_study(("\nkit:\n", DESIGN), kit=False))
    make_keys(tmp_path / "private.pem", tmp_path / "public.pem", None)
    sealed, packing = tmp_path / "sealed.json", tmp_path / "packing.tsv"
    arms = {"A": "naltrexone", "B": "placebo"}
    make_allocation(study, tmp_path / "public.pem", arms, sealed, packing, rehearsal=True, seed=1)
    receive_allocation(study, sealed, "PH", rehearsal=True, now=on(1))
    return study


def where(study: Study, label: str, day: int) -> Standing:
    return standing(study, open_register(study.folder).participant(label), march(day))


def codes(study: Study, label: str, session: str, day: int) -> set[str]:
    register = open_register(study.folder)
    found = concerns(register, where(study, label, day), session)
    return {str(one.code) for one in found} - {"rehearsal_allocation"}


def log_of(
    study: Study,
    label: str,
    session: str,
    *,
    done: bool,
    utc: str = "2026-03-05",
    task: str | None = None,
) -> Path:
    """Write a log as short as it can be."""
    folder = study.log_folder(label, session)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = list(study.session_tasks(session, task))
    lines: list[dict[str, object]] = [
        {"type": "header", "tasks": tasks, "utc": f"{utc}T10:00:00+00:00", "robot": None},
        *({"type": "run_end", "task": task, "run": 1} for task in tasks if done),
        {"type": "end", "status": "complete" if done else "aborted"},
    ]
    alone = "" if task is None else f"_task-{task}"
    file = folder / f"sub-{label}_ses-{session}{alone}.jsonl"
    text = "".join(
        json.dumps({**line, "digest": "0" * 16}, separators=(",", ":")) + "\n" for line in lines
    )
    file.write_text(text)
    return file
