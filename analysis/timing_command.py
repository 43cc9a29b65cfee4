"""The command that reports a session's timing, with a photodiode's recording if there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput


def timing(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="A session's log (*.jsonl).")],
    photodiode: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="Recording of the patch: columns time, value, and marker."
        ),
    ] = None,
) -> None:
    """Report a session's timing: a text and a figure beside the log."""
    from analysis.gathering import as_session_log
    from analysis.timing import measure
    from analysis.timing_summary import summary, write_timing
    from experiment.files import write_whole
    from experiment.readlog import read_log

    read = read_log(log)
    with as_session_log(log):
        measured = measure(read)
    joined = None
    if photodiode is not None:
        from analysis.photodiode import join, lag_table

        joined = join(read, photodiode)
    files: tuple[Path, ...]
    try:
        files = write_timing(read, joined)
        if joined is not None:
            files = (*files, log.with_name(f"{log.stem}_photodiode.tsv"))
            write_whole(files[-1], lag_table(joined))
    except OSError as error:  # a study on a read-only disk: what was found is told all the same
        print(summary(measured), end="")
        raise BadInput(
            f"{log.parent}: can't be written into ({error.strerror}); copy the log into a folder "
            "of your own, to have text and figure beside it"
        ) from None
    print(files[0].read_text("utf-8"), end="")
    print(*(f"made: {file}" for file in files), sep="\n")
