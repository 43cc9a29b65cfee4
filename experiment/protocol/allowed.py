"""What may stand at a place of a protocol, in words: for the errors."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from experiment.yaml_files import Path_

KEY = "[key]"
"""Ends a place where the name itself is wrong, not what stands behind it."""
_BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
_A_NUMBER, _WHOLE = "a number is needed", "a whole number is needed"
_TRUTH, _MAPPING = "true or false is needed", "a mapping is needed, NAME: VALUE"
_IN_WORDS = {
    "missing": "is missing",
    "string_type": "a text is needed",
    "string_too_short": "at least {min_length} characters are needed",
    "tuple_type": "a list is needed, as [one, another]",
    "too_short": "at least {min_length} in the list, {actual_length} found",
    "too_long": "at most {max_length} in the list, {actual_length} found",
    "literal_error": "allowed are {expected}",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _A_NUMBER,
    "float_parsing": _A_NUMBER,
    "finite_number": _A_NUMBER,
}


def in_words(detail: ErrorDetails) -> str:
    """Return what pydantic says is wrong, for somebody who does not know it."""
    plain = _IN_WORDS.get(detail["type"])
    if plain is None:
        return detail["msg"].removeprefix("Value error, ")
    return plain.format(**detail.get("ctx", {}))


def needed(model: type[BaseModel], loc: Path_, kind: str) -> str | None:
    """Return what is needed at a place; None if pydantic's own words are to do.

    Parameters
    ----------
    model : type
        Of the whole file.
    loc : tuple of str or int
        The place.
    kind : str
        Pydantic's name of the error.
    """
    if kind == "missing" and loc and isinstance(loc[-1], int):
        return "one more is needed here"
    rules = [rule for _, found in _at(model, (), loc) for rule in found]
    if kind == "string_pattern_mismatch":
        patterns = [rule.pattern for rule in rules if getattr(rule, "pattern", None)]
        return _EXAMPLES.get(patterns[0]) if patterns else None
    return _range(rules) if kind in _BOUNDS else None


def fields_at(model: type[BaseModel], loc: Path_, present: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that a mapping may have.

    Parameters
    ----------
    model : type
        Of the whole file.
    loc : tuple of str or int
        The mapping's place.
    present : sequence of str
        The fields that it has: of several kinds that may stand there the likest one counts.
    """
    models = [found for found, _ in _at(model, (), loc) if _is_model(found)]
    likest = max(models, key=lambda one: len(set(present) & set(one.model_fields)), default=None)
    return () if likest is None else tuple(sorted(likest.model_fields))


_EXAMPLES = {
    r"^#[0-9a-fA-F]{6}$": "a colour is needed, such as #1f2a44",
    r"^[a-z]{2}$": "a language of two small letters is needed, such as en",
    r"^[A-Za-z0-9]+$": "a label of letters and digits is needed",
    r"^[a-z][a-z0-9_]*$": "a name of small letters, digits and _ is needed, a letter first",
}


def _range(rules: Sequence[Any]) -> str | None:
    lows: list[tuple[Any, str]] = [(rule.ge, "at least") for rule in rules if isinstance(rule, Ge)]
    lows += [(rule.gt, "above") for rule in rules if isinstance(rule, Gt)]
    highs: list[tuple[Any, str]] = [(rule.le, "at most") for rule in rules if isinstance(rule, Le)]
    highs += [(rule.lt, "below") for rule in rules if isinstance(rule, Lt)]
    # Of two rules the narrower one holds: the higher low one, and above rather than at least.
    limits = [max(lows, key=lambda one: (one[0], one[1] == "above"))] if lows else []
    limits += [min(highs, key=lambda one: (one[0], one[1] != "below"))] if highs else []
    told = " and ".join(f"{word} {value:g}" for value, word in limits)
    return f"a number is needed, {told}" if told else None


def _at(annotation: Any, rules: tuple[Any, ...], loc: Path_) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each type that may stand at a place, with its rules."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _at(args[0], (*rules, *args[1:]), loc)
    elif origin in (Union, types.UnionType):
        for member in args:
            yield from _at(member, rules, loc)
    elif not loc:
        yield annotation, list(_flat(rules))
    elif _is_model(annotation):
        field = annotation.model_fields.get(loc[0])
        if field is not None:
            yield from _at(field.annotation, tuple(field.metadata), loc[1:])
    elif origin is dict and loc[1:] == (KEY,):
        yield from _at(args[0], (), ())
    elif origin is dict:
        yield from _at(args[1], (), loc[1:])
    elif origin in (tuple, list) and isinstance(loc[0], int):
        fixed = origin is tuple and args[-1] is not Ellipsis
        if not fixed or loc[0] < len(args):
            yield from _at(args[loc[0]] if fixed else args[0], (), loc[1:])


def _flat(rules: Sequence[Any]) -> Iterator[Any]:
    for rule in rules:
        if isinstance(rule, FieldInfo):
            yield from rule.metadata
        else:
            yield rule


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
