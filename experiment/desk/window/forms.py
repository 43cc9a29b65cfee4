"""Pages on which something is filled in: who somebody is, who is new, who leaves, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QWidget

from experiment.desk.texts import Texts
from experiment.desk.window.look import swatch
from experiment.desk.window.parts import (
    Choice,
    ColourChoice,
    Sheet,
    bad_letters,
    button,
    card,
    field,
    label,
    line_edit,
)

_SHORT, _LONG = 160, 460  # px
Back = Callable[[], object]


class IdentitySheet(Sheet):
    """Initials and a colour: set once, or asked for before a session.

    Parameters
    ----------
    texts : Texts
    participant : str
    on_said : callable
        Takes initials and colour, and the assistant's initials where they are set; returns what is
        wrong with them, or None.
    on_back : callable
    setting : bool
        Whether they are set, and not asked for.
    """

    def __init__(
        self,
        texts: Texts,
        participant: str,
        on_said: Callable[..., str | None],
        on_back: Back,
        *,
        setting: bool,
    ) -> None:
        kind = "set" if setting else "confirm"
        super().__init__(texts.says(f"identity.{kind}"), texts.says(f"identity.{kind}_hint"))
        self._texts, self._on_said = texts, on_said
        self.body.addWidget(
            label(texts.says("participant.title", participant=participant), "title")
        )
        self.initials = line_edit(_SHORT)
        self.colour = ColourChoice(texts)
        self.body.addLayout(field(texts.says("identity.initials"), self.initials))
        self.body.addLayout(field(texts.says("identity.colour"), self.colour))
        self.by = line_edit(_SHORT)
        if setting:
            self.body.addLayout(field(texts.says("common.by"), self.by))
        self._setting = setting
        self.next = button(
            texts.says("identity.save" if setting else "identity.next"), self._say, "primary"
        )
        self.back = button(texts.says("common.back"), on_back)
        self.initials.returnPressed.connect(self._say)
        self.put_buttons(self.next, self.back)

    def focus_first(self) -> None:
        self.initials.setFocus()

    def _say(self) -> None:
        colour = self.colour.chosen
        if not self.initials.text().strip():
            self.complain(bad_letters(self._texts, "identity.initials"))
        elif colour is None:
            self.complain(self._texts.says("enrol.no_colour"))
        else:
            by = (self.by.text().strip(),) if self._setting else ()
            self.complain(self._on_said(self.initials.text(), colour, *by) or "")


@dataclass(frozen=True)
class Joining:
    """What was filled in about a new participant.

    Parameters
    ----------
    label, initials : str
    by : str
        The assistant's initials.
    levels : mapping of str to str
        Level of each factor that the study is stratified by; empty where none was chosen.
    """

    label: str
    initials: str
    by: str
    levels: Mapping[str, str]


class EnrolSheet(Sheet):
    """A new participant.

    Parameters
    ----------
    texts : Texts
    strata : mapping of str to sequence of str
        Factors of the study's design and their levels; none without one.
    on_said : callable
        Takes what was filled in; returns what is wrong with it, or None.
    on_back : callable
    """

    def __init__(
        self,
        texts: Texts,
        strata: Mapping[str, Sequence[str]],
        on_said: Callable[[Joining], str | None],
        on_back: Back,
    ) -> None:
        super().__init__(texts.says("enrol.title"), texts.says("enrol.hint"))
        self._on_said = on_said
        self.label = line_edit(_SHORT)
        self.initials = line_edit(_SHORT)
        self.by = line_edit(_SHORT)
        self.levels = {
            factor: Choice([(level, level) for level in levels], columns=4)
            for factor, levels in strata.items()
        }
        self.body.addLayout(
            field(texts.says("enrol.label"), self.label, texts.says("enrol.label_hint"))
        )
        self.body.addLayout(field(texts.says("identity.initials"), self.initials))
        for factor, choice in self.levels.items():
            self.body.addLayout(field(factor, choice))
        self.body.addLayout(field(texts.says("common.by"), self.by))
        self.save = button(texts.says("enrol.save"), self._say, "primary")
        self.back = button(texts.says("common.back"), on_back)
        self.put_buttons(self.save, self.back)

    def focus_first(self) -> None:
        self.label.setFocus()

    def _say(self) -> None:
        levels = {factor: choice.chosen or "" for factor, choice in self.levels.items()}
        joining = Joining(
            self.label.text().strip().removeprefix("sub-"),
            self.initials.text().strip(),
            self.by.text().strip(),
            levels,
        )
        self.complain(self._on_said(joining) or "")


class DaySheet(Sheet):
    """A day of a period of drug: of its first dose, or of one that was taken.

    Parameters
    ----------
    texts : Texts
    what : str
        ``plan`` or ``dose``, of the texts.
    participant : str
    periods : sequence of int
        Numbers of the study's periods.
    likely : int
        The one that is chosen beforehand.
    day : datetime.date
        The day that is filled in beforehand.
    on_said : callable
        Takes period, day and the assistant's initials; returns what is wrong, or None.
    on_back : callable
    """

    def __init__(
        self,
        texts: Texts,
        what: str,
        participant: str,
        periods: Sequence[int],
        likely: int,
        day: dt.date,
        on_said: Callable[[int, dt.date, str], str | None],
        on_back: Back,
    ) -> None:
        super().__init__(
            texts.says(f"days.{what}_title", participant=participant),
            texts.says(f"days.{what}_hint"),
        )
        self._texts, self._on_said = texts, on_said
        self.period = Choice([(str(number), str(number)) for number in periods], columns=6)
        self.period.choose(str(likely))
        self.day = line_edit(_SHORT)
        self.day.setText(day.isoformat())
        self.by = line_edit(_SHORT)
        if len(periods) > 1:
            self.body.addLayout(field(texts.says("days.period"), self.period))
        self.body.addLayout(field(texts.says("days.day"), self.day))
        self.body.addLayout(field(texts.says("common.by"), self.by))
        self.save = button(texts.says("days.save"), self._say, "primary")
        self.back = button(texts.says("common.back"), on_back)
        self.put_buttons(self.save, self.back)

    def focus_first(self) -> None:
        self.day.setFocus()
        self.day.selectAll()

    def _say(self) -> None:
        try:
            day = dt.date.fromisoformat(self.day.text().strip())
        except ValueError:
            self.complain(self._texts.says("days.bad_day"))
            return
        if not self.by.text().strip().isalpha():
            self.complain(bad_letters(self._texts, "common.by"))
            return
        problem = self._on_said(int(self.period.chosen or "1"), day, self.by.text().strip())
        self.complain(problem or "")


class ReasonSheet(Sheet):
    """Something that is recorded with who did it and why: a withdrawal, or an unblinding.

    Parameters
    ----------
    texts : Texts
    group : str
        Of the texts: ``withdraw`` or ``unblind``.
    participant : str
    on_said : callable
        Takes the reason, the assistant's initials, the key's file (None where none is needed) and
        its passphrase; returns what is wrong, or None.
    on_back : callable
    with_key : bool
        Whether the file of a key is asked for.
    """

    def __init__(
        self,
        texts: Texts,
        group: str,
        participant: str,
        on_said: Callable[[str, str, Path | None, str], str | None],
        on_back: Back,
        *,
        with_key: bool,
    ) -> None:
        super().__init__(
            texts.says(f"{group}.title", participant=participant), texts.says(f"{group}.hint")
        )
        self._texts, self._on_said, self._with_key = texts, on_said, with_key
        self.key, self.passphrase = line_edit(), line_edit(_LONG)
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        if with_key:
            self.body.addLayout(field(texts.says("unblind.key"), self._key_row(self.key)))
            self.key.setAccessibleName(texts.says("unblind.key"))
            self.body.addLayout(field(texts.says("unblind.passphrase"), self.passphrase))
        self.reason = line_edit()
        self.by = line_edit(_SHORT)
        self.body.addLayout(field(texts.says(f"{group}.reason"), self.reason))
        self.body.addLayout(field(texts.says("common.by"), self.by))
        self.yes = button(texts.says(f"{group}.yes"), self._say, "danger")
        self.back = button(texts.says("common.back"), on_back)
        self.put_buttons(self.back, self.yes)

    def focus_first(self) -> None:
        (self.key if self._with_key else self.reason).setFocus()

    def _key_row(self, line: QLineEdit) -> QWidget:
        whole = QWidget()
        across = QHBoxLayout(whole)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(10)
        across.addWidget(line, 1)
        across.addWidget(button(self._texts.says("unblind.choose_key"), self._choose_key))
        return whole

    def _choose_key(self) -> None:
        found, _ = QFileDialog.getOpenFileName(self, self._texts.says("unblind.key"))
        if found:
            self.key.setText(found)

    def _say(self) -> None:
        if self._with_key and not self.key.text().strip():
            self.complain(self._texts.says("common.missing_key"))
        elif not self.reason.text().strip():
            self.complain(self._texts.says("common.missing_reason"))
        elif not self.by.text().strip().isalpha():
            self.complain(bad_letters(self._texts, "common.by"))
        else:
            key = Path(self.key.text().strip()).expanduser() if self._with_key else None
            problem = self._on_said(
                self.reason.text().strip(), self.by.text().strip(), key, self.passphrase.text()
            )
            self.complain(problem or "")


class ToldSheet(Sheet):
    """Something that is told once, and gone when the page is left.

    Parameters
    ----------
    texts : Texts
    heading : str
    lines : sequence of str
    hint : str
    on_back : callable
    colour : str or None
        Of a card to hand out.
    """

    def __init__(
        self,
        texts: Texts,
        heading: str,
        lines: Sequence[str],
        hint: str,
        on_back: Back,
        colour: str | None = None,
    ) -> None:
        super().__init__(heading, hint)
        frame, inside = card("next")
        if colour is not None:
            picture = QLabel()
            picture.setPixmap(swatch(colour, px=64))
            inside.addWidget(picture)
        for line in lines:
            inside.addWidget(label(line, "title"))
        self.body.addWidget(frame)
        self.back = button(texts.says("unblind.close"), on_back, "primary")
        self.put_buttons(self.back)

    def focus_first(self) -> None:
        self.back.setFocus()
