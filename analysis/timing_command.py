"""The command that reports a session's timing, with a photodiode's recording if there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
    from analysis.timing_summary import write_timing
    from experiment.readlog import read_log

    read = read_log(log)
    with as_session_log(log):
        measure(read)
    files: tuple[Path, ...]
    if photodiode is None:
        files = write_timing(read)
    else:
        from analysis.photodiode import join, lag_table
        from experiment.files import write_whole

        joined = join(read, photodiode)
        lags = log.with_name(f"{log.stem}_photodiode.tsv")
        files = (*write_timing(read, joined), lags)
        write_whole(lags, lag_table(joined))
    print(files[0].read_text("utf-8"), end="")
    print(*(f"made: {file}" for file in files), sep="\n")
