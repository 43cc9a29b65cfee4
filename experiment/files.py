"""Writing files so that nothing is ever half-written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def write_whole(file: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file beside its place, sync it, and put it in place in one move.

    Parameters
    ----------
    file : Path
        Its folder must exist.
    content : str or bytes
        Text is written as UTF-8.
    mode : int
        Permissions of the new file.
    """
    with _written_beside(file, content, mode) as beside:
        beside.replace(file)


def write_new(file: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file that must not exist yet; whoever sees it sees all of it.

    Parameters
    ----------
    file : Path
        Its folder must exist.
    content : str or bytes
        Text is written as UTF-8.
    mode : int
        Permissions of the new file.

    Raises
    ------
    FileExistsError
        If it exists; it is left as it is.
    """
    with _written_beside(file, content, mode) as beside:
        try:
            os.link(beside, file)  # unlike a move, this never replaces anything
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if file.exists():
                raise FileExistsError(file) from None
            beside.rename(file)


@contextmanager
def _written_beside(file: Path, content: str | bytes, mode: int) -> Iterator[Path]:
    """Give a synced file in the same folder, which is gone afterwards if it wasn't moved."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def canonical(value: Mapping[str, Any] | list[Any]) -> str:
    """Return JSON that is the same for the same data: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
