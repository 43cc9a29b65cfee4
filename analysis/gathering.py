"""Reading many logs, where a bad one is told and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from experiment.errors import BadInput
from experiment.readlog import SessionLog, read_log

Made = TypeVar("Made")
UNFIT = (
    *(KeyError, IndexError, TypeError, AttributeError),
    *(ValueError, ArithmeticError, AssertionError),
)
"""What is raised where a log lacks something, or has what can't be: frames of 0 s."""


def made_of(
    files: Iterable[Path], make: Callable[[SessionLog], Made], tell: Callable[[Path, str], None]
) -> Iterator[Made]:
    """Yield what is made of each log that can be used.

    Parameters
    ----------
    files : iterable of Path
    make : callable
    tell : callable
        Is told each log that can't be used, and why, its name and line before it.
    """
    for file in files:
        try:
            log = read_log(file)
            with as_session_log(file):
                made = make(log)
        except BadInput as error:
            tell(file, str(error))
            continue
        yield made


@contextmanager
def as_session_log(file: Path) -> Iterator[None]:
    """Tell of a log that lacks what is looked for in it, or has it in another form.

    Raises
    ------
    BadInput
    """
    try:
        yield
    except UNFIT as error:
        raise BadInput(
            f"{file}: lacks what a session log of this version must have "
            f"({type(error).__name__}: {' '.join(str(error).split())[:80]}); was it edited?"
        ) from None


def about_edit(log: SessionLog) -> list[str]:
    """Return a line that says that a log was changed after the session; none if it wasn't."""
    if log.broken_at is None:
        return []
    return [
        f"edited        line {log.broken_at} was changed after it was written: what is told and "
        "shown from there on may not be what happened"
    ]
