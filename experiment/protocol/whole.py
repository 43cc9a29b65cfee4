"""A whole study, and what must hold between its sections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, model_validator

from experiment.chance import seed_from
from experiment.protocol.criteria import Criteria
from experiment.protocol.cyberball import CyberballTask
from experiment.protocol.design import Design
from experiment.protocol.kit import KitSettings
from experiment.protocol.messages import MessagesTask
from experiment.protocol.objects import ObjectTask
from experiment.protocol.questionnaire import (
    DailySettings,
    Questionnaire,
    QuestionnaireTask,
    item_key,
    item_texts,
)
from experiment.protocol.ratings import Rating
from experiment.protocol.rig import Devices, FaultName, Policy, Scanner, ScreenSettings
from experiment.protocol.social import ChoosingTask, FeedbackTask, PagesTask, ProfileSettings
from experiment.protocol.texts import lacking
from experiment.protocol.values import Label, Located, Name, Strict, Whole
from experiment.screens import ScaleRange

COMMON_TEXTS = ("go_on", "confirm", "paused")
"""Keys of the texts that a session of any task can show."""


class Study(Strict):
    """What the data set's description says about the study.

    `software` is the version of this software that all its sessions must have, if it says so.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]
    title: str
    authors: tuple[str, ...] = Field(min_length=1)
    institution: str
    department: str
    address: str
    ethics: str
    license: str = "CC0"
    software: str | None = None


class Session(Strict):
    """One visit: its tasks, in order, and those that are run only when they are asked for."""

    tasks: tuple[Label, ...] = Field(min_length=1)
    optional: tuple[Label, ...] = ()

    @property
    def all_tasks(self) -> tuple[Label, ...]:
        """Every task of the visit."""
        return (*self.tasks, *self.optional)

    @model_validator(mode="after")
    def _each_task_once(self) -> Session:
        twice = sorted({task for task in self.all_tasks if self.all_tasks.count(task) > 1})
        if twice:
            raise ValueError(f"task {twice[0]!r} is in it twice; give the second a name of its own")
        return self


AnyTask = Annotated[
    MessagesTask
    | ObjectTask
    | ChoosingTask
    | FeedbackTask
    | PagesTask
    | CyberballTask
    | QuestionnaireTask,
    Field(discriminator="kind"),
]
"""Every kind of task; a new kind is added here and in `experiment.catalogue`."""


class Protocol(Strict):
    """A whole study, as `study.yaml` tells it; `notes` are for the reader and change nothing."""

    study: Study
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    screen: ScreenSettings
    devices: Devices
    scanner: Scanner
    faults: dict[FaultName, Policy]
    criteria: Criteria = Criteria()
    kit: KitSettings
    profiles: ProfileSettings | None = None
    markers: dict[Name, Annotated[Whole, Field(ge=1, le=255)]]
    ratings: dict[Name, Rating]
    tasks: dict[Label, AnyTask]
    sessions: dict[Label, Session] = Field(min_length=1)
    design: Design | None = None
    notes: tuple[str, ...] = ()
    texts: dict[str, str] = Field(default_factory=dict)
    questionnaires: dict[Name, Questionnaire] = Field(default_factory=dict)
    daily: DailySettings | None = None

    @property
    def seed(self) -> int:
        """The study's own seed, made of its name."""
        return seed_from(self.study.name)

    @model_validator(mode="after")
    def _hangs_together(self) -> Protocol:
        self._check_markers()
        self._check_sessions()
        for label, spec in self.tasks.items():
            self._check_task(label, spec)
        self._check_texts("a session", COMMON_TEXTS)
        if self.devices.buttons.stop is not None:
            self._check_texts("the participant's stop key", ("stopped",))
        self._check_debriefing()
        self._check_wordings()
        if self.design is not None:
            self.design.check_in(self)
        if self.daily is not None:
            self.daily.check_in(self)
        return self

    def _check_markers(self) -> None:
        codes: dict[int, str] = {}
        for name, code in self.markers.items():
            if code in codes:
                raise Located(
                    ("markers", name),
                    f"code {code} is also that of {codes[code]!r}; each marker needs its own",
                )
            codes[code] = name

    def _check_sessions(self) -> None:
        for label, session in self.sessions.items():
            for part, tasks in (("tasks", session.tasks), ("optional", session.optional)):
                for i, task in enumerate(tasks):
                    if task not in self.tasks:
                        raise Located(
                            ("sessions", label, part, i),
                            f"no task {task!r}; allowed: {_names(self.tasks)}",
                        )

    def _check_task(self, label: str, spec: AnyTask) -> None:
        for i, rating in enumerate(spec.ratings):
            if rating not in self.ratings:
                raise Located(
                    ("tasks", label, "ratings", i),
                    f"no rating {rating!r}; allowed: {_names(self.ratings)}",
                )
        for marker in spec.required_markers():
            if marker not in self.markers:
                raise Located(("markers",), f"task {label!r} needs a code for {marker!r}")
        for i, page in enumerate(spec.instructions):
            if page not in self.texts:
                raise Located(
                    ("tasks", label, "instructions", i),
                    f"no text {page!r} in texts/{self.language}.yaml",
                )
        self._check_texts(f"task {label!r}", spec.required_texts())
        spec.check_in(label, self)

    def _check_debriefing(self) -> None:
        """Whoever was deceived is told so at the end of the study."""
        made_up = next((spec.made_up for spec in self.tasks.values() if spec.made_up), None)
        if made_up is None:
            return
        label, last = list(self.sessions.items())[-1]
        spec = self.tasks[last.tasks[-1]]
        if not (isinstance(spec, PagesTask) and spec.debriefing):
            raise Located(
                ("sessions", label, "tasks"),
                f"{made_up}: the last session ends with a task of kind pages that has "
                "debriefing: true",
            )

    def _check_wordings(self) -> None:
        if self.devices.buttons.one_way:
            items = ("two_buttons.item.confirm",) if self.questionnaires else ()
            self._check_texts("a two-button box", ("two_buttons.confirm", *items))
        for name, rating in self.ratings.items():
            if any(self.language not in languages for languages in rating.languages()):
                raise Located(
                    ("ratings", name),
                    f"question or anchors lack the study's language {self.language!r}",
                )

    @property
    def scales(self) -> dict[str, ScaleRange]:
        """Where the cursor of each rating scale, and of each item, can stand."""
        items = {
            item_key(name, item.id): one.scale_of(item).range
            for name, one in self.questionnaires.items()
            for item in one.items
        }
        return {name: rating.range for name, rating in self.ratings.items()} | items

    @property
    def shown_texts(self) -> dict[str, str]:
        """The texts as these devices need them (`Devices.variants`)."""
        texts = self.texts | item_texts(self.questionnaires, self.language)
        for variant in self.devices.variants:
            start = f"{variant}."
            own = {k: text for k, text in self.texts.items() if k.startswith(start)}
            texts |= {key.removeprefix(start): text for key, text in own.items()}
        return texts

    def _check_texts(self, who: str, keys: Iterable[str]) -> None:
        missing = [key for key in keys if key not in self.texts]
        if missing:
            raise Located(("language",), lacking(self.language, missing[0], who))


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none is there"
