"""What is done at the desk beside sessions: new participants, days of drug, leaving, unblinding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiment.desk.window.forms import (
    DaySheet,
    EnrolSheet,
    IdentitySheet,
    Joining,
    ReasonSheet,
    ToldSheet,
)
from experiment.desk.window.parts import LETTERS, bad_letters
from experiment.errors import BadInput, KindredError
from experiment.register import Standing
from experiment.register.changes import dose, enrol, schedule, withdraw
from experiment.register.identity import make_identity, set_identity
from experiment.study import check_label

if TYPE_CHECKING:
    from experiment.desk.window.desk import Desk

Does = Callable[[], object]


class StudyFlow:
    """The pages of study life; each ends on the home page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def steps(self, where: Standing) -> Sequence[tuple[str, Does]]:
        """Return what else can be done with a participant: key of the text, and what it does."""
        desk = self._desk
        if not desk.roster.enrolled(where.participant.label):
            return (("identity.set", self.set_identity),)
        found: list[tuple[str, Does]] = []
        if where.participant.withdrawn is None:
            if where.periods:
                found.append(("days.plan", self.plan))
                found.append(("days.dose", self.enter_dose))
            if where.participant.initials is None:
                found.append(("identity.set", self.set_identity))
            found.append(("withdraw.open", self.withdraw))
        if where.participant.slot is not None:
            found.append(("unblind.open", self.unblind))
        return found

    # --- who somebody is -------------------------------------------------------------------------

    def identity_is_set(self, participant: str) -> bool:
        """Whether initials and a colour are known; a damaged file counts as none."""
        try:
            return self._desk.roster.identity(participant) is not None
        except BadInput:
            return False

    def set_identity(self) -> None:
        """Ask for initials and colour of the participant who was chosen, and keep them."""
        desk, participant = self._desk, self._chosen

        def said(initials: str, colour: str, by: str) -> str | None:
            try:
                set_identity(desk.study, participant, by, make_identity(initials, colour))
            except KindredError as error:
                return desk.problem(error)
            desk.back()
            return None

        desk.show(IdentitySheet(desk.texts, participant, said, desk.back, setting=True))

    def enrol(self) -> None:
        """Ask who is new, and put them into the register."""
        desk = self._desk
        design = desk.study.protocol.design
        strata = {} if design is None else dict(design.strata)
        desk.show(EnrolSheet(desk.texts, strata, self._enrolled, desk.back))

    def _enrolled(self, joining: Joining) -> str | None:
        desk, says = self._desk, self._desk.texts.says
        try:
            check_label("participant", joining.label)
        except BadInput:
            return says("enrol.bad_label")
        absent = [factor for factor, level in joining.levels.items() if not level]
        if absent:
            return says("enrol.no_level", factor=absent[0])
        for said, caption in ((joining.initials, "identity.initials"), (joining.by, "common.by")):
            if not (said.isalpha() and len(said) <= LETTERS):
                return bad_letters(desk.texts, caption)
        try:
            enrol(
                desk.study,
                joining.label,
                joining.by,
                levels=joining.levels,
                initials=joining.initials.upper(),
            )
        except KindredError as error:
            return desk.problem(error)
        desk.chosen = joining.label
        desk.refresh()
        person = desk.standing().participant
        lines = [says("enrol.card", colour=says(f"colours.{person.colour}"))]
        kit = person.drug_kit(1)
        if kit is not None:
            lines.append(says("enrol.drug_kit", kit=kit))
        heading = says("enrol.done", participant=joining.label)
        desk.show(
            ToldSheet(
                desk.texts, heading, lines, says("enrol.keep"), desk.back, colour=person.colour
            )
        )
        return None

    # --- days of drug ----------------------------------------------------------------------------

    def plan(self) -> None:
        """Ask for the day of the first dose of a period."""
        self._ask_for_day("plan", schedule)

    def enter_dose(self) -> None:
        """Ask for a day on which a dose was taken."""
        self._ask_for_day("dose", dose)

    def _ask_for_day(self, what: str, enter: Callable[..., list[str]]) -> None:
        desk, participant = self._desk, self._chosen
        where = desk.standing()
        unplanned = [p.number for p in where.periods if p.first_dose is None]
        planned = [p.number for p in where.periods if p.first_dose is not None]
        likely = unplanned[:1] if what == "plan" else planned[-1:]

        def said(period: int, day: dt.date, by: str) -> str | None:
            try:
                enter(desk.study, participant, by, period, day)
            except KindredError as error:
                return desk.problem(error)
            desk.back()
            return None

        numbers = [period.number for period in where.periods]
        desk.show(
            DaySheet(
                desk.texts,
                what,
                participant,
                numbers,
                (likely or numbers[:1])[0],
                desk.today(),
                said,
                desk.back,
            )
        )

    # --- leaving, and unblinding -----------------------------------------------------------------

    def withdraw(self) -> None:
        """Ask why the participant leaves, and enter it."""
        desk, participant = self._desk, self._chosen

        def said(reason: str, by: str, key: Path | None, passphrase: str) -> str | None:  # noqa: ARG001
            try:
                withdraw(desk.study, participant, by, reason)
            except KindredError as error:
                return desk.problem(error)
            desk.back()
            return None

        desk.show(ReasonSheet(desk.texts, "withdraw", participant, said, desk.back, with_key=False))

    def unblind(self) -> None:
        """Ask for the key and the reason, and tell what was given, once."""
        desk, participant = self._desk, self._chosen

        def said(reason: str, by: str, key: Path | None, passphrase: str) -> str | None:
            from experiment.blinding.unblinding import Key, tell_arm

            assert key is not None
            try:
                told = tell_arm(
                    desk.study, Key(key, passphrase or None), participant, who=by, reason=reason
                )
            except KindredError as error:
                return desk.problem(error)
            says = desk.texts.says
            lines = []
            for period in told.periods:
                lines.append(says("unblind.period", period=period.number, arm=period.arm))
                if period.first_dose is not None:
                    days = {"first": period.first_dose, "last": period.last_dose}
                    lines.append(says("unblind.days", **days))
            if told.last_dose is not None:
                days_since = says("due.last_dose", days=told.days_since)
                if told.last_dose != told.last_entered:
                    entered = told.last_entered or says("due.none_entered")
                    values = {"days": told.days_since, "entered": entered}
                    days_since = says("due.last_dose_planned", **values)
                lines.append(days_since)
            heading = says("unblind.done", participant=participant)
            desk.show(ToldSheet(desk.texts, heading, lines, says("unblind.secret"), desk.back))
            return None

        desk.show(ReasonSheet(desk.texts, "unblind", participant, said, desk.back, with_key=True))

    @property
    def _chosen(self) -> str:
        assert self._desk.chosen is not None
        return self._desk.chosen
