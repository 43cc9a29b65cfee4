"""Keys with stamps of their own, through Psychtoolbox's queue.

The queue is filled by a thread of its own, so that a press is never lost and its stamp does not
depend on the frame at which it is read. Its clock is the wall clock: each stamp is turned into
monotonic time by its age at the moment of reading.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from experiment.clock import Clock
from experiment.errors import HardwareError
from experiment.events import KeyEvent

_SLOTS = 10_000


class KeyReader:
    """Presses and releases of the keys of interest, from every keyboard that is plugged in.

    Parameters
    ----------
    clock : Clock
    keys : collection of str
        Names (PsychoPy's) of the keys that mean something; others are not even noted.

    Raises
    ------
    HardwareError
        If no keyboard can be listened to.
    """

    def __init__(self, clock: Clock, keys: Collection[str]) -> None:
        from psychopy.hardware.keyboard import keyNames
        from psychtoolbox import GetSecs, hid

        names: Mapping[int, str] = keyNames
        self._clock = clock
        self._seconds = GetSecs
        self._names = {code: name for code, name in names.items() if name in keys}
        unknown = sorted(set(keys) - set(self._names.values()))
        if unknown:
            raise HardwareError(f"keyboard: no key is named {unknown[0]!r} on this system")
        self._queues = []
        try:
            indices, _, _ = hid.get_keyboard_indices()
            for index in indices:
                queue = hid.Keyboard(index)
                queue._create_queue(_SLOTS, win_handle=None)
                queue.queue_start()
                self._queues.append(queue)
        except (OSError, RuntimeError) as error:
            raise HardwareError(
                f"keyboard: can't be listened to ({error}); on macOS allow Input Monitoring"
            ) from None
        if not self._queues:
            raise HardwareError("keyboard: none found; plug one in")

    @property
    def count(self) -> int:
        """How many keyboards are listened to."""
        return len(self._queues)

    def poll(self) -> list[KeyEvent]:
        """Return presses and releases since the last call, in order."""
        events = []
        for queue in self._queues:
            while queue.flush(flush_type=1):
                event, _ = queue.queue_get_event()
                name = self._names.get(int(event["Keycode"]))
                if name is not None:
                    age = self._seconds() - event["Time"]
                    t = round(self._clock.now() - age, 6)
                    events.append(KeyEvent(t, name, bool(event["Pressed"]), "keyboard"))
        return sorted(events, key=lambda e: e.t)

    def close(self) -> None:
        """Stop listening."""
        for queue in self._queues:
            queue.queue_stop()
        self._queues.clear()
