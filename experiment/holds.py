"""What is shown while no step is: the calm screen of a hold, and the last one of who stopped.

Keys, pulses, devices and faults are looked at in each of these frames as in a step's.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from experiment.clock import Clock
from experiment.display import Display
from experiment.equipment import Log, Pulses
from experiment.errors import SessionAborted
from experiment.faults import Faults
from experiment.inputs import OPERATOR, Inputs
from experiment.said import Said, named
from experiment.screens import Closing, Screen, Waiting

STOPPED = Closing("stopped")
"""What a participant sees who asked to stop."""
PAUSED = Waiting("paused")
"""What a participant sees while the session holds."""


class Holds:
    """Holds a session until somebody goes on, or ends it kindly.

    Parameters
    ----------
    clock : Clock
    display : Display
    inputs : Inputs
    faults : Faults
    pulses : Pulses or None
    log : Log
    show : callable
        Shows a frame of a screen, given when it is to change (s, session clock; None if nobody
        knows); returns the flip's stamp.
    attended : bool
        Whether anybody can press the operator's keys; without, a hold ends the session.
    closing : float
        How long a participant who asked to stop sees the last screen (s).
    """

    def __init__(
        self,
        clock: Clock,
        display: Display,
        inputs: Inputs,
        faults: Faults,
        pulses: Pulses | None,
        log: Log,
        show: Callable[[Screen, float | None], float],
        *,
        attended: bool,
        closing: float,
    ) -> None:
        self._clock = clock
        self._display = display
        self._inputs = inputs
        self._faults = faults
        self._pulses = pulses
        self._log = log
        self._show = show
        self._attended = attended
        self._closing = closing
        self._half_frame = 0.5 / display.facts.nominal_hz

    def end_kindly(self) -> None:
        """Tell a participant who asked to stop that it is over and that somebody comes."""
        until = self._clock.now() + self._closing
        shown = False
        while self._clock.now() < until:
            self._inputs.look()
            stamp = self._show(STOPPED, until if shown else self._clock.now())
            if not shown:
                self._log.add("stop_shown", stamp)
                shown = True

    def released(self, due: float, grid: float | None) -> float:
        """Wait until a pause that began at `due` (s) is over, and return its length (s).

        In timed runs it is a multiple of the grid (s); a hold asked for meanwhile makes it longer.

        Raises
        ------
        SessionAborted, ParticipantStopped
            As for `hold`.
        """
        while True:
            self.hold()
            length = self._display.next_flip() - due
            if grid is None:
                return length
            length = math.ceil(length / grid) * grid
            while self._display.next_flip() < due + length - self._half_frame:
                self._wait_frame(due + length)
                if self._inputs.pause_asked:
                    break
            else:
                return length

    def hold(self) -> None:
        """Show the calm screen until somebody goes on.

        Raises
        ------
        SessionAborted
            If the abort keys were held, a fault stops the session, or nobody is there to go on.
        ParticipantStopped
            If the participant asked to stop.
        """
        while self._inputs.pause_asked:
            if not self._attended and self._inputs.asked_by != OPERATOR:
                fault = named("faults", self._inputs.asked_by)
                raise SessionAborted(Said("ended.alone", fault=fault))
            self._wait_frame(None)

    def _wait_frame(self, until: float | None) -> None:
        """Look at keys, pulses and faults, and show one frame of the calm screen."""
        self._inputs.look()
        if self._pulses is not None:
            self._pulses.poll()
        self._faults.look()
        self._show(PAUSED, until)
