"""Writing what was made from logs, which can be made again at any time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from experiment.errors import KindredError

_BLOCK = 1 << 20


def put(file: Path, content: str | bytes) -> str:
    """Write a file in one move if it is new or different.

    Returns
    -------
    str
        ``new``, ``changed`` or ``unchanged``.

    Raises
    ------
    KindredError
        If it can't be written.
    """
    data = content.encode() if isinstance(content, str) else content
    return put_stream(file, lambda stream: stream.write(data))


def put_stream(file: Path, write: Callable[[IO[bytes]], object]) -> str:
    """Write a file of any length in one move if it is new or different, as `put` does.

    It is not synced, as what is written when it can't be made again: after a power cut an export
    finds whatever is missing or of another size, and makes it again.

    Parameters
    ----------
    file : Path
    write : callable
        Takes a binary stream.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as stream:
                write(stream)
            became = "new"
            if file.exists():
                if _same(beside, file):
                    return "unchanged"
                became = "changed"
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise KindredError(f"{file}: can't be written ({error.strerror})") from None
    return became


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(_BLOCK):
            if block != b.read(_BLOCK):
                return False
    return True
