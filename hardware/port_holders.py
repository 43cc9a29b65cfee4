"""Which programs have a port open, whether or not they have locked it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

PROGRAMS = Path("/proc")
"""Where Linux shows programs and the files that they have open."""


def port_holders(devices: Collection[str], programs: Path = PROGRAMS) -> dict[str, str]:
    """Return which program has a device open, of those programs that may be looked at.

    This program is none of them, nor is one that has made a pseudo-terminal: that is the device at
    its other end, and keeps this one open so that nothing hangs up.

    Parameters
    ----------
    devices : collection of str
        Paths.
    programs : Path
        Where Linux shows programs; elsewhere, nobody is seen.

    Returns
    -------
    dict of str to str
        Name and process of a program, by the device's path as given.
    """
    wanted = {os.path.realpath(device): device for device in devices}
    holders: dict[str, str] = {}
    for program in programs.glob("[0-9]*"):
        if program.name == str(os.getpid()):
            continue
        try:
            links = list(_open_files(program))
            for path in {path for _, path in links} & set(wanted):
                if not _has_made(program, path, links):
                    comm = (program / "comm").read_text().strip()
                    holders[wanted[path]] = f"{comm}, process {program.name}"
        except OSError:
            continue  # another user's, or ended meanwhile
    return holders


def _open_files(program: Path) -> Iterator[tuple[str, str]]:
    """Yield the number and the path of each file that a program has open."""
    for link in (program / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile, which says nothing of the others
            yield link.name, str(link.readlink())


def _has_made(program: Path, path: str, links: list[tuple[str, str]]) -> bool:
    """Whether a program has the other end of a pseudo-terminal open."""
    folder, _, number = path.rpartition("/")
    if folder != "/dev/pts":
        return False
    made = [name for name, target in links if target in ("/dev/ptmx", "/dev/pts/ptmx")]
    told = [(program / "fdinfo" / name).read_text() for name in made]
    return any(["tty-index:", number] == line.split() for text in told for line in text.split("\n"))
