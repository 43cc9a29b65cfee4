"""Exports of some logs, wherever they lie, through the one door of all exports."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from analysis.batch.exporting import Done, Export, export_study
from analysis.batch.products import OWN
from experiment.errors import BadInput
from experiment.notes import notes_file
from experiment.protocol import Protocol
from experiment.readlog import header_of
from experiment.study import Study, check_label


def study_of(logs: Iterable[Path], folder: Path) -> Study:
    """Make a study that has copies of these logs, each where its header says it belongs."""
    protocol = None
    for log in logs:
        where = ("unknown", "unknown")
        try:
            header = header_of(log)
            where = (
                check_label("participant", header["participant"]),
                check_label("session", header["session"]),
            )
            if protocol is None and header["seq"] == 0:
                protocol = Protocol.model_validate(header["protocol"])
        except (BadInput, KeyError):
            pass
        own = folder / "sourcedata" / f"sub-{where[0]}" / f"ses-{where[1]}"
        own.mkdir(parents=True, exist_ok=True)
        for file in filter(Path.exists, (log, notes_file(log))):
            shutil.copy2(file, own / file.name)
    assert protocol is not None, "one log at least tells its protocol"
    return Study(folder, protocol, {})


def export(logs: Iterable[Path], **folders: Path) -> Done:
    """Export some logs by kind: ``bids=``, ``tables=`` and so on."""
    return export_with(logs, folders)


def export_with(logs: Iterable[Path], folders: dict[str, Path], **options: Any) -> Done:
    """Export some logs with options of `Export`."""
    with TemporaryDirectory() as name:
        return export_study(Export(study_of(logs, Path(name)), folders, **options))


@dataclass(frozen=True)
class Told:
    """What an export told, in full."""

    left_out: tuple[str, ...]
    incomplete: tuple[str, ...]
    in_parts: tuple[str, ...]


def export_bids(logs: Iterable[Path], out: Path, *, with_notes: bool = False) -> Told:
    """Make a data set of some logs, and take away what the export keeps there for the next one."""
    done = export_with(logs, {"bids": out}, with_notes=with_notes)
    shutil.rmtree(out / OWN)
    return Told(
        (*done.broken, *done.empty.first),
        tuple(done.incomplete.first),
        tuple(done.in_parts.first),
    )
