"""Names of keys and buttons that a protocol may use.

They are PsychoPy's (`psychopy.hardware.keyboard`, release 2026.2.5), written down here so that a
protocol is checked without PsychoPy, on any machine, before the day of the scan. Some exist on one
system only; whether this machine has them is found when its keyboard is opened.
"""

from __future__ import annotations

from difflib import get_close_matches

_EVERYWHERE = """
    apostrophe backslash backspace bracketleft bracketright comma delete down end equal escape home
    lctrl left lshift minus num_add num_divide num_multiply num_subtract numlock pagedown pageup
    period return right semicolon slash space tab up
"""
_SOMEWHERE = """
    capslock function grave insert lalt lcommand less loption lwindows menu num_decimal num_enter
    num_equal pause pound quoteleft ralt rctrl rcommand roption rshift rwindows scrolllock
"""
BOX_BUTTONS = ("blue", "yellow", "green", "red")
"""Buttons of a fORP box, by their colours."""

KEY_NAMES = frozenset(
    [
        *"abcdefghijklmnopqrstuvwxyz0123456789",
        *(f"num_{digit}" for digit in range(10)),
        *(f"f{number}" for number in range(1, 20)),
        *_EVERYWHERE.split(),
        *_SOMEWHERE.split(),
        *BOX_BUTTONS,
    ]
)


def key_name(name: str) -> str:
    """Return a key's name, if it is one.

    Raises
    ------
    ValueError
        If no key has it; names those that look like it.
    """
    if name in KEY_NAMES:
        return name
    alike = get_close_matches(name.lower(), sorted(KEY_NAMES), n=3)
    hint = f"did you mean {' or '.join(alike)}?" if alike else "for example left, space, 1, f7"
    raise ValueError(f"no key is named {name!r}; {hint}")
