"""What is asked for when a session is to be run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiment.errors import BadInput


@dataclass(frozen=True)
class SessionRequest:
    """What the command line asks for.

    Parameters
    ----------
    study : Path
    participant, session : str
        Labels.
    task : str or None
        One task of the session; None for all.
    port, scanner : str or None
        Port URLs in place of the protocol's; ``none`` for no port.
    echo, marks, marks_file : str or None
        Ports of codes that come back and of PET marks, and a file of marks, in place of the
        protocol's; ``none`` for none.
    robot : str or None
        Name of a robot participant.
    size : tuple of int or None
        Window size (px) in place of the protocol's.
    fullscreen, fast, no_window : bool
    seed : int or None
        In place of the study's own.
    language : str or None
        The participant's, in place of the study's own.
    resume : bool
        Whether to go on with a session that was interrupted.
    rehearsal : bool
        Whether somebody tries it out: devices may be stand-ins, and no data come of it.
    go_anyway : str or None
        Why it begins although the list beforehand says no.
    identity : str or None
        Whether initials and colour were asked for and ``right``, or ``wrong``; None if nobody has
        asked. What was said is private, and not here.
    answered : tuple of str
        What was asked beforehand and answered with yes (`experiment.preflight.questions`);
        ``all`` for whatever is asked.
    """

    study: Path
    participant: str
    session: str
    task: str | None = None
    port: str | None = None
    scanner: str | None = None
    robot: str | None = None
    size: tuple[int, int] | None = None
    fullscreen: bool = False
    fast: bool = False
    no_window: bool = False
    seed: int | None = None
    echo: str | None = None
    marks: str | None = None
    marks_file: str | None = None
    language: str | None = None
    resume: bool = False
    rehearsal: bool = False
    go_anyway: str | None = None
    identity: Literal["right", "wrong"] | None = None
    answered: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether data are taken, of a person."""
        return self.robot is None and not self.rehearsal


def window_size(text: str | None) -> tuple[int, int] | None:
    """Return a window size written as ``1280x720``.

    Raises
    ------
    BadInput
        If it isn't written so, or is too small to read on.
    """
    if text is None:
        return None
    width, _, height = text.partition("x")
    digits = text.isascii() and width.isdecimal() and height.isdecimal()
    if not (digits and 320 <= int(width) <= 16384 and 200 <= int(height) <= 16384):
        raise BadInput(f"--window {text!r}: WIDTHxHEIGHT is needed, from 320x200 to 16384x16384")
    return int(width), int(height)
