"""Reading YAML files so that every error can say where something stands."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import yaml

from experiment.errors import BadInput

Path_: TypeAlias = tuple[str | int, ...]


class LinedMap(dict[Any, Any]):
    """A mapping that knows on which line (from 1) each of its keys stands."""

    lines: dict[Any, int]


class LinedList(list[Any]):
    """A list that knows on which line (from 1) each of its items begins."""

    lines: list[int]


# LibYAML reads a study's files some twenty times faster than what is written in Python, and is in
# the wheels for every system; where somebody built PyYAML without it, files are read all the same.
_Fastest: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fastest):  # type: ignore[misc]  # one of two classes
    """Plain values as YAML 1.2 has them: ``no`` is a text, and ``010`` is ten."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


_PLAIN = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "0123456789"),
)
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _mapping(loader: _Loader, node: yaml.MappingNode) -> LinedMap:
    found = LinedMap()
    found.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(None, None, "this can't be a key", key_node.start_mark)
        if key in found:
            raise yaml.MarkedYAMLError(
                None, None, f"the key {key!r} stands here twice", key_node.start_mark
            )
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = key_node.start_mark.line + 1
    return found


def _listing(loader: _Loader, node: yaml.SequenceNode) -> LinedList:
    found = LinedList(loader.construct_object(item, deep=True) for item in node.value)
    found.lines = [item.start_mark.line + 1 for item in node.value]
    return found


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


for _name, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}",
        re.compile(f"^(?:{_pattern})$"),
        ["" if first == "\0" else first for first in _first],
    )
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _listing)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def read_yaml(file: Path) -> Any:
    """Read a YAML file, keeping line numbers.

    Returns
    -------
    Any
        Plain values; mappings as `LinedMap` and lists as `LinedList`.

    Raises
    ------
    BadInput
        If it is missing, is not UTF-8 or is not YAML.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file") from None
    except IsADirectoryError:
        raise BadInput(f"{file}: is a folder, a file is needed") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    try:
        return parse_yaml(text)
    except NotYaml as error:
        raise BadInput(f"{file}:{error.line}: not readable as YAML: {error}") from None


class NotYaml(Exception):
    """What is wrong with a text, which may quote it, and the `line` (from 1)."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def read_texts(file: Path) -> dict[str, str]:
    """Read a text file: nested mappings of texts, returned with dotted keys."""
    tree = read_yaml(file)
    texts: dict[str, str] = {}

    def walk(node: Any, path: Path_) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                walk(value, (*path, name))
        elif isinstance(node, str):
            texts[dotted(path)] = node.strip()
        else:
            place = f"{file}:{line_at(tree, path)}: {dotted(path) or 'file'}"
            raise BadInput(f"{place}: a text is needed, found {shown(node)}")

    walk(tree, ())
    return texts


def parse_yaml(text: str) -> Any:
    """Return what a YAML text says, as `read_yaml` does.

    Raises
    ------
    NotYaml
        If it isn't any.
    """
    control = _CONTROL.search(text.removeprefix("\ufeff"))
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise NotYaml(line, f"it holds the control character U+{ord(control[0]):04X}")
    try:
        return yaml.load(text, Loader=_Loader)  # a safe loader's child
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(*_problem(error)) from None


def _problem(error: Exception) -> tuple[int, str]:
    """Return the line and the fault of a text that isn't YAML."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return error.problem_mark.line + 1, error.problem or "not YAML"
    return 1, "not YAML"


def line_at(root: Any, path: Path_) -> int:
    """Return the line (from 1) of the deepest part of `path` that the tree has."""
    node: Any = root
    line = 1
    for part in path:
        while isinstance(node, dict) and set(node) == {"value", "source"} and part != "source":
            node = node["value"]
        if not _holds(node, part):
            break
        line = node.lines[part]
        node = node[part]
    return line


def _holds(node: Any, part: str | int) -> bool:
    if isinstance(node, LinedList):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, LinedMap) and part in node


def dotted(path: Path_) -> str:
    """Return a path as it is written in an error."""
    return ".".join(str(part) for part in path)


def shown(value: Any) -> str:
    """Return a value as an error shows it: short."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    text = repr(value)
    if len(text) <= 60:
        return text
    return "a list" if isinstance(value, list) else text[:57] + "..."
