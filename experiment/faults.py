"""What is done about faults, as the protocol says: stop, hold at the next trial, or go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from experiment.clock import Clock
from experiment.display import Display
from experiment.equipment import FaultSource, Log
from experiment.errors import HardwareError, SessionAborted
from experiment.inputs import Inputs
from experiment.said import Said, named


class Faults:
    """Looks at everything that can find a fault, and does what the protocol says.

    Parameters
    ----------
    clock : Clock
    display : Display
        Tells where typed keys go.
    devices : sequence of FaultSource
    inputs : Inputs
        Holds the session.
    log : Log
    policies : mapping of str to str
        ``stop``, ``hold`` or ``go_on`` by fault; those that are not in it let the session go on.
    tell : callable
        Takes a line for the operator's terminal.
    """

    def __init__(
        self,
        clock: Clock,
        display: Display,
        devices: Sequence[FaultSource],
        inputs: Inputs,
        log: Log,
        policies: Mapping[str, str],
        tell: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._display = display
        self._devices = devices
        self._inputs = inputs
        self._log = log
        self._policies = policies
        self._tell = tell
        self._focused = True
        self._stop_reason: str | None = None  # a finished run's fault for which to stop

    def heed(self, fault: str) -> None:
        """Do what the protocol says about a fault.

        Raises
        ------
        SessionAborted
            If it says to stop.
        """
        policy = self._policies.get(fault, "go_on")
        if policy == "stop":
            raise SessionAborted(Said("ended.fault", fault=named("faults", fault)))
        if policy == "hold":
            self._inputs.hold(fault)

    def look(self) -> None:
        """Do what the protocol says about new faults; called each frame."""
        self.check_failures()
        self._look_at_focus()
        for device in self._devices:
            for fault in device.faults():
                self.heed(fault)

    def settle(self) -> None:
        """Take the faults that a run's end brought to light; they are of no other run."""
        self.check_failures()
        for fault in (fault for device in self._devices for fault in device.faults()):
            policy = self._policies.get(fault, "go_on")
            name = named("faults", fault)
            self._tell(Said("run.late_fault", fault=name))
            if policy == "stop" and self._stop_reason is None:
                self._stop_reason = Said("ended.late_fault", fault=name)
            elif policy == "hold":
                self._inputs.hold(fault)

    def before_run(self) -> None:
        """Stop for what the end of the run before brought to light, and look anew.

        Raises
        ------
        SessionAborted
            If the protocol says to stop.
        """
        if self._stop_reason is not None:
            raise SessionAborted(self._stop_reason)
        self.look()

    def check_failures(self) -> None:
        """End the session if what runs beside the frame loop has failed."""
        if self._clock.failure is not None:
            raise self._clock.failure
        failure = self._log.failure
        if isinstance(failure, OSError):
            raise HardwareError(Said("ended.log", why=failure.strerror))
        if failure is not None:
            raise failure

    def _look_at_focus(self) -> None:
        """Note where typed keys go; a window that opens or moves may lose them for an instant."""
        changes = self._display.focus()
        if not changes or changes[-1][1] == self._focused:
            return
        t, self._focused = changes[-1]
        self._log.add("focus", t, on=self._focused)
        if not self._focused:  # what is typed for another window counts all the same
            self._log.add("fault", t, what="focus_lost")
            self.heed("focus_lost")
