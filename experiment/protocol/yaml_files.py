"""Reading YAML files so that every error can say where something stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from experiment.errors import BadInput

Path_: TypeAlias = tuple[str | int, ...]


def read_yaml(file: Path) -> Any:
    """Read a YAML file, keeping line numbers.

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
        raise BadInput(f"{file}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    try:
        return YAML(typ="rt").load(text)
    except YAMLError as error:
        line, problem = _yaml_problem(error, text)
        raise BadInput(f"{file}:{line}: not readable as YAML: {problem}") from None


def _yaml_problem(error: YAMLError, text: str) -> tuple[int, str]:
    """Return the line and the fault of a text that isn't YAML."""
    if isinstance(error, ReaderError):
        place = text.find(chr(error.character)) if isinstance(error.character, int) else -1
        return (
            text.count("\n", 0, max(place, 0)) + 1,
            f"it holds the control character U+{ord(text[place]):04X}",
        )
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return error.problem_mark.line + 1, error.problem or "not YAML"
    return 1, "not YAML"


def line_at(root: Any, path: Path_) -> int:
    """Return the line (from 1) of the deepest part of `path` that the tree has."""
    node, line = root, 1
    for part in path:
        while isinstance(node, dict) and set(node) == {"value", "source"} and part != "source":
            node = node["value"]
        try:
            if isinstance(node, CommentedMap) and part in node:
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line = node.lc.item(part)[0] + 1
            else:
                break
        except (KeyError, AttributeError, TypeError):
            break
        node = node[part]
    return line


def dotted(path: Path_) -> str:
    """Return a path as it is written in an error."""
    return ".".join(str(part) for part in path)


def shown(value: Any) -> str:
    """Return a value as an error shows it: short."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
