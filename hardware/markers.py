"""The marker line: codes go out on the flip and back to 0 after the pulse width, never waiting."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from experiment.clock import Clock
from experiment.errors import HardwareError
from hardware.ports import TriggerPort
from hardware.record import Faults, Record

_RETRY = 0.5  # s between attempts to open a lost port again
_GAP = 0.001  # s at 0 between two codes, so that no device merges them

_SPARE = 0.25  # s beyond their pulses that queued markers have at the end, on a busy machine


class Echo(Protocol):
    """Who is told what is about to be sent; `hardware.echo_line.EchoLine` is one."""

    def expect(self, n: int, code: int) -> None: ...
    def withdraw(self, n: int) -> None: ...
    def let_go(self) -> None: ...
    def moved(self, port: TriggerPort) -> None: ...


class MarkerLine:
    """Sends markers over a port and leaves a record of each write and reset.

    A marker that comes while the one before it is still up is queued behind it: never merged,
    never dropped, and its record says that it was queued. Sending never waits, whatever the port
    does at that moment: a marker that comes while a reset is being written is queued as well.

    Parameters
    ----------
    port : TriggerPort
    clock : Clock
        Runs the resets, off the frame loop.
    record : Record
        Takes ``marker_sent``, ``marker_reset`` and ``fault`` events.
    reopen : callable or None
        Opens the port anew once it is lost; tried every half second, off the frame loop. Without
        it, each marker is tried on the port as it is.
    aside : callable or None
        Runs what may take a second (opening a device that has to answer); a thread of its own if
        None.
    echo : EchoLine or None
        Where the codes come back, if that is wired.
    """

    def __init__(
        self,
        port: TriggerPort,
        clock: Clock,
        record: Record,
        reopen: Callable[[], TriggerPort] | None = None,
        aside: Callable[[Callable[[], None]], None] | None = None,
        echo: Echo | None = None,
    ) -> None:
        self._port = port
        self._held: TriggerPort | None = port  # until somebody closes it
        self._clock = clock
        self._record = record
        self._reopen = reopen
        self._aside = aside or _in_a_thread
        self._echo = echo
        self._lost = False
        self._closed = threading.Event()
        self._faults = Faults(record)
        self._lock = threading.Lock()
        self._up: int | None = None  # number of the marker that is up
        self._free_at = 0.0
        self._idle = True  # nothing is up or lost: only the sender's thread may end this
        self._queue: deque[tuple[int, int, float]] = deque()  # number, code, flip
        port.reset()

    def send(self, n: int, name: str, code: int, flip: float) -> None:  # noqa: ARG002
        """Send a marker now; to be called by one thread.

        Parameters
        ----------
        n : int
            Its number in the session.
        name : str
            Its name in the protocol.
        code : int
            1-255.
        flip : float
            Stamp of the flip that it marks (s, session clock).
        """
        # Few steps and no lock before the write: they lie between the flip and the wire. The queue
        # is looked at first, as whoever takes the last one from it has ended the idle state before.
        begun = self._clock.now()
        if not self._queue and self._idle and begun >= self._free_at:
            self._idle = False
            problem = self._try(n, code)
            with self._lock:
                self._written(n, code, flip, begun, problem, queued=False)
                self._settle()
            return
        if not self._lock.acquire(blocking=False):
            # A reset is being written, or the queue. Whoever holds the lock may have looked at the
            # queue for the last time already, so somebody is asked to look again.
            self._queue.append((n, code, flip))
            self._clock.call_at(self._clock.now(), self._next)
            return
        try:
            if self._lost:
                self._fault("marker_not_sent", n, "the port is lost")
                return
            self._queue.append((n, code, flip))
            if self._up is None:
                self._clock.call_at(self._free_at, self._next)
        finally:
            self._lock.release()

    def stand_by(self, flip: float) -> None:
        """Say before a flip that a marker will be sent with it.

        The thread that will bring it down is awake in time then, and need not be woken by the frame
        loop right behind the write, just when a pseudo-terminal's far end wants to be served.

        Parameters
        ----------
        flip : float
            When the flip is expected (s, session clock).
        """
        self._clock.call_at(flip + 0.5 * self._port.pulse, _nothing)

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return self._faults.take()

    def close(self) -> None:
        """Let what is up and what is queued have its pulse, bring the lines to 0, close the port.

        What the port doesn't take in that time is a fault.
        """
        limit = self._clock.now() + (len(self._queue) + 1) * (self._port.pulse + _GAP) + _SPARE
        while self._is_sending() and self._clock.now() < limit:
            self._clock.sleep_until(self._clock.now() + _GAP)
        with self._lock:
            self._closed.set()
            for n, _, _ in self._queue:
                self._fault("marker_not_sent", n, "the session ended first")
            self._queue.clear()
            if not self._lost:
                try:
                    self._port.reset()
                except HardwareError as error:
                    self._fault("reset_failed", None, str(error))
                else:
                    if self._up is not None:
                        self._record("marker_reset", self._clock.now(), n=self._up)
            self._up = None
        self._let_go()

    def _is_sending(self) -> bool:
        """Whether a marker is up or queued; one that is just being taken from the queue counts."""
        with self._lock:
            return not self._lost and (self._up is not None or bool(self._queue))

    def _try(self, n: int, code: int) -> str | None:
        """Write a code, and return what went wrong."""
        if self._echo is not None:
            self._echo.expect(n, code)  # before: it may be back at once
        try:
            self._port.write(code)
        except HardwareError as error:
            if self._echo is not None:
                self._echo.withdraw(n)
            return str(error)
        return None

    def _written(
        self, n: int, code: int, flip: float, begun: float, problem: str | None, *, queued: bool
    ) -> None:
        """Note a write, and see to its reset."""
        if problem is not None:
            self._fault("marker_not_sent", n, problem)
            self._lose()
            return
        ended = self._clock.now()
        self._up = n
        self._clock.call_at(begun + self._port.pulse, self._reset)
        self._record(
            "marker_sent",
            flip,
            n=n,
            code=code,
            begun=round(begun, 6),
            ended=round(ended, 6),
            queued=queued,
        )

    def _settle(self) -> None:
        self._idle = self._up is None and not self._queue and not self._lost

    def _reset(self) -> None:
        with self._lock:
            n = self._up
            if n is None:
                return
            self._up = None
            try:
                self._port.reset()
            except HardwareError as error:
                self._fault("reset_failed", n, str(error))
                self._lose()
            else:
                self._record("marker_reset", self._clock.now(), n=n)
            self._free_at = self._clock.now() + _GAP
            if self._queue:
                self._clock.call_at(self._free_at, self._next)
            self._settle()

    def _next(self) -> None:
        with self._lock:
            if self._queue and self._up is None and self._clock.now() < self._free_at:
                self._clock.call_at(self._free_at, self._next)
                return
            self._idle = False
            while self._queue and self._up is None and not self._closed.is_set():
                n, code, flip = self._queue.popleft()
                if self._lost:
                    self._fault("marker_not_sent", n, "the port is lost")
                    continue
                begun = self._clock.now()
                self._written(n, code, flip, begun, self._try(n, code), queued=True)
            self._settle()

    def _lose(self) -> None:
        """Give the port up, and try to open it again until it is there or the session ends."""
        if self._reopen is None:
            return
        self._lost = True  # closed by whoever opens it anew, as that may take long
        self._fault("trigger_port_lost", None, f"{self._port.name} takes no more markers")
        self._try_again()

    def _let_go(self) -> None:
        """Close the port, once; may wait for the device, and nobody waits for that."""
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            held.close()

    def _try_again(self) -> None:
        at = self._clock.now() + _RETRY
        self._clock.call_at(at, lambda: self._aside(self._reconnect))

    def _reconnect(self) -> None:
        if self._reopen is None or self._closed.is_set():
            return
        if self._echo is not None:
            self._echo.let_go()
        self._let_go()
        try:
            port = self._reopen()  # may take its time: nobody waits for it, nor for the lock
            port.reset()
        except HardwareError:
            self._try_again()
            return
        with self._lock:
            if self._closed.is_set():
                port.close()
                return
            self._port = self._held = port
            self._lost = False
            self._settle()
        if self._echo is not None:
            self._echo.moved(port)
        self._record("trigger_port_back", self._clock.now(), name=port.name)

    def _fault(self, what: str, n: int | None, problem: str) -> None:
        self._faults.add(what, self._clock.now(), n=n, problem=problem)


def _nothing() -> None:
    """Be awake: what is due next is looked at."""


def _in_a_thread(call: Callable[[], None]) -> None:
    threading.Thread(target=call, name="reopen", daemon=True).start()
