"""Writing files so that nothing is ever half-written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
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
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def canonical(value: Mapping[str, Any] | list[Any]) -> str:
    """Return JSON that is the same for the same data: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
