"""Writing what was made from logs, so that it can be made again and says what changed.

Whatever is exported is worked out in full before the first file is written. A file that is there
with the same content is not touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experiment.errors import BadInput
from experiment.files import write_whole
from experiment.study import check_writable
from experiment.version import VERSION

MANIFEST = "made_by_kindred.json"


@dataclass(frozen=True)
class Changes:
    """What became of the files of an export, by their paths in its folder.

    Parameters
    ----------
    folder : Path
    new, changed, unchanged, removed : tuple of str
        `removed` were made by an export before this one and are made no more.
    kept : tuple of str
        As `removed`, but left as they are: a log that could not be read may be theirs.
    """

    folder: Path
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def told(self) -> list[str]:
        """Return it as lines for the analyst."""
        return [
            *(f"changed: {file}" for file in self.changed),
            *(f"removed: {file}" for file in self.removed),
            *(f"not made this time, left as it is: {file}" for file in self.kept),
            f"{self.folder}: {len(self.new)} new, {len(self.changed)} changed, "
            f"{len(self.unchanged)} unchanged, {len(self.removed)} removed",
        ]


def check_own(out: Path) -> None:
    """Make sure that a folder is new, empty, or was made by an export.

    Raises
    ------
    BadInput
        If it holds anything else.
    """
    check_writable(out)
    if out.exists() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise BadInput(f"{out}: not empty, and not made by an export; give a new folder")


def put_all(files: Mapping[str, str | bytes], out: Path, *, all_read: bool) -> Changes:
    """Write the files of an export into a folder of its own.

    Parameters
    ----------
    files : mapping of str to str or bytes
        Content by path in the folder.
    out : Path
        A new or empty folder, or one of an earlier export.
    all_read : bool
        Whether every log could be read; else files that are made no more are not removed.

    Raises
    ------
    BadInput
        If `out` is anything else (nothing was written then), or can't be written into.
    """
    check_own(out)
    gone = [name for name in _made_before(out) if name not in files and (out / name).is_file()]
    manifest = json.dumps(
        {"made_by": f"Kindred {VERSION}", "files": sorted({*files, *([] if all_read else gone)})},
        indent=1,
    )
    new, changed, unchanged = put({**files, MANIFEST: manifest + "\n"}, out)
    if all_read:
        for name in gone:
            (out / name).unlink()
    own = {MANIFEST}
    return Changes(
        out,
        tuple(name for name in new if name not in own),
        tuple(name for name in changed if name not in own),
        tuple(name for name in unchanged if name not in own),
        removed=tuple(gone) if all_read else (),
        kept=() if all_read else tuple(gone),
    )


def put(
    files: Mapping[str, str | bytes], out: Path
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Write what is new or different; return what is new, changed and unchanged."""
    new: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    for name, content in files.items():
        file = out / name
        before = file.read_bytes() if file.is_file() else None
        if before == (content.encode() if isinstance(content, str) else content):
            unchanged.append(name)
            continue
        (new if before is None else changed).append(name)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, content)
        except OSError as error:
            raise BadInput(f"{file}: can't be written ({error.strerror})") from None
    return tuple(new), tuple(changed), tuple(unchanged)


def _made_before(out: Path) -> list[str]:
    try:
        names = json.loads((out / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    inside = out.resolve()
    return [
        name
        for name in names
        if isinstance(name, str) and (out / name).resolve().is_relative_to(inside)
    ]
