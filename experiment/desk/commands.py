"""The commands that the launcher runs: words for `run_session.py`, each in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiment.desk.rehearsing import PERSON, SESSION

Words = tuple[str, ...]


@dataclass(frozen=True)
class Options:
    """How sessions are run from this launcher.

    Parameters
    ----------
    robot : str or None
        Name of a robot that answers in place of a person: a rehearsal of the whole study day.
    fast, no_window : bool
        With a robot: on a virtual clock; without a window.
    window : str or None
        Window size for sessions, for example ``1280x720``, in place of the user's choice.
    port, scanner : str or None
        Port URLs in place of the study's.
    """

    robot: str | None = None
    fast: bool = False
    no_window: bool = False
    window: str | None = None
    port: str | None = None
    scanner: str | None = None


def run_words(
    study: Path,
    participant: str,
    session: str,
    options: Options,
    language: str,
    *,
    fullscreen: bool,
    answered: Sequence[str],
    task: str | None = None,
    resume: bool = False,
) -> Words:
    """Return the words that run a session, or a task of it by itself, or go on with it.

    `answered` names the questions that were answered with yes; were another to be asked by then,
    the session would not begin.
    """
    identity = "wrong" if "wrong_person" in answered else "right"
    return (
        "run",
        str(study),
        *("--participant", participant, "--session", session),
        *(("--task", task) if task is not None else ()),
        *("--identity", identity, "--desk-language", language),
        *(("--answered", ",".join(answered)) if answered else ()),
        *(("--resume",) if resume else ()),
        *_ports(options),
        *_audience(options, fullscreen=fullscreen),
    )


def check_words(
    study: Path,
    participant: str,
    session: str,
    options: Options,
    language: str,
    *,
    fullscreen: bool,
    task: str | None = None,
    resume: bool = False,
) -> Words:
    """Return the words that check before a session whether everything is as it must be."""
    return (
        "check",
        str(study),
        *("--participant", participant, "--session", session),
        *(("--task", task) if task is not None else ()),
        *("--json", "--language", language),
        *(("--resume",) if resume else ()),
        *_ports(options),
        *(("--rehearsal",) if options.robot is not None else ()),
        *(("--no-window",) if options.no_window else ()),
        *(("--fullscreen",) if fullscreen and options.window is None else ()),
    )


def practice_words(study: Path, options: Options, language: str, *, fullscreen: bool) -> Words:
    """Return the words that run the practice of a small study made for it."""
    person = ("--participant", PERSON, "--session", SESSION, "--rehearsal")
    spoken = ("--desk-language", language)
    return ("run", str(study), *person, *spoken, *_audience(options, fullscreen=fullscreen))


def dry_run_words(copy: Path, participant: str, session: str, language: str) -> Words:
    """Return the words that have a robot go through a session in a copy of the study."""
    return (
        "run",
        str(copy),
        *("--participant", participant, "--session", session),
        *("--desk-language", language),
        *("--robot", "typical", "--speed", "fast", "--no-window"),
        *("--port", "mock:", "--scanner", "mock:"),
        *("--echo", "none", "--marks", "none", "--marks-file", "none"),
    )


def _ports(options: Options) -> Words:
    port = () if options.port is None else ("--port", options.port)
    scanner = () if options.scanner is None else ("--scanner", options.scanner)
    return (*port, *scanner)


def _audience(options: Options, *, fullscreen: bool) -> Words:
    robot = () if options.robot is None else ("--robot", options.robot)
    fast = ("--speed", "fast") if options.fast else ()
    if options.no_window:
        return (*robot, *fast, "--no-window")
    if options.window is not None:
        return (*robot, *fast, "--window", options.window)
    return (*robot, *fast, *(("--fullscreen",) if fullscreen else ()))
