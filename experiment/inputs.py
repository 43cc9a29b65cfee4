"""What comes in by keys, buttons and mouse: presses, and what the operator wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from experiment.answers import Action, HeldKey, Press
from experiment.clock import Clock
from experiment.display import Display
from experiment.equipment import Keys, Log
from experiment.errors import ParticipantStopped, SessionAborted
from experiment.events import KeyEvent
from experiment.marks import MarkBook
from experiment.protocol import Buttons
from experiment.said import Said, listed, named

OPERATOR = "the operator"
"""Who asked for a pause by key, and can end it by key."""


class Inputs:
    """Reads keys and mouse once a frame.

    Parameters
    ----------
    clock : Clock
    display : Display
        Has the mouse.
    keys : sequence of Keys
    buttons : Buttons
        What keys mean.
    log : Log
    book : MarkBook
        Where the operator's marks go.
    tell : callable
        Takes a line for the operator's terminal.

    Attributes
    ----------
    pause_asked : bool
        Whether the session is to hold at the next trial, or before the next run.
    asked_by : str
        Who asked for that last: a fault's name, or the operator.
    """

    def __init__(
        self,
        clock: Clock,
        display: Display,
        keys: Sequence[Keys],
        buttons: Buttons,
        log: Log,
        book: MarkBook,
        tell: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._display = display
        self._keys = keys
        self._log = log
        self._book = book
        self._tell = tell
        self._meanings = _meanings(buttons)
        self._pause_keys = set(buttons.pause)
        self._note_keys = buttons.note_keys
        self._notes = 0
        self._mark_keys = {key: name for name, key in buttons.marks.items()}
        self._abort = buttons.abort
        self._stop = buttons.stop
        self._held: dict[str, float] = {}
        self._stopping = False
        self.pause_asked = False
        self.asked_by = OPERATOR

    @property
    def pause_key(self) -> str:
        """What the operator presses to pause and to go on."""
        first, *others = sorted(self._pause_keys)
        for other in others:
            first = Said("either", some=first, one=other)
        return first

    def hold(self, fault: str) -> None:
        """Have the session hold at the next trial or run, as if the operator had asked for it."""
        if self.pause_asked:
            return
        self.pause_asked, self.asked_by = True, fault
        self._log.add("pause_asked", self._clock.now(), on=True, fault=fault)
        self._tell(Said("run.hold", fault=named("faults", fault), key=self.pause_key))

    def presses(self, held: HeldKey) -> list[Press]:
        """Return what the participant did since the last call, in order.

        Parameters
        ----------
        held : HeldKey
            Keys that are held down on a scale, which go on moving its cursor.

        Raises
        ------
        SessionAborted
            If the abort keys were held.
        ParticipantStopped
            If the participant asked to stop.
        """
        presses: list[Press] = []
        for event in sorted(self.look(), key=lambda event: event.t):
            presses += held.until(event.t)
            action = self._meanings.get(event.key)
            if not event.down:
                held.up(event.key)
            elif action is not None:
                presses.append(Press(event.t, action, event.device))
                held.down(event.key, presses[-1])
        presses += held.until(self._clock.now())
        for pointed in self._display.pointer():
            action = "pick" if pointed.released else "point"
            presses.append(Press(pointed.t, action, "mouse", pointed.point))
        return sorted(presses, key=lambda press: press.t)

    def look(self) -> list[KeyEvent]:
        """Return keys that went down or up, after the operator's own have been looked at."""
        events = []
        for event in (event for source in self._keys for event in source.poll()):
            if not event.down:
                self._held.pop(event.key, None)
                events.append(event)
                continue
            if event.key in self._held:
                continue  # the system repeats a key that is held; nobody pressed it again
            self._held[event.key] = event.t
            events.append(event)
            if event.key in self._mark_keys:
                self._book.note(self._mark_keys[event.key], event.t, "operator")
            if event.key in self._note_keys:
                self._notes += 1
                self._log.add("note_asked", event.t, n=self._notes)
                self._tell(Said("run.note", number=self._notes))
            if event.key in self._pause_keys:
                self.pause_asked, self.asked_by = not self.pause_asked, OPERATOR
                self._log.add("pause_asked", event.t, on=self.pause_asked)
                self._tell(Said("run.pause_asked" if self.pause_asked else "run.pause_over"))
        if not self._held:
            return events
        stop_at = self._stop_at()
        if stop_at is not None and self._clock.now() >= stop_at:
            self._stopping = True
            self._log.add("stop", self._clock.now())
            self._tell(Said("run.stop"))
            raise ParticipantStopped(Said("ended.asked"))
        abort_at = self._abort_at()
        if abort_at is not None and self._clock.now() >= abort_at:
            raise SessionAborted(Said("ended.keys", keys=listed(self._abort.keys, by="both")))
        return events

    def _stop_at(self) -> float | None:
        """Return when one of the participant's stop keys will have been held long enough."""
        if self._stop is None or self._stopping:
            return None
        since = sooner(*(self._held.get(key) for key in self._stop.keys))
        return None if since is None else since + self._stop.hold

    def _abort_at(self) -> float | None:
        """Return when the abort keys will have been held long enough."""
        since = [self._held.get(key) for key in self._abort.keys]
        times = [t for t in since if t is not None]
        return max(times) + self._abort.hold if len(times) == len(since) else None

    def due(self) -> float | None:
        """Return when keys that are held will have been held long enough (s), if any are."""
        return sooner(self._abort_at(), self._stop_at()) if self._held else None


def _meanings(buttons: Buttons) -> dict[str, Action]:
    table: dict[str, Action] = {}
    for action, keys in (
        ("left", buttons.left),
        ("right", buttons.right),
        ("move", buttons.move),
        ("confirm", buttons.confirm),
        ("back", buttons.back),
    ):
        table.update(dict.fromkeys(keys, action))  # type: ignore[arg-type]
    return table


def sooner(*times: float | None) -> float | None:
    """Return the earliest of some times; None stands for never."""
    return min((t for t in times if t is not None), default=None)
