"""Reading `study.yaml`: every value with its source, every error with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from experiment.errors import BadInput
from experiment.protocol.allowed import KEY, fields_at, in_words, needed
from experiment.protocol.questionnaire_files import load_questionnaires
from experiment.protocol.values import Located
from experiment.protocol.whole import Protocol
from experiment.yaml_files import LinedMap, Path_, read_texts, read_yaml
from experiment.yaml_files import dotted as _dotted
from experiment.yaml_files import line_at as _line
from experiment.yaml_files import shown as _shown

LAB_DEFAULT = "lab default"
_RATINGS = "ratings."  # begins the keys of translated wordings in a text file
_UNSOURCED = {"study", "language", "sources"}  # names, not choices of the experiment


def load_protocol(file: Path, language: str | None = None) -> tuple[Protocol, dict[str, str]]:
    """Read `study.yaml` and the study's texts.

    Parameters
    ----------
    file : Path
        The study's ``study.yaml``; ``texts/LANGUAGE.yaml`` is looked for beside it.
    language : str or None
        A participant's own language in place of the study's.

    Returns
    -------
    protocol : Protocol
        The checked protocol, texts included.
    sources : dict of str to str
        Where each value comes from: dotted path to a key of ``sources`` or ``lab default``.

    Raises
    ------
    BadInput
        If a file is missing or anything in it is wrong; names file, line, field, the value found
        and what is allowed.
    """
    tree = read_yaml(file)
    if not isinstance(tree, LinedMap):
        raise BadInput(f"{file}:1: a study file is a mapping of sections, found {_shown(tree)}")
    known = tree.get("sources") or {}
    if not isinstance(known, dict):
        raise BadInput(f"{file}:{_line(tree, ('sources',))}: sources: a mapping is needed")
    allowed = {LAB_DEFAULT, *known}
    sources: dict[str, str] = {}
    plain = _unsource(tree, file, tree, (), None, allowed, sources)
    plain.pop("sources", None)
    if language is not None:
        if not (file.parent / "texts" / f"{language}.yaml").is_file():
            raise BadInput(f"--language {language!r}: no file texts/{language}.yaml beside {file}")
        plain["language"] = language
    language = plain.get("language")
    if isinstance(language, str) and (file.parent / "texts" / f"{language}.yaml").is_file():
        plain["texts"] = read_texts(file.parent / "texts" / f"{language}.yaml")
        _translate(plain)
    elif isinstance(language, str):
        line = _line(tree, ("language",))
        there = sorted(one.stem for one in (file.parent / "texts").glob("*.yaml"))
        raise BadInput(
            f"{file}:{line}: language: no text file texts/{language}.yaml beside study.yaml"
            f"; there are: {', '.join(there) or 'none'}"
        )
    plain["questionnaires"] = load_questionnaires(file.parent, plain.get("tasks"))
    try:
        protocol = Protocol.model_validate(plain)
    except ValidationError as error:
        raise BadInput(_first_problem(error, file, tree)) from None
    strangers = protocol.kit.stranger_messages
    if strangers is not None and not (file.parent / strangers).is_file():
        line = _line(tree, ("kit", "stranger_messages"))
        raise BadInput(
            f"{file}:{line}: kit.stranger_messages: no file {strangers} beside study.yaml"
        )
    return protocol, sources


def _translate(plain: dict[str, Any]) -> None:
    """Put wordings of ratings in the study's language where its text file has them.

    A text file says under ``ratings``, for each rating, what a wording of the protocol is in its
    language. A wording that isn't there, or that has languages of its own, stays as it is.
    """
    texts: dict[str, str] = plain["texts"]
    ours = {key: texts.pop(key) for key in list(texts) if key.startswith(_RATINGS)}
    ratings = plain.get("ratings")
    for name, rating in ratings.items() if isinstance(ratings, dict) else ():
        if not isinstance(rating, dict):
            continue
        anchors = rating.get("anchors")
        for place in (rating, anchors if isinstance(anchors, dict) else {}):
            for key, wording in place.items():
                if isinstance(wording, str):
                    place[key] = ours.get(f"{_RATINGS}{name}.{wording}", wording)


def _unsource(
    node: Any,
    file: Path,
    root: LinedMap,
    path: Path_,
    inherited: str | None,
    allowed: set[str],
    sources: dict[str, str],
) -> Any:
    """Strip sources off a YAML tree and note them by path."""
    if isinstance(node, dict):
        if "source" in node:
            own = node["source"]
            if not isinstance(own, str) or own not in allowed:
                raise BadInput(
                    f"{file}:{_line(root, (*path, 'source'))}: {_dotted((*path, 'source'))}: "
                    f"unknown source {_shown(own)}, allowed: {', '.join(sorted(allowed))}"
                )
            inherited = own
        if set(node) == {"value", "source"}:
            return _unsource(node["value"], file, root, path, inherited, allowed, sources)
        plain = {}
        for key, value in node.items():
            if key == "source" or (not path and key in _UNSOURCED):
                if key != "source":
                    plain[key] = value
                continue
            plain[key] = _unsource(value, file, root, (*path, key), inherited, allowed, sources)
        return plain
    if isinstance(node, list):
        return [
            _unsource(item, file, root, (*path, i), inherited, allowed, sources)
            for i, item in enumerate(node)
        ]
    if node is None:
        raise BadInput(
            f"{file}:{_line(root, path)}: {_dotted(path)}: nothing stands here; write a value, or "
            "none where there is to be none"
        )
    if inherited is None:
        raise BadInput(
            f"{file}:{_line(root, path)}: {_dotted(path)}: no source for {_shown(node)}; write "
            f"{{value: {node}, source: ...}} with one of: {', '.join(sorted(allowed))}"
        )
    sources[_dotted(path)] = inherited
    return None if node == "none" else node


def _first_problem(error: ValidationError, file: Path, root: LinedMap) -> str:
    # A key that isn't known is told first: it is why another one is missing.
    detail = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    loc = _untagged(detail["loc"], root)
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Located):
        loc, problem = cause.loc, str(cause)
        return f"{file}:{_line(root, loc)}: {_dotted(loc)}: {problem}"
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"{file}:{_tag_problem(detail, loc, root)}"
    if detail["type"] == "extra_forbidden":
        return f"{file}:{_line(root, loc)}: {_dotted(loc)}: {_unknown_field(loc, error, root)}"
    found = "" if detail["type"] == "missing" else f" (found {_shown(detail['input'])})"
    message = needed(Protocol, loc, detail["type"]) or in_words(detail)
    loc = loc[:-1] if loc[-1:] == (KEY,) else loc
    return f"{file}:{_line(root, loc)}: {_dotted(loc)}: {message}{found}"


def _unknown_field(loc: Path_, error: ValidationError, root: LinedMap) -> str:
    """Say that a field isn't known, which ones are missing beside it, and which ones may be."""
    beside = [
        str(other["loc"][-1])
        for other in error.errors()
        if other["type"] == "missing" and _untagged(other["loc"], root)[:-1] == loc[:-1]
    ]
    missing = f"; missing here: {', '.join(beside)}" if beside else "; nothing is missing here"
    node: Any = root
    for part in loc[:-1]:
        if isinstance(node, dict) and set(node) == {"value", "source"}:
            node = node["value"]
        node = node[part]
    allowed = fields_at(Protocol, loc[:-1], list(node) if isinstance(node, dict) else [])
    may = f"; allowed: {', '.join(allowed)}" if allowed else ""
    return f"not permitted, no such field{missing}{may}"


def _tag_problem(detail: ErrorDetails, loc: Path_, root: LinedMap) -> str:
    """Return line, place and fault of a key that says which kind of thing something is."""
    key = detail["ctx"]["discriminator"].strip("'")
    where = f"{_line(root, (*loc, key))}: {_dotted((*loc, key))}: "
    if detail["type"] == "union_tag_not_found":
        return f"{where}is missing"
    allowed = detail["ctx"]["expected_tags"].replace("'", "")
    return f"{where}unknown {detail['ctx']['tag']!r}, allowed: {allowed}"


def _untagged(loc: Path_, root: LinedMap) -> Path_:
    """Drop the names of kinds and versions, which pydantic puts behind a label."""
    if loc[:1] == ("ratings",):
        return (*loc[:2], *loc[3:])
    if loc[:1] != ("tasks",):
        return loc
    task = root["tasks"].get(loc[1], {}) if len(loc) > 1 else {}
    for key in ("kind", "version"):
        if len(loc) > 2 and loc[2] == _bare(task.get(key)):
            loc = (*loc[:2], *loc[3:])
    return loc


def _bare(node: Any) -> Any:
    return node["value"] if isinstance(node, dict) and "value" in node else node
