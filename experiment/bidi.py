"""Values in texts that run from right to left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ISOLATE, _END = "\u2068", "\u2069"


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
    return text.format(
        **{
            name: value if isinstance(value, int | float) else f"{_ISOLATE}{value}{_END}"
            for name, value in values.items()
        }
    )
