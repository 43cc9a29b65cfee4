"""The command that makes data sets, tables and designs of a study's logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput


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
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Many sessions: only what changed, on so many processes."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The same, on a Dask scheduler, tcp://HOST:8786."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With these: make everything again, changed or not.")
    ] = False,
) -> None:
    """Export all sessions of a study: as a BIDS data set, as tables, for FSL, SPM or nilearn."""
    from analysis.gathering import stop_at_broken
    from experiment.study import open_study

    designs = {"fsl": fsl, "spm": spm, "nilearn": nilearn}
    asked = [out for out in (bids, tables, *designs.values()) if out is not None]
    if not asked:
        raise BadInput("export: give --bids DIR, --tables DIR, --fsl DIR, --spm DIR, --nilearn DIR")
    if len({out.resolve() for out in asked}) < len(asked):
        raise BadInput("export: each needs a folder of its own")
    if parquet and tables is None:
        raise BadInput("--parquet: needs --tables DIR")
    opened = open_study(study)
    if workers is not None or scheduler is not None:
        from analysis.batch.command import export_and_tell
        from analysis.batch.exporting import Export
        from analysis.bids import check_datatype

        check_datatype(datatype)
        if parquet or any(out is not None for out in designs.values()):
            raise BadInput("--workers and --scheduler: with --bids and --tables as TSV only")
        many = Export(opened, bids, tables, with_notes=with_notes, datatype=datatype, force=force)
        export_and_tell(many, 1 if workers is None else workers, scheduler or "local")
        return
    if force:
        raise BadInput("--force: needs --workers N or --scheduler ADDRESS")
    logs = opened.logs()
    broken: dict[str, None] = {}
    if bids is not None:
        from analysis.bids import export_bids, summary
        from experiment.daily.reports import reports_of

        report = export_bids(
            logs, bids, reports_of(opened), with_notes=with_notes, datatype=datatype
        )
        print(summary(report))
        broken |= dict.fromkeys(one.reason for one in report.left_out if one.broken)
    if tables is not None:
        from analysis.study_tables import export_tables

        changes, found = export_tables(logs, tables, parquet=parquet)
        told = (*(f"left out: {one}" for one in found.broken), *found.remarks, *changes.told())
        print(*told, sep="\n")
        broken |= dict.fromkeys(found.broken)
    for form, out in designs.items():
        if out is not None:
            from analysis.designs import export_designs

            made = export_designs(form, logs, out)
            print(*made.told(), sep="\n")
            broken |= dict.fromkeys(one.reason for one in made.left_out if one.broken)
    stop_at_broken(broken)
