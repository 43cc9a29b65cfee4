"""Lines of the go / no-go list, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from experiment.preflight.line import Line, in_words

NewStudy = Callable[..., Path]


def told(line: Line) -> str:
    """Return verdict and words of a line, which must have both."""
    (words,) = in_words([line])
    assert words.found
    assert (words.remedy != "") >= (line.verdict == "no-go")
    return f"{line.verdict}: {words.found}"


def saying(**answers: str | None) -> Callable[[Sequence[str]], str | None]:
    return lambda command: answers.get(command[0])
