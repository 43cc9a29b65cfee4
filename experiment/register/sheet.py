"""The run sheet of a session: what to do, in order, with times and boxes to tick; one page.

It says who, when and which drug kit, and never which arm. Initials and colour aren't on it: whoever
can read them off the paper does not ask for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiment.bidi import fill
from experiment.catalogue import plan_task
from experiment.choices import social_of
from experiment.errors import BadInput
from experiment.kit.for_session import open_kit, shown_before
from experiment.outputs import Output
from experiment.plans.plan import PlanInputs
from experiment.register.concerns import concerns
from experiment.register.standing import SessionStanding, Standing, standing
from experiment.register.state import Register, open_register
from experiment.said import Said, in_words
from experiment.study import Study, check_label
from experiment.yaml_files import read_yaml

_MADE_BY = "Kindred run sheet"  # in its template too
SHEET = Output((".html", ".pdf"), mark=_MADE_BY)

_HERE = Path(__file__).parent
_TEXTS = _HERE / "texts"


@dataclass(frozen=True)
class Step:
    """A line of the sheet.

    Parameters
    ----------
    name : str
        Its key in the texts.
    values : dict of str to object
        What fills it in.
    minutes : float or None
        How long it takes, where that is known better than by the texts.
    """

    name: str
    values: dict[str, object]
    minutes: float | None = None


def languages() -> tuple[str, ...]:
    """Return the languages that a sheet can be printed in."""
    return tuple(sorted(file.stem for file in _TEXTS.glob("*.yaml")))


def write_sheet(
    study: Study,
    participant: str,
    session: str,
    out: Path,
    *,
    at: dt.time | None = None,
    today: dt.date | None = None,
    language: str | None = None,
) -> list[str]:
    """Write the run sheet of a session.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels.
    out : Path
        A .html or .pdf; a run sheet that is there is replaced.
    at : datetime.time or None
        When the participant comes; None leaves the times to be filled in by hand.
    today : datetime.date or None
        Day of printing; None for now.
    language : str or None
        Of the assistant; None for English.

    Returns
    -------
    list of str
        What to tell.

    Raises
    ------
    BadInput
        If the participant isn't in the register, the study has no such session, or the file
        can't be written.
    """
    check_label("participant", participant)
    study.session_tasks(session, None)
    SHEET.check(out)
    language = language or "en"
    if language not in languages():
        raise BadInput(f"--language {language!r}: allowed are {', '.join(languages())}")
    register = open_register(study.folder)
    where = standing(study, register.participant(participant), today or dt.date.today())
    on_paper = out.suffix.lower() == ".pdf"
    html = sheet_html(study, register, where, session, at=at, language=language, on_paper=on_paper)
    content: str | bytes = html
    if on_paper:
        from stimuli.paper import pdf_of

        content = pdf_of(html, _MADE_BY)
    SHEET.write(out, content)
    return [Said("register.sheet", file=out)]


def sheet_html(
    study: Study,
    register: Register,
    where: Standing,
    session: str,
    *,
    at: dt.time | None,
    language: str,
    on_paper: bool = False,
) -> str:
    """Return the run sheet as one page of HTML, for a browser or for paper; see `write_sheet`."""
    texts: dict[str, Any] = read_yaml(_TEXTS / f"{language}.yaml")
    # A browser lays columns from right to left by itself, Qt doesn't.
    order = -1 if on_paper and texts["direction"] == "rtl" else 1
    asked = where.session(session)
    steps = list(_steps(study, where, asked, texts))
    times = _times(steps, texts, at)
    parts = [
        {
            "title": title,
            "steps": [
                _cells(texts, step, time, language)[::order]
                for step, time in zip(steps, times, strict=True)
                if texts["steps"][step.name]["part"] == part
            ],
        }
        for part, title in texts["parts"].items()
    ]
    template = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
    ).get_template("sheet.html.j2")
    return template.render(
        language=language,
        t=texts,
        study=study.protocol.study.title,
        head={
            "participant": where.participant.label,
            "session": session,
            "rows": [cells[::order] for cells in _head(texts, where, asked)],
        },
        look_at=[
            in_words(Said(f"concerns.{one.code}", **one.values), language)
            for one in concerns(register, where, session)
        ],
        parts=parts,
        blinded=bool(where.periods),
    )


def _head(
    texts: dict[str, Any], where: Standing, asked: SessionStanding
) -> list[list[tuple[str, str]]]:
    words: dict[str, str] = texts["head"]
    one, none = where.participant, words["none"]
    session = asked.session
    if asked.attempt > 1:
        session += f" ({_says(texts, words['attempt'], {'attempt': asked.attempt})})"
    day, window = words["any_day"], words["any_day"]
    if asked.period is not None:
        day = window = none
    if asked.days is not None:
        day = f"{asked.days.due}"
        window = _says(
            texts, words["window_is"], {"first": asked.days.first, "last": asked.days.last}
        )
        if asked.days.first == asked.days.last:
            window = words["that_day"]
    kit = none if asked.period is None else one.drug_kit(asked.period) or none
    rows = [
        [("participant", one.label), ("kit", kit), ("session", session)],
        [("day", day), ("window", window), ("printed", f"{where.today}")],
    ]
    # values stand apart: 001-1 below a word from right to left would be read as 1-001
    return [
        [(words[name], _says(texts, "{value}", {"value": value})) for name, value in cells]
        for cells in rows
    ]


def _steps(
    study: Study, where: Standing, asked: SessionStanding, texts: dict[str, Any]
) -> Iterator[Step]:
    one = where.participant
    base: dict[str, object] = {
        "participant": one.label,
        "session": asked.session,
    }
    yield Step("switch_on", base)
    if any(study.protocol.tasks[task].shares() for task in asked.tasks):
        yield Step("messages_ready", base)
    yield Step("check", base)
    yield Step("who", base)
    if asked.period is not None:
        yield from _drug_steps(study, where, asked, texts)
    yield Step("well", base)
    yield Step("start", base)
    for task in asked.tasks:
        seconds, said = _duration(study, where, asked.session, task, texts)
        yield Step(
            "task",
            {"task": study.task_name(task), "minutes": said},
            None if seconds is None else seconds / 60,
        )
    yield Step("last_line", base)
    if asked.period is not None:
        yield Step("doses", {**base, "period": asked.period})
    yield from _what_comes(where, asked, texts)


def _drug_steps(
    study: Study, where: Standing, asked: SessionStanding, texts: dict[str, Any]
) -> Iterator[Step]:
    design = study.protocol.design
    assert design is not None
    assert asked.period is not None
    period = where.periods[asked.period - 1]
    planned = texts["no_days"]
    if asked.days is not None and period.last_dose is not None:
        planned = min(asked.days.due, period.last_dose)
    yield Step("last_dose", {"days": planned})
    yield Step("kit_back", {"kit": period.drug_kit or texts["head"]["none"]})
    if period.drug_free_days is not None:
        yield Step("washout", {"free": period.drug_free_days, "needed": design.washout_days})


def _what_comes(where: Standing, asked: SessionStanding, texts: dict[str, Any]) -> Iterator[Step]:
    after = where.sessions[where.sessions.index(asked) + 1 :]
    if not after:
        yield Step("finished", {})
        return
    following = after[0]
    period = following.period
    if period is not None and period != asked.period and following.days is None:
        earliest = where.periods[period - 1].earliest
        yield Step("next_period", {"period": period, "earliest": earliest or texts["no_days"]})
        return
    when = texts["head"]["any_day"]
    if following.days is not None:
        when = f"{following.days.due}"
    elif period is not None:
        when = texts["no_days"]
    yield Step("next_session", {"next": following.session, "when": when})


def _duration(
    study: Study, where: Standing, session: str, task: str, texts: dict[str, Any]
) -> tuple[float | None, str]:
    """Return how long a task takes (s; None if that can't be said) and what to say of it."""
    label = where.participant.label
    try:
        social = social_of(study, label, (task,))
        _, index = open_kit(study, label, needed=bool(study.protocol.tasks[task].shares()))
        planned = plan_task(
            PlanInputs(
                study.protocol,
                task,
                index,
                session,
                label,
                study.seed,
                shown_before(study, label),
                None if social is None else social.people,
            )
        )
    except BadInput:
        return None, str(texts["kit_not_ready"])
    seconds = planned.plan.planned_duration
    if seconds is None:
        return None, str(texts["self_paced"])
    return seconds, _says(texts, texts["task_minutes"], {"minutes": round(seconds / 60) or 1})


def _times(steps: list[Step], texts: dict[str, Any], at: dt.time | None) -> list[str]:
    """Return the time of each step as ``09:30``; empty once it can't be foreseen any more."""
    if at is None:
        return ["" for _ in steps]
    minutes = [
        float(texts["steps"][step.name]["minutes"]) if step.minutes is None else step.minutes
        for step in steps
    ]
    parts = [texts["steps"][step.name]["part"] for step in steps]
    lead = sum(m for m, part in zip(minutes, parts, strict=True) if part == "before")
    now = dt.datetime.combine(dt.date(2000, 1, 2), at) - dt.timedelta(minutes=lead)
    told: list[str] = []
    known = True
    for step, length in zip(steps, minutes, strict=True):
        told.append(f"{now:%H:%M}" if known else "")
        now += dt.timedelta(minutes=length)
        known = known and not (step.name == "task" and step.minutes is None)
    return told


def _cells(
    texts: dict[str, Any], step: Step, time: str, language: str
) -> list[tuple[str, str, str]]:
    """Return class, width and text of each cell of a step's row."""
    words = texts["steps"][step.name]
    values = {
        name: in_words(value, language) if isinstance(value, str) else value
        for name, value in step.values.items()
    }
    return [
        ("time", "9%", time),
        ("box", "5%", "☐"),
        ("do", "62%", _says(texts, words["do"], values)),
        ("note", "24%", words["note"]),
    ]


def _says(texts: dict[str, Any], text: str, values: Mapping[str, object]) -> str:
    return fill(text, values, rtl=texts["direction"] == "rtl")
