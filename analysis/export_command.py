"""The command that makes data sets, tables and designs of a study's logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiment.errors import BadInput

if TYPE_CHECKING:
    from experiment.study import Study


def _folder(told: str, name: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(f"--{name}", metavar="DIR", help=told)
    return option


def export(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")],
    bids: Annotated[Path | None, _folder("Folder of the BIDS data set.", "bids")] = None,
    tables: Annotated[Path | None, _folder("Folder for tables of all sessions.", "tables")] = None,
    fsl: Annotated[Path | None, _folder("Folder for FSL's three columns.", "fsl")] = None,
    spm: Annotated[Path | None, _folder("Folder for SPM's .mat files.", "spm")] = None,
    nilearn: Annotated[Path | None, _folder("Folder for nilearn's events.", "nilearn")] = None,
    datatype: Annotated[
        str, typer.Option(help="Where BIDS events go: beh, or beside images in func or pet.")
    ] = "beh",
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Each table as Parquet too, beside the TSV.")
    ] = False,
    with_notes: Annotated[
        bool, typer.Option("--with-notes", help="The operator's notes too; they may hold names.")
    ] = False,
    modulator: Annotated[
        str | None,
        typer.Option(metavar="RATING", help="With --fsl, --spm, --nilearn: modulates the events."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="The study's report too.")
    ] = None,
    arms: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For it: what unblind --all wrote.")
    ] = None,
    traits: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For it: a table of traits.")
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", help="Processes of this machine that share the work.")
    ] = 1,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Of a Dask scheduler: tcp://HOST:8786.")
    ] = "local",
    force: Annotated[
        bool, typer.Option("--force", help="Make everything again, changed or not.")
    ] = False,
) -> None:
    """Export all sessions of a study: as a BIDS data set, as tables, for FSL, SPM or nilearn.

    Only what is new or has changed since the last export into the same folders is read.
    """
    from analysis.batch.command import export_and_tell
    from analysis.batch.exporting import Export
    from experiment.study import open_study

    asked = {"bids": bids, "tables": tables, "fsl": fsl, "spm": spm, "nilearn": nilearn}
    folders = {kind: out for kind, out in asked.items() if out is not None}
    if not folders:
        raise BadInput("export: give --bids DIR, --tables DIR, --fsl DIR, --spm DIR, --nilearn DIR")
    if parquet and tables is None:
        raise BadInput("--parquet: needs --tables DIR")
    if modulator is not None and not {"fsl", "spm", "nilearn"} & set(folders):
        raise BadInput("--modulator: needs --fsl DIR, --spm DIR or --nilearn DIR")
    if report is None and (arms is not None or traits is not None):
        raise BadInput("--arms, --traits: need --report FILE.html")
    opened = open_study(study)
    export_and_tell(
        Export(
            opened,
            folders,
            with_notes=with_notes,
            datatype=datatype,
            parquet=parquet,
            modulator=modulator,
            force=force,
            facts=report is not None,
        ),
        workers,
        scheduler,
        None if report is None else _reporting(opened, report, arms, traits),
    )


def _reporting(
    study: Study, out: Path, arms: Path | None, traits: Path | None
) -> Callable[[Iterator[dict[str, Any]]], None]:
    """Return what makes the study's report of what the export kept of each log.

    What can be checked is checked before anything is exported.
    """
    from analysis.report.command import REPORT, check_arms, put_page
    from analysis.science.arms import read_arms
    from analysis.science.traits import read_traits

    REPORT.check(out)
    check_arms(study, arms, out)
    if arms is not None:
        read_arms(arms)
    if traits is not None:
        read_traits(traits)

    def make(facts: Iterator[dict[str, Any]]) -> None:
        from analysis.report.study import Sources, study_report

        put_page(study_report(study, Sources(arms, traits), facts), out)

    return make
