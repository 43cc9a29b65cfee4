"""Studies that nothing is kept of: a copy for a dry run, and a small one in which to practise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from experiment.errors import BadInput
from experiment.examples import EXAMPLE
from experiment.kit import Kit, KitMessage, Writer, save_kit
from experiment.protocol import Protocol
from experiment.said import Said
from experiment.study import Study
from experiment.yaml_files import read_texts

PERSON, SESSION = "practice", "01"
_WORDS = Path(__file__).parent / "practice"
_KEPT = ("study", "language", "screen", "devices", "scanner", "faults", "ratings")
_CODES = ("waiting", "run_start", "run_end", "fixation", "kind")
_QUESTIONS = 2


def copy_for_dry_run(study: Study, participant: str, session: str, folder: Path) -> Path:
    """Copy what a session needs, for a robot to go through it.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels. Of other participants nothing is copied, and no logs of this session.
    folder : Path
        New; made for its owner only, since the participant's kit is in it.

    Returns
    -------
    Path
        The copy's folder.
    """
    whole = {"participants", "sourcedata", "bids", "reports", "inbox"}

    def at_top(place: str, names: list[str]) -> set[str]:
        hidden = {name for name in names if name.startswith(".")}
        return hidden | (whole & set(names) if Path(place) == study.folder else set())

    try:
        folder.mkdir(mode=0o700, parents=True)
        copy = folder / "study"
        shutil.copytree(study.folder, copy, ignore=at_top)
        logs = Path("sourcedata") / f"sub-{participant}"
        for part in (Path("participants") / participant, logs):
            if (study.folder / part).is_dir():
                shutil.copytree(study.folder / part, copy / part)
        shutil.rmtree(copy / logs / f"ses-{session}", ignore_errors=True)
    except OSError as error:
        raise BadInput(Said("refused.copied", folder=folder, why=error.strerror)) from None
    return copy


def make_practice(study: Study, folder: Path) -> Path:
    """Make a study in which to try the keys: the same room and words, two invented messages.

    Nothing that belongs to a participant is in it.

    Parameters
    ----------
    study : Study
        Whose screen, buttons, language and scales are practised.
    folder : Path
        New.

    Returns
    -------
    Path
        Its folder.
    """
    place = folder / "study"
    try:
        (place / "texts").mkdir(parents=True)
        language = study.protocol.language
        _write(place / "texts" / f"{language}.yaml", _nested(_texts(study)))
        _write(place / "study.yaml", _protocol(study.protocol))
        save_kit(_kit(language), place / "participants" / PERSON / "kit")
    except OSError as error:
        raise BadInput(Said("refused.file", file=folder, why=error.strerror)) from None
    return place


def _write(file: Path, tree: dict[str, Any]) -> None:
    """Write a tree as JSON, which YAML 1.2 reads as its own."""
    file.write_text(json.dumps(tree, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _texts(study: Study) -> dict[str, str]:
    """Return the study's texts; ours in the same language where it has none of a name."""
    ours = EXAMPLE / "texts" / f"{study.protocol.language}.yaml"
    return {**(read_texts(ours) if ours.is_file() else {}), **study.protocol.texts}


def _nested(texts: dict[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, text in texts.items():
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = text
    return tree


def _protocol(protocol: Protocol) -> dict[str, Any]:
    plain = _named(protocol.model_dump(mode="json", include=set(_KEPT)))
    devices = dict.fromkeys(("trigger", "scanner", "echo", "marks", "marks_file"), "none")
    names = _asked(protocol)
    codes = (*_CODES, *(f"rate_{name}" for name in names))
    practice = {
        "kind": "messages",
        "version": "lab",
        "messages": {"kind": {"total": 2, "per_writer": 1}},
        "ratings": list(names),
        "order": {"max_same_condition": 2, "writer_twice_in_a_row": True},
        "practice": True,
        "instructions": [],
        "timing": {
            "fixation": [1.0, 1.5],
            "reading_at_least": 1.0,
            "reading_limit": "none",
            "answer_limit": "none",
            "closing": 2.0,
        },
    }
    return {
        "source": "lab default",
        **plain,
        "devices": {**plain["devices"], **devices},
        "kit": {
            "stranger_messages": "none",
            "review": "optional",
            "per_writer": {"kind": 1},
            "reading": {"words_per_minute": 200, "characters_per_minute": 260},
            "watch_list": [],
            "balance_within": 1.0,
        },
        "markers": {name: code for code, name in enumerate(codes, start=1)},
        "tasks": {"practice": practice},
        "sessions": {SESSION: {"tasks": ["practice"]}},
    }


def _asked(protocol: Protocol) -> tuple[str, ...]:
    """Return the scales to practise: those that most tasks ask, messages first."""
    specs = sorted(protocol.tasks.values(), key=lambda spec: spec.kind != "messages")
    names = dict.fromkeys(name for spec in specs for name in spec.ratings)
    return tuple(names or protocol.ratings)[:_QUESTIONS]


def _named(value: Any) -> Any:
    """Return plain data as `study.yaml` writes it: ``none`` for nothing."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return {key: _named(one) for key, one in value.items()}
    return [_named(one) for one in value] if isinstance(value, list) else value


def _kit(language: str) -> Kit:
    file = _WORDS / f"{language}.yaml"
    tag = language if file.is_file() else "en"
    texts = read_texts(_WORDS / f"{tag}.yaml")
    rows = [text for key, text in texts.items() if key.startswith("messages.")]
    return Kit(
        PERSON,
        tuple(Writer(f"w{n:02d}", f"w{n:02d}", "") for n in range(1, len(rows) + 1)),
        tuple(
            KitMessage(f"m{n:03d}", f"w{n:02d}", "kind", tag, text)
            for n, text in enumerate(rows, start=1)
        ),
    )
