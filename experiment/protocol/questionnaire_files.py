"""Reading ``questionnaires/*.yaml``: strictly, every error with its line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from experiment.errors import BadInput
from experiment.protocol.allowed import KEY, in_words, needed
from experiment.protocol.questionnaire import Questionnaire, questionnaire_file
from experiment.protocol.values import Located
from experiment.yaml_files import LinedMap, Path_, dotted, line_at, read_yaml, shown


def load_questionnaires(study: Path, tasks: Any) -> dict[str, Questionnaire]:
    """Read the questionnaires that a protocol's tasks name, as far as they are there.

    Parameters
    ----------
    study : Path
        The study's folder.
    tasks : object
        The protocol's tasks, not yet checked.

    Raises
    ------
    BadInput
        If one can't be used; names file, line, field, the value found and what is allowed.
    """
    names = {
        name
        for spec in (tasks.values() if isinstance(tasks, dict) else ())
        if isinstance(spec, dict) and isinstance(spec.get("questionnaires"), list)
        for name in spec["questionnaires"]
        if isinstance(name, str)
    }
    files = {name: questionnaire_file(study, name) for name in sorted(names)}
    return {name: read_questionnaire(file) for name, file in files.items() if file.is_file()}


def read_questionnaire(file: Path) -> Questionnaire:
    """Read one questionnaire.

    Raises
    ------
    BadInput
        If it can't be used; names file, line, field, the value found and what is allowed.
    """
    tree = read_yaml(file)
    if not isinstance(tree, LinedMap):
        raise BadInput(f"{file}:1: a questionnaire is a mapping, found {shown(tree)}")
    empty = _empty(tree, ())
    if empty is not None:
        raise BadInput(
            f"{file}:{line_at(tree, empty)}: {dotted(empty)}: nothing stands here; write a value, "
            "or take it out"
        )
    try:
        return Questionnaire.model_validate(tree)
    except ValidationError as error:
        raise BadInput(_first_problem(error, file, tree)) from None


def _empty(node: Any, path: Path_) -> Path_ | None:
    """Return the first place behind which nothing stands; None if there is none."""
    if node is None:
        return path
    below: Iterable[tuple[str | int, Any]] = ()
    if isinstance(node, dict):
        below = node.items()
    elif isinstance(node, list):
        below = enumerate(node)
    found = (_empty(value, (*path, key)) for key, value in below)
    return next((place for place in found if place is not None), None)


def _first_problem(error: ValidationError, file: Path, tree: LinedMap) -> str:
    # A key that isn't known is told first: it is why another one is missing.
    detail = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Located):
        return f"{file}:{line_at(tree, cause.loc)}: {dotted(cause.loc)}: {cause}"
    loc = _untagged(detail["loc"], tree)
    if detail["type"] == "union_tag_invalid":
        allowed = detail["ctx"]["expected_tags"].replace("'", "")
        problem = f"unknown {detail['ctx']['tag']!r}, allowed: {allowed}"
        loc = (*loc, "kind")
    elif detail["type"] == "union_tag_not_found":
        problem, loc = "is missing", (*loc, "kind")
    elif detail["type"] == "extra_forbidden":
        problem = "not permitted, no such field"
    elif detail["type"] == "missing":
        problem = in_words(detail)
    else:
        message = needed(Questionnaire, loc, detail["type"]) or in_words(detail)
        loc = loc[:-1] if loc[-1:] == (KEY,) else loc
        problem = f"{message} (found {shown(detail['input'])})"
    where = f"{dotted(loc)}: " if loc else ""
    return f"{file}:{line_at(tree, loc)}: {where}{problem}"


def _untagged(loc: Path_, tree: Any) -> Path_:
    """Drop the kinds of scales, which pydantic puts behind a scale's place."""
    kept: list[str | int] = []
    node = tree
    tagged = False  # whether the kind of this scale was dropped already
    for part in loc:
        if isinstance(node, dict) and part == node.get("kind") and not tagged:
            tagged = True
            continue
        tagged = False
        kept.append(part)
        node = _below(node, part)
    return tuple(kept)


def _below(node: Any, part: str | int) -> Any:
    try:
        return node[part]
    except (KeyError, IndexError, TypeError):
        return None
