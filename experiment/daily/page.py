"""The page on which a participant fills in daily reports at home: one file, no server, no network.

It holds the participant's label, the days and the items; no name, no arm, nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiment.chance import dice
from experiment.daily.days import daily_of, periods_of
from experiment.daily.sent import daily_questionnaires, study_key
from experiment.errors import BadInput
from experiment.outputs import Output
from experiment.plans.questionnaire import ordered_items
from experiment.protocol import Questionnaire, worded
from experiment.protocol.questionnaire import Item, check_language, item_key
from experiment.protocol.texts import lacking
from experiment.study import Study, check_label
from experiment.yaml_files import read_texts

PAGE = Output((".html", ".htm"), mark="Kindred daily page", mode=0o600)

_TEMPLATES = Path(__file__).parent / "templates"
_RIGHT_TO_LEFT = ("ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi")
TEXTS = (
    *("title", "lead", "day", "choose_day", "no_day", "optional", "yes_missing", "missing"),
    *("progress", "save", "saved", "send", "again", "as_text", "next_day", "kept", "not_kept"),
    *("done_days", "no_script", "value_of"),
)
"""Keys of the page's own texts, below ``daily.`` in the study's text file."""
_IN_SCRIPT = ("choose_day", "no_day", "progress", "missing", "value_of")


def write_page(study: Study, participant: str, out: Path, language: str | None = None) -> None:
    """Write a participant's page.

    Parameters
    ----------
    study : Study
    participant : str
        Label.
    out : Path
        An HTML file; a daily page that is there is replaced.
    language : str or None
        The protocol's if None.

    Raises
    ------
    BadInput
        If something that it needs is missing; and as for `Output.write`.
    """
    PAGE.check(out)
    PAGE.write(out, page_for(study, participant, language))


def page_for(study: Study, participant: str, language: str | None = None) -> str:
    """Return a participant's page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    check_label("participant", participant)
    daily, _ = daily_of(study)
    language = language or study.protocol.language
    questionnaires = daily_questionnaires(study)
    for name, one in questionnaires.items():
        check_language(name, one, language)
    parts = [_part(name, one, language, study, participant) for name, one in questionnaires.items()]
    texts = _texts(study, language)
    data = {
        "study": study_key(study),
        "participant": participant,
        "language": language,
        "questionnaires": {name: one.digest for name, one in questionnaires.items()},
        "day_begins": daily.day_begins,
        "days": [
            {"day": day.isoformat(), "session": period.session}
            for period in periods_of(study, participant)
            for day in period.dates
        ],
        "items": [item["rule"] for part in parts for item in part["items"]],
        "texts": {key: texts[key] for key in _IN_SCRIPT},
    }
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        language=language,
        direction="rtl" if language in _RIGHT_TO_LEFT else "ltr",
        texts=texts,
        parts=parts,
        data=data,
    )


def _texts(study: Study, language: str) -> dict[str, str]:
    file = study.folder / "texts" / f"{language}.yaml"
    known = study.protocol.texts if language == study.protocol.language else read_texts(file)
    missing = [key for key in (f"daily.{one}" for one in TEXTS) if key not in known]
    if missing:
        raise BadInput(f"{study.folder}: {lacking(language, missing[0], 'the daily page')}")
    return {key: known[f"daily.{key}"] for key in TEXTS}


def _part(
    name: str, one: Questionnaire, language: str, study: Study, participant: str
) -> dict[str, Any]:
    """Return a questionnaire as the template shows it."""
    chance = dice(study.seed, participant, "daily", name)
    return {
        "instructions": "" if one.instructions is None else worded(one.instructions, language),
        "stem": "" if one.stem is None else worded(one.stem, language),
        "items": [_item(name, one, item, language) for item in ordered_items(one, chance)],
    }


def _item(name: str, one: Questionnaire, item: Item, language: str) -> dict[str, Any]:
    scale = one.scale_of(item)
    span = scale.range
    anchors = {place: worded(text, language) for place, text in scale.anchors_at.items()}
    return {
        "id": item_key(name, item.id),
        "text": worded(item.text, language),
        "required": one.requires(item),
        "shape": _shape(scale.continuous, anchors, span.highest - span.lowest + 1),
        "lowest": span.lowest,
        "highest": span.highest,
        "unit": " %" if scale.kind == "percent" else "",
        "points": [
            {"value": value, "label": anchors.get(value, "")}
            for value in range(span.lowest, span.highest + 1)
        ]
        if not scale.continuous
        else [],
        "ends": (anchors.get(span.lowest, ""), anchors.get(span.highest, "")),
        "anchors": list(anchors.items()),
        "rule": {
            "id": item_key(name, item.id),
            "required": one.requires(item),
            "show_if": None
            if item.show_if is None
            else {**item.show_if.model_dump(), "item": item_key(name, item.show_if.item)},
        },
    }


def _shape(continuous: bool, anchors: Mapping[int, str], positions: int) -> str:
    """Return how an item is drawn: a slider, options in words, or points in a row."""
    if continuous:
        return "slider"
    return "options" if len(anchors) == positions else "points"
