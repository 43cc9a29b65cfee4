"""Between frozen data and the plain data that a log line holds."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(cast(Any, kind))
    return adapter


def ready(*kinds: type) -> None:
    """Make beforehand what these data classes need, which takes some milliseconds each."""
    for kind in kinds:
        _adapter(cast(Hashable, kind))


def to_plain(value: Any) -> Any:
    """Return JSON-like data (dict, list, str, int, float, bool, None) of a data class."""
    return _adapter(cast(Hashable, type(value))).dump_python(value, mode="json")


def from_plain(kind: type[T], data: Any) -> T:
    """Return a data class made of plain data.

    Raises
    ------
    pydantic.ValidationError
        If the data isn't of that kind.
    """
    result: T = _adapter(cast(Hashable, kind)).validate_python(data)
    return result
