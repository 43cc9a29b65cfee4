"""Reading many logs, where a bad one is told and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from experiment.errors import BadInput, KindredError
from experiment.readlog import SessionLog, read_log

Made = TypeVar("Made")


@dataclass(frozen=True)
class Gathered(Generic[Made]):
    """What was made of the logs that could be read.

    Parameters
    ----------
    made : tuple
        In the order of the logs.
    broken : tuple of str
        One line for each log that can't be used: its name, and why.
    remarks : tuple of str
        One line for each log that was used, though something is wrong with it.
    """

    made: tuple[Made, ...]
    broken: tuple[str, ...]
    remarks: tuple[str, ...]


def gather(logs: Iterable[Path], make: Callable[[SessionLog], Made]) -> Gathered[Made]:
    """Read logs and make something of each."""
    made: list[Made] = []
    broken: list[str] = []
    remarks: list[str] = []
    for file in dict.fromkeys(logs):
        try:
            log = read_log(file)
            with as_session_log(file):
                made.append(make(log))
        except BadInput as error:
            broken.append(str(error))
            continue
        remarks += remarks_on(log)
    return Gathered(tuple(made), tuple(broken), tuple(remarks))


@contextmanager
def as_session_log(file: Path) -> Iterator[None]:
    """Tell of a log that lacks what is looked for in it, or has it in another form.

    Raises
    ------
    BadInput
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, AssertionError) as error:
        raise BadInput(
            f"{file}: lacks what a session log of this version must have "
            f"({type(error).__name__}: {' '.join(str(error).split())[:80]}); was it edited?"
        ) from None


def remarks_on(log: SessionLog) -> list[str]:
    """Return what an analyst must know of a log before using it, a line each."""
    found = []
    if log.broken_at is not None:
        found.append(f"edited after the session, from line {log.broken_at} on")
    if log.torn:
        found.append("its last line was cut off; that line is left out")
    if log.status != "complete":
        found.append(f"the session is not complete: {log.status}")
    if log.header.get("robot") is not None:
        found.append("a rehearsal with a robot, NO DATA")
    return [f"{log.file}: {what}" for what in found]


def stop_at_broken(broken: Iterable[str]) -> None:
    """Tell of logs that were left out, once all the rest is done.

    Raises
    ------
    KindredError
        If there is any; it names the first and counts the others.
    """
    found = tuple(broken)
    if found:
        more = f" (and {len(found) - 1} more, told above)" if len(found) > 1 else ""
        raise KindredError(f"left out, all others were exported: {found[0]}{more}")
