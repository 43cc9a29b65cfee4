"""Values in texts that run from right to left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ISOLATE, _RIGHT_TO_LEFT, _END = "\u2068", "\u2067", "\u2069"


def fill(text: str, values: Mapping[str, Any], *, rtl: bool) -> str:
    """Fill a text's braces in.

    Values are isolated where the text runs from right to left: a path or a date in it would
    otherwise take the words beside it along.

    Parameters
    ----------
    text : str
        With ``{names}`` in braces.
    values : mapping
        By name. Numbers may have a format in the text, and need no isolation.
    rtl : bool
        Whether the text runs from right to left.
    """
    if not rtl:
        return text.format(**values)
    return text.format(**{name: _isolated(value) for name, value in values.items()})


def _isolated(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    # A text that was filled in itself has its direction; its first letter, by which a plain isolate
    # goes, is not looked for inside of isolates, so that a list would run from left to right.
    start = _RIGHT_TO_LEFT if _END in str(value) else _ISOLATE
    return f"{start}{value}{_END}"
