from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from analysis import tables
from analysis.batch.exporting import Done
from analysis.batch.products import OWN
from analysis.bids_events import EventRow
from analysis.designs import conditions_of, spm_files
from experiment.errors import BadInput
from experiment.readlog import Event, SessionLog, read_log
from tests.exports import export_with

RUN = "sub-012/ses-01/sub-012_ses-01_task-messages_run-01"
Rewrite = Callable[[SessionLog, list[Event], Path], Path]
CONDITIONS = ("message_kind", "message_stranger", "rating_kind", "rating_stranger")


def export_designs(form: str, logs: list[Path], out: Path, modulator: str | None = None) -> Done:
    return export_with(logs, {form: out}, modulator=modulator)


def made(out: Path) -> dict[Path, tuple[bytes, int]]:
    files = (file for file in out.rglob("*") if file.is_file() and OWN not in file.parts)
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def expected(log: Path) -> dict[str, list[tuple[float, float]]]:
    """What was shown, from the table of screens."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CONDITIONS}
    for row in tables.step_rows(read_log(log)):
        if row.trial is not None and row.screen in ("message", "scale"):
            kind = "message" if row.screen == "message" else "rating"
            assert row.onset is not None
            assert row.duration is not None
            found[f"{kind}_{row.condition}"].append((row.onset, row.duration))
    return found


def test_fsl_has_three_columns_for_each_condition(logs: dict[str, Path], tmp_path: Path) -> None:
    export_designs("fsl", [logs["01"]], tmp_path / "fsl")
    files = sorted((tmp_path / "fsl").rglob("*.txt"))
    assert [file.name for file in files] == [f"{Path(RUN).name}_{c}.txt" for c in CONDITIONS]
    for file, (_, events) in zip(files, expected(logs["01"]).items(), strict=True):
        read = np.loadtxt(file, ndmin=2)
        assert read[:, :2] == pytest.approx(np.array(events), abs=1e-6)
        assert set(read[:, 2]) == {1.0}


def test_spm_reads_cells_of_names_onsets_and_durations(
    logs: dict[str, Path], tmp_path: Path
) -> None:
    export_designs("spm", [logs["01"]], tmp_path / "spm")
    read = loadmat(tmp_path / "spm" / f"{RUN}.mat")
    assert [str(name[0]) for name in read["names"][0]] == list(CONDITIONS)
    for place, events in enumerate(expected(logs["01"]).values()):
        onsets, durations = np.array(events).T
        assert read["onsets"][0, place] == pytest.approx(onsets[None, :], abs=1e-6)
        assert read["durations"][0, place] == pytest.approx(durations[None, :], abs=1e-6)


def test_nilearn_gets_its_three_columns_in_order(logs: dict[str, Path], tmp_path: Path) -> None:
    export_designs("nilearn", [logs["01"]], tmp_path / "nilearn")
    lines = (tmp_path / "nilearn" / f"{RUN}_events.tsv").read_text("utf-8").splitlines()
    assert lines[0].split("\t") == ["onset", "duration", "trial_type"]
    rows = [line.split("\t") for line in lines[1:]]
    onsets = [float(row[0]) for row in rows]
    assert onsets == sorted(onsets)
    assert {row[2] for row in rows} == set(CONDITIONS)
    assert len(rows) == sum(map(len, expected(logs["01"]).values()))


@pytest.mark.parametrize("form", ["fsl", "spm", "nilearn"])
def test_an_export_is_repeatable_and_says_what_changed(
    form: str, logs: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / form
    first = export_designs(form, [logs["01"], logs["02"]], out)
    before = made(out)
    assert first.new == len(before)
    again = export_with([logs["02"], logs["01"]], {form: out}, force=True)
    assert (again.new, again.changed.count, again.removed.count) == (0, 0, 0)
    assert made(out) == before
    edited = next(file for file in before if "ses-01" in file.name)
    edited.write_bytes(b"edited")
    fewer = export_designs(form, [logs["01"]], out)
    assert fewer.changed.first == [edited.relative_to(out).as_posix()]
    assert all("ses-02" in name for name in fewer.removed.first)
    assert not [f for f in made(out) if "ses-02" in f.name]
    assert f" {fewer.removed.count} removed" in fewer.told()[-1]


def test_a_session_cut_short_gives_what_ended_and_says_so(
    logs: dict[str, Path], tmp_path: Path, rewrite: Rewrite
) -> None:
    log = read_log(logs["01"])
    steps = tables.step_rows(log)
    third = next(row.n for row in steps if row.trial == 3 and row.screen == "message")
    shown = next(e["seq"] for e in log.of("onset") if e["n"] == third)
    cut = rewrite(log, list(log.events[:shown]), tmp_path / "cut.jsonl")
    told = export_designs("fsl", [cut], tmp_path / "fsl").told()
    assert any("cut short: the session crashed" in line for line in told)
    assert any("1 events without an end are left out" in line for line in told)
    lines = [f.read_text().splitlines() for f in (tmp_path / "fsl").rglob("*-01_message_*.txt")]
    assert sum(map(len, lines)) == 2


def test_a_folder_of_somebody_else_s_is_left_alone(logs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"years")
    with pytest.raises(BadInput, match="give a new folder"):
        export_designs("fsl", [logs["01"]], tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.docx"]


# --- modulated by a rating ------------------------------------------------------------------------


def answers(log: Path) -> dict[str, list[tuple[float, float, float]]]:
    """Onset and duration of each message, and its rating less the condition's mean."""
    read = read_log(log)
    rated = {
        row.trial: float(row.value)
        for row in tables.rating_rows(read)
        if row.rating == "connection" and row.confirmed and row.value is not None
    }
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row in tables.step_rows(read):
        if row.screen == "message" and row.trial in rated:
            assert row.onset is not None
            assert row.duration is not None
            shown = (row.onset, row.duration, rated[row.trial])
            found.setdefault(f"message_{row.condition}", []).append(shown)
    return {
        name: [(*event[:2], event[2] - np.mean([e[2] for e in events])) for event in events]
        for name, events in found.items()
        if len({event[2] for event in events}) > 1
    }


def test_a_rating_modulates_what_was_rated(logs: dict[str, Path], tmp_path: Path) -> None:
    wanted = answers(logs["02"])
    assert wanted, "the robot's ratings differ"
    stem = "sub-012/ses-02/sub-012_ses-02_task-messageslab_run-01"
    for form in ("fsl", "spm", "nilearn"):
        export_designs(form, [logs["02"]], tmp_path / form, "connection")
    found = {f.name for f in (tmp_path / "fsl").rglob("*_x_connection.txt")}
    assert found == {f"{Path(stem).name}_{name}_x_connection.txt" for name in wanted}
    read = loadmat(tmp_path / "spm" / f"{stem}.mat")
    names = [str(name[0]) for name in read["names"][0]]
    events = csv.DictReader(
        (tmp_path / "nilearn" / f"{stem}_events.tsv").read_text("utf-8").splitlines(),
        delimiter="\t",
    )
    rows = list(events)
    for name, expected_rows in wanted.items():
        fsl = np.loadtxt(tmp_path / "fsl" / f"{stem}_{name}_x_connection.txt", ndmin=2)
        assert fsl == pytest.approx(np.array(expected_rows), abs=1e-6)
        assert fsl[:, 2].sum() == pytest.approx(0.0, abs=1e-5)
        pmod = read["pmod"][0, names.index(name)]
        assert str(pmod["name"][0, 0][0]) == "connection"
        assert pmod["param"][0, 0].ravel() == pytest.approx([row[2] for row in expected_rows])
        assert pmod["poly"][0, 0] == 1
        own = [row for row in rows if row["trial_type"] == f"{name}_x_connection"]
        assert [float(row["modulation"]) for row in own] == pytest.approx(
            [row[2] for row in expected_rows], abs=1e-6
        )
    for place, name in enumerate(names):
        assert name in wanted or read["pmod"][0, place]["name"].size == 0
    plain = [row for row in rows if not row["trial_type"].endswith("_x_connection")]
    assert {row["modulation"] for row in plain} == {"1.000000"}
    assert all(row[column] for row in rows for column in ("onset", "duration", "trial_type"))


def test_an_answer_that_is_missing_is_the_mean_and_equal_ones_modulate_nothing() -> None:
    rows: list[EventRow] = []
    for trial, value in enumerate([2, 6, None], start=1):
        at = 10.0 * trial
        rows += [
            {"onset": at, "duration": 5.0, "trial_type": "message", "trial": trial},
            {
                "onset": at + 5,
                "duration": 2.0,
                "trial_type": "rating",
                "trial": trial,
                "rating": "warmth",
                "rating_value": value,
                "confirmed": value is not None,
            },
        ]
    conditions, _ = conditions_of(rows, "warmth")
    assert conditions["message"].modulation == [-2.0, 2.0, None]
    assert conditions["rating"].modulation is None
    assert [row[2] for row in conditions["message"].modulated] == [-2.0, 2.0]
    ((_, content),) = spm_files("run", conditions, "warmth")
    assert isinstance(content, bytes)
    read = loadmat(io.BytesIO(content))
    assert read["pmod"][0, 0]["param"][0, 0].ravel() == pytest.approx([-2.0, 2.0, 0.0])
    same, _ = conditions_of([{**row, "rating_value": 4} for row in rows], "warmth")
    assert same["message"].modulation is None
    assert conditions_of(rows, "goodness")[0]["message"].modulation is None


def test_only_a_rating_of_the_study_can_modulate(logs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no rating of this study; allowed are connection"):
        export_designs("fsl", [logs["01"]], tmp_path / "fsl", "mood")
