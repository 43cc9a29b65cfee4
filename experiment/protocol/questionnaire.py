"""Questionnaires: what a file in ``questionnaires/`` says, and the task that asks them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from experiment.errors import BadInput
from experiment.files import canonical
from experiment.protocol.ratings import Hold, Wording, worded
from experiment.protocol.task import TaskSpec
from experiment.protocol.values import Label, Located, Name, Place, Seconds, Strict, Whole
from experiment.screens import Repeat, ScaleRange

if TYPE_CHECKING:
    from experiment.protocol.whole import Protocol

FILL_IN = "FILL IN"
"""Stands in a template where a lab has to put an item's own words."""
_SHUFFLED = "needs the items in a fixed order, and they are shuffled"
_SLIDE = Hold(after=0.4, sweep=4.0)  # s; lab default

Answers: TypeAlias = Mapping[str, int | None]
"""Answers so far by item; None where an item was left out."""


class _AnswerScale(Strict, ABC):
    """What all ways to answer share."""

    kind: str

    @property
    @abstractmethod
    def range(self) -> ScaleRange:
        """Which answers there are."""

    @property
    @abstractmethod
    def anchors_at(self) -> dict[int, str | dict[str, str]]:
        """What stands at positions: all options, or a line's anchors."""

    @property
    def listed(self) -> bool:
        """Whether it is a list of options rather than a line."""
        return False

    @property
    def continuous(self) -> bool:
        """Whether it is a line without points."""
        return False

    @property
    def reading(self) -> str:
        """How the answer is read out above the mark, with ``{position}`` in it; empty if not."""
        return ""


class _OnLine(_AnswerScale, ABC):
    """A line with anchors."""

    anchors: dict[Place, Wording] = Field(min_length=2)

    @property
    def anchors_at(self) -> dict[int, str | dict[str, str]]:
        return dict(sorted(self.anchors.items()))

    @model_validator(mode="after")
    def _anchors_on_it(self) -> _OnLine:
        low, high = self.range.lowest, self.range.highest
        off = [place for place in self.anchors if not low <= place <= high]
        if off:
            raise ValueError(f"anchor at {off[0]} of a scale from {low} to {high}")
        return self


class Points(_OnLine):
    """Likert points, from `lowest`."""

    kind: Literal["points"]
    points: Whole = Field(ge=2, le=11)
    lowest: Whole = Field(default=1, ge=0, le=1)

    @property
    def range(self) -> ScaleRange:
        return ScaleRange(self.lowest, self.lowest + self.points - 1)


class Continuous(_OnLine):
    """A line without points, answered in whole numbers from 0."""

    kind: Literal["continuous"]
    steps: Whole = Field(ge=10, le=1000)
    hold: Hold = _SLIDE

    @property
    def range(self) -> ScaleRange:
        return ScaleRange(0, self.steps, Repeat(self.hold.after, self.steps / self.hold.sweep))

    @property
    def continuous(self) -> bool:
        return True


class Percent(_AnswerScale):
    """A line from 0 to 100 per cent."""

    kind: Literal["percent"]

    @property
    def range(self) -> ScaleRange:
        return ScaleRange(0, 100, Repeat(_SLIDE.after, 100 / _SLIDE.sweep))

    @property
    def anchors_at(self) -> dict[int, str | dict[str, str]]:
        return {percent: self.reading.format(position=percent) for percent in range(0, 101, 10)}

    @property
    def continuous(self) -> bool:
        return True

    @property
    def reading(self) -> str:
        return "{position}\N{NO-BREAK SPACE}%"


class Choice(_AnswerScale):
    """One of several options, which count from 1."""

    kind: Literal["choice"]
    options: tuple[Wording, ...] = Field(min_length=2, max_length=8)

    @property
    def range(self) -> ScaleRange:
        return ScaleRange(1, len(self.options))

    @property
    def anchors_at(self) -> dict[int, str | dict[str, str]]:
        return dict(enumerate(self.options, start=1))

    @property
    def listed(self) -> bool:
        return True


class YesNo(_AnswerScale):
    """No (0) or yes (1)."""

    kind: Literal["yes_no"]
    yes: Wording
    no: Wording

    @property
    def range(self) -> ScaleRange:
        return ScaleRange(0, 1)

    @property
    def anchors_at(self) -> dict[int, str | dict[str, str]]:
        return {0: self.no, 1: self.yes}

    @property
    def listed(self) -> bool:
        return True


AnswerScale = Annotated[Points | Continuous | Percent | Choice | YesNo, Field(discriminator="kind")]


class ShowIf(Strict):
    """A rule: an item is asked only if an earlier item's answer is one of these.

    An earlier item that was left out, or not asked itself, doesn't fulfil it.
    """

    item: Name
    any_of: tuple[Whole, ...] = ()
    at_least: Whole | None = None
    at_most: Whole | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ShowIf:
        if not self.any_of and self.at_least is None and self.at_most is None:
            raise ValueError("a rule has any_of: [...], at_least or at_most")
        return self

    def holds(self, answers: Answers) -> bool:
        """Whether the item is to be asked."""
        answer = answers.get(self.item)
        return (
            answer is not None
            and (not self.any_of or answer in self.any_of)
            and (self.at_least is None or answer >= self.at_least)
            and (self.at_most is None or answer <= self.at_most)
        )


class Item(Strict):
    """A question or statement; what it leaves out is the questionnaire's own.

    With `new_page` it is the first one of a page.
    """

    id: Name
    text: Wording
    new_page: bool = False
    reverse: bool = False
    scale: AnswerScale | None = None
    required: bool | None = None
    show_if: ShowIf | None = None


class Subscale(Strict):
    """Items that make a score.

    `score` is the mean or the sum of the items, reversed ones turned over (lowest + highest -
    answer). With fewer than `least_answered` answers there is no score; with some missing, a mean
    is that of the others, and a sum is that mean times the number of items.
    """

    items: tuple[Name, ...] = Field(min_length=1)
    score: Literal["mean", "sum"]
    least_answered: Whole = Field(ge=1)

    @model_validator(mode="after")
    def _can_be_scored(self) -> Subscale:
        if self.least_answered > len(self.items):
            raise ValueError(
                f"least_answered is {self.least_answered}, but it has only {len(self.items)} items"
            )
        if len(set(self.items)) != len(self.items):
            raise ValueError("an item is in it twice")
        return self


class Questionnaire(Strict):
    """A questionnaire.

    `wording` says whose words the items are; `share_texts` whether they may go into a data set that
    is published (a scale's licence can forbid it). `stem` stands above each item. With `back`, the
    participant may go back to change an answer; items that aren't `required` may be left out. Up to
    `page` items stand on one screen. An item with `new_page` begins one, and so does an item that
    is asked under another rule than the one before it: a page is asked as a whole or not at all. A
    list of options (`choice`) and a per cent have a screen of their own.
    """

    title: str
    version: str
    wording: Literal["lab", "original", "translation"]
    source: str
    licence: str
    share_texts: bool
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}$")], ...] = Field(min_length=1)
    instructions: Wording | None = None
    stem: Wording | None = None
    scale: AnswerScale | None = None
    order: Literal["fixed", "shuffled"] = "fixed"
    page: Whole = Field(default=1, ge=1, le=6)
    back: bool = True
    required: bool = True
    items: tuple[Item, ...] = Field(min_length=1, max_length=200)
    subscales: dict[Name, Subscale] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hangs_together(self) -> Questionnaire:
        earlier: dict[str, Item] = {}
        for i, item in enumerate(self.items):
            where: tuple[str | int, ...] = ("items", i)
            if item.id in earlier:
                raise Located((*where, "id"), f"{item.id!r} is there twice")
            if item.scale is None and self.scale is None:
                raise Located(where, "no scale: give the item one, or the questionnaire")
            if item.reverse and isinstance(self.scale_of(item), Choice | YesNo):
                raise Located((*where, "reverse"), "options can't be reversed; a scale can")
            if item.show_if is not None:
                self._check_rule((*where, "show_if"), item.show_if, earlier)
            if item.new_page and self.order == "shuffled":
                raise Located((*where, "new_page"), _SHUFFLED)
            earlier[item.id] = item
        for name, subscale in self.subscales.items():
            for k, scored in enumerate(subscale.items):
                if scored not in earlier:
                    raise Located(("subscales", name, "items", k), f"no item {scored!r}")
        self._check_languages()
        return self

    def _check_rule(
        self, where: tuple[str | int, ...], rule: ShowIf, earlier: Mapping[str, Item]
    ) -> None:
        if self.order == "shuffled":
            raise Located(where, _SHUFFLED)
        if rule.item not in earlier:
            raise Located((*where, "item"), f"no earlier item {rule.item!r}")
        span = self.scale_of(earlier[rule.item]).range
        for bound in (*rule.any_of, rule.at_least, rule.at_most):
            if bound is not None and not span.lowest <= bound <= span.highest:
                raise Located(
                    where,
                    f"{bound} is no answer to {rule.item!r} ({span.lowest} to {span.highest})",
                )

    def _check_languages(self) -> None:
        for where, wording in self._wordings():
            if isinstance(wording, str):
                if len(self.languages) > 1:
                    raise Located(
                        where, f"a text for each language is needed: {', '.join(self.languages)}"
                    )
                continue
            missing = sorted(set(self.languages) - set(wording))
            if missing:
                raise Located(where, f"lacks the language {missing[0]!r}")

    def _wordings(self) -> Iterator[tuple[tuple[str | int, ...], str | dict[str, str]]]:
        for name in ("instructions", "stem"):
            wording = getattr(self, name)
            if wording is not None:
                yield (name,), wording
        scales: list[tuple[tuple[str | int, ...], _AnswerScale | None]] = [(("scale",), self.scale)]
        for i, item in enumerate(self.items):
            yield ("items", i, "text"), item.text
            scales.append((("items", i, "scale"), item.scale))
        for where, scale in scales:
            if scale is not None and not isinstance(scale, Percent):
                yield from ((where, wording) for wording in scale.anchors_at.values())

    def scale_of(self, item: Item) -> AnswerScale:
        """Return how an item is answered."""
        scale = item.scale or self.scale
        assert scale is not None, "checked when it was read"
        return scale

    def requires(self, item: Item) -> bool:
        """Whether an item must be answered."""
        return self.required if item.required is None else item.required

    def unfilled(self) -> list[str]:
        """Return the ids of items whose own words are still to be put in."""
        texts = (
            (item.id, [item.text] if isinstance(item.text, str) else list(item.text.values()))
            for item in self.items
        )
        return [name for name, wordings in texts if any(FILL_IN in text for text in wordings)]

    @property
    def digest(self) -> str:
        """16 hex digits of SHA-256 over all that it says."""
        return hashlib.sha256(canonical(self.model_dump(mode="json")).encode()).hexdigest()[:16]


def check_language(name: str, questionnaire: Questionnaire, language: str) -> None:
    """Make sure that a questionnaire is there in a language.

    Only a session that asks it needs to know: a participant may read another language.

    Raises
    ------
    BadInput
        If it isn't.
    """
    if language not in questionnaire.languages:
        raise BadInput(
            f"questionnaires/{name}.yaml: has no language {language!r}, only "
            f"{', '.join(questionnaire.languages)}"
        )


def check_filled(name: str, questionnaire: Questionnaire) -> None:
    """Make sure that a questionnaire is no template any more.

    Raises
    ------
    BadInput
        If an item has no words yet.
    """
    unfilled = questionnaire.unfilled()
    if unfilled:
        raise BadInput(
            f"questionnaires/{name}.yaml: item {unfilled[0]!r} still says {FILL_IN} (it is one of "
            f"{len(unfilled)}): put the items' own words in first; they are not shipped"
        )


class QuestionnaireTask(TaskSpec):
    """Questionnaires, one after the other, a page or an item on each screen.

    `answer_limit` is the time for each item (s; none: as long as it takes); no answer is taken in
    the first `earliest` s of an item, so that a press too many answers nothing.
    """

    kind: Literal["questionnaire"]
    version: Literal["lab"]
    questionnaires: tuple[Name, ...] = Field(min_length=1)
    ratings: tuple[Name, ...] = Field(default=(), max_length=0)
    answer_limit: Seconds | None
    earliest: Seconds
    closing: Seconds

    @field_validator("questionnaires")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("each questionnaire is named once")
        return names

    def required_markers(self) -> tuple[str, ...]:
        return ("run_start", "run_end", "item")

    def required_texts(self) -> tuple[str, ...]:
        words = ("progress", "confirm", "choose", "back", "leave_out")
        return ("closing", *(f"item.{word}" for word in words))

    def check_in(self, label: str, protocol: Protocol) -> None:
        for i, name in enumerate(self.questionnaires):
            where = ("tasks", label, "questionnaires", i)
            if name not in protocol.questionnaires:
                raise Located(where, f"no file questionnaires/{name}.yaml beside study.yaml")


class DailySettings(Strict):
    """Reports on every day of the periods in which participants take something.

    `days` says of each session how many days its period has; the session's visit is on the last
    one. A report is filled in with the questionnaires of `task`. What is filled in before
    `day_begins` (hours after midnight) counts for the day before.
    """

    task: Label
    days: dict[Label, Annotated[Whole, Field(ge=1, le=366)]] = Field(min_length=1)
    day_begins: Annotated[Whole, Field(ge=0, le=12)]

    def check_in(self, protocol: Protocol) -> None:
        """Check what must hold between it and the rest of the protocol.

        Raises
        ------
        Located
            With the place of what is wrong.
        """
        if not isinstance(protocol.tasks.get(self.task), QuestionnaireTask):
            raise Located(("daily", "task"), f"no task {self.task!r} of kind questionnaire")
        for label in self.days:
            if label not in protocol.sessions:
                raise Located(("daily", "days", label), f"no session {label!r}")
            if self.task not in protocol.sessions[label].optional:
                raise Located(
                    ("sessions", label),
                    f"the daily report {self.task!r} is to be under optional: it is run on its own",
                )


def item_key(questionnaire: str, item: str) -> str:
    """Return the name of an item within a study."""
    return f"{questionnaire}.{item}"


def item_texts(questionnaires: Mapping[str, Questionnaire], language: str) -> dict[str, str]:
    """Return the pages that questionnaires open with, by the key of the text."""
    return {
        f"questionnaires.{name}": worded(one.instructions, language)
        for name, one in questionnaires.items()
        if one.instructions is not None and language in one.languages
    }


def questionnaire_file(study: Path, name: str) -> Path:
    """Return where a study has a questionnaire."""
    return study / "questionnaires" / f"{name}.yaml"
