from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from analysis import tables
from analysis.designs import export_designs
from experiment.errors import BadInput
from experiment.readlog import Event, SessionLog, read_log

RUN = "sub-012/ses-01/sub-012_ses-01_task-messages_run-01"
Rewrite = Callable[[SessionLog, list[Event], Path], Path]
CONDITIONS = ("message_kind", "message_stranger", "rating_kind", "rating_stranger")


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
    before = {f: (f.read_bytes(), f.stat().st_mtime_ns) for f in out.rglob("*") if f.is_file()}
    second = export_designs(form, [logs["02"], logs["01"]], out).changes
    assert (second.new, second.changed, second.removed) == ((), (), ())
    assert set(second.unchanged) == set(first.changes.new)
    assert {
        f: (f.read_bytes(), f.stat().st_mtime_ns) for f in out.rglob("*") if f.is_file()
    } == before
    (out / second.unchanged[0]).write_bytes(b"edited")
    fewer = export_designs(form, [logs["01"]], out)
    assert fewer.changes.changed == (second.unchanged[0],)
    assert all("ses-02" in name for name in fewer.changes.removed)
    assert not [f for f in out.rglob("*ses-02*") if f.is_file()]
    assert fewer.told()[-1].endswith(f"{len(fewer.changes.removed)} removed")


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
