"""The list by itself, days or minutes before a session: nothing is run, nothing is written."""

from __future__ import annotations

import sys

from experiment.clock import RealClock
from experiment.devices import wires
from experiment.errors import HardwareError
from experiment.looks import looks_of
from experiment.preflight.checks import Checks, Subject, material_lines
from experiment.preflight.line import Line
from experiment.preflight.opened import screen_facts
from experiment.preflight.screen import judge_screen
from experiment.preflight.wiring import HeardFacts, judge_buttons, judge_pulses
from experiment.protocol import Protocol
from experiment.said import words_of
from experiment.study import Study, check_label


def check_session(
    study: Study,
    participant: str,
    session: str,
    *,
    task: str | None = None,
    port: str | None = None,
    scanner: str | None = None,
    echo: str | None = None,
    marks: str | None = None,
    marks_file: str | None = None,
    listen: float = 3.0,
    window: bool = True,
    fullscreen: bool = False,
    rehearsal: bool = False,
    resume: bool = False,
) -> list[Line]:
    """Look at all that a session needs.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels.
    task : str or None
        The one that is to be run by itself; None for all that the session needs.
    port, scanner, echo, marks, marks_file : str or None
        Port URLs, and a file of marks, in place of the protocol's; ``none`` for none.
    listen : float
        How long pulses and buttons are waited for (s), if there is a scanner port.
    window : bool
        Whether to open one, to measure the display.
    fullscreen, rehearsal : bool
    resume : bool
        Whether the session is to be gone on with: a scan may be running.

    Raises
    ------
    BadInput
        If the study has no such session or task.
    """
    check_label("participant", participant)
    check_label("session", session)
    protocol = study.protocol
    plugged = wires(
        protocol,
        study.folder,
        trigger=port,
        scanner=scanner,
        echo=echo,
        marks=marks,
        marks_file=marks_file,
    )
    subject = Subject(
        study,
        participant,
        session,
        study.session_tasks(session, task),
        study.log_folder(participant, session),
        plugged,
        live=not rehearsal,
        resumed=resume,
    )
    checks = Checks(subject)
    try:
        hearing = checks.listen(listen)
        about = about_screen(protocol, fullscreen=fullscreen) if window else []
        keyboards = _keyboards(protocol) if window else None
        about += material_lines(subject)
        about += _about_inputs(hearing.result(), keyboards)
        return checks.lines(about)
    finally:
        checks.close()


def _about_inputs(heard: HeardFacts, keyboards: int | None) -> list[Line]:
    return [judge_pulses(heard), judge_buttons(heard, keyboards)]


def about_screen(protocol: Protocol, *, fullscreen: bool) -> list[Line]:
    """Return the lines about the display, from a window that is open for a moment."""
    from stimuli.window import Window, WrongRate

    clock, screen = RealClock(), protocol.screen
    try:
        display = Window(
            screen.size_px,
            screen.background,
            lambda size: looks_of(protocol, size, {}, None, None).painter,
            clock,
            screen.refresh_hz,
            fullscreen=fullscreen,
            mouse=False,
        )
    except WrongRate as error:
        rates = {"measured": error.measured_hz, "asked": error.nominal_hz}
        return [Line("refresh", "no-go", "other", rates)]
    except HardwareError as error:
        return [Line("screen_size", "no-go", "failed", {"why": words_of(error)})]
    finally:
        clock.close()
    display.close()
    return judge_screen(screen_facts(display.facts, protocol))


def _keyboards(protocol: Protocol) -> int:
    from experiment.protocol.keys import BOX_BUTTONS
    from hardware.keys import KeyReader
    from stimuli.virtual_display import display_answers

    if sys.platform.startswith("linux") and not display_answers():
        return 0  # Psychtoolbox would end the whole process
    clock = RealClock()
    try:
        reader = KeyReader(clock, protocol.devices.buttons.keys() - set(BOX_BUTTONS))
    except HardwareError:
        return 0
    finally:
        clock.close()
    count = reader.count
    reader.close()
    return count
