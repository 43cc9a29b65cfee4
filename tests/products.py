"""All that is made of a session's log offline, and whether it is right, whatever became of it."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from analysis.batch.exporting import Export, export_study
from analysis.batch.products import KINDS
from analysis.bids_validator import validate
from analysis.film import Film, write_video
from analysis.replay import verify
from analysis.report.session import session_report
from analysis.report.study import Sources, study_report
from analysis.show import contact_sheet
from analysis.tables import step_rows
from experiment.readlog import SessionLog
from experiment.study import open_study
from tests.video import decoded, distance

_FPS = 2.0  # of the video


def check_products(
    folder: Path, log: SessionLog, out: Path, *, told: str, differences: int = 0
) -> None:
    """Make all that is made of the one log of a study, and look whether it is right.

    Parameters
    ----------
    folder : Path
        Of the study.
    log : SessionLog
    out : Path
        Where products go.
    told : str
        What the session's report must tell.
    differences : int
        How many there must be between the log and its plan: planned markers that were not sent.
    """
    assert len(verify(log).differences) == differences
    study = open_study(folder)
    done = export_study(Export(study, {kind: out / kind for kind in KINDS}))
    assert done.broken == []
    found = validate(out / "bids")
    assert (found.errors, found.warnings) == ((), ())
    for name in ("pulse", "step"):
        assert len(_rows(out / "tables" / f"{name}s.tsv")) == len(list(log.of(name)))
    _check_designs(log, out)
    assert told in session_report(log, with_notes=False)
    assert "Study report from 1 log" in study_report(study, Sources(rehearsals=True))
    kit = study.kit_folder("012")
    assert contact_sheet(log, kit).std() > 0  # something is drawn on it
    if shutil.which("ffmpeg") is not None:  # `make faults` installs it
        _check_video(Film(log, kit), kit / f"{log.file.stem}.mp4")


def _check_designs(log: SessionLog, out: Path) -> None:
    """Make sure that all three forms are told each message and question that came to its end."""
    onsets = [
        row.onset
        for row in step_rows(log)
        if row.trial is not None and row.screen in ("message", "scale") and row.duration is not None
    ]
    nilearn = [row for file in (out / "nilearn").rglob("*_events.tsv") for row in _rows(file)]
    fsl = [np.loadtxt(file, ndmin=2)[:, 0] for file in (out / "fsl").rglob("*.txt")]
    spm = [cell for file in (out / "spm").rglob("*.mat") for cell in loadmat(file)["onsets"][0]]
    for told in ([float(row["onset"]) for row in nilearn], _flat(fsl), _flat(spm)):
        assert sorted(told) == pytest.approx(onsets, abs=1e-6)


def _check_video(film: Film, file: Path) -> None:
    """Make sure that each frame of a session's video is what was on its screen then."""
    write_video(film, file, fps=_FPS)
    frames = decoded(file, film.size_px)
    assert len(frames) == round((film.end - film.begin) * _FPS)
    for number, frame in enumerate(frames):
        assert distance(frame, film.frame_at(film.begin + number / _FPS)) < 4.0, number


def _flat(arrays: Sequence[np.ndarray]) -> list[float]:
    return [float(one) for array in arrays for one in array.ravel()]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))
