"""Telling the arm, with the key: of one participant in an emergency, of all for the analysis.

It is written into the journal who asked and why, before anything is told.
"""

from __future__ import annotations

import datetime as dt
import io
from csv import DictWriter
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from experiment.blinding.making import is_inside, list_file, outside
from experiment.blinding.sealed_list import SealedList, Secret, read_sealed_list
from experiment.blinding.sealing import NotOpened, fingerprint, read_private
from experiment.errors import BadInput
from experiment.outputs import Output
from experiment.protocol import Design
from experiment.readlog import header_of
from experiment.register.changes import Desk, Now, at_the_desk, check_reason, utc_now
from experiment.register.entries import Unblinded
from experiment.register.standing import standing
from experiment.register.state import Participant, Register
from experiment.said import Said, listed
from experiment.study import Study

_ARMS = Output(mode=0o600)

COLUMNS = ("participant", "slot", "stratum", "sequence", "period", "session", "arm")
"""Of the table of all arms: a row for each session of a period."""


@dataclass(frozen=True)
class Key:
    """Where the private key is, and what opens it.

    Parameters
    ----------
    file : Path
    passphrase : str or None
    """

    file: Path
    passphrase: str | None = None


@dataclass(frozen=True)
class PeriodTold:
    """What was given in a period, as planned; the days are None before it is scheduled."""

    number: int
    first_dose: dt.date | None
    last_dose: dt.date | None
    sessions: tuple[str, ...]
    arm: str


@dataclass(frozen=True)
class Told:
    """What was given to a participant.

    Parameters
    ----------
    participant, slot, sequence : str
    periods : tuple of PeriodTold
    last_dose : datetime.date or None
        Recorded, or only planned.
    days_since : int or None
        Since the last dose.
    last_entered : datetime.date or None
        The last dose that was recorded; where it isn't `last_dose`, that one is only planned.
    recorded : str
        Where it was written that this was told, in words.
    """

    participant: str
    slot: str
    sequence: str
    periods: tuple[PeriodTold, ...]
    last_dose: dt.date | None
    days_since: int | None
    last_entered: dt.date | None
    recorded: str

    def lines(self) -> list[str]:
        """Return it in words."""
        who = {"participant": self.participant, "slot": self.slot}
        lines: list[str] = [Said("told.sequence", **who, sequence=self.sequence)]
        for period in self.periods:
            when = Said("told.not_scheduled")
            if period.first_dose is not None:
                when = Said("told.planned", first=period.first_dose, last=period.last_dose)
            sessions = listed(period.sessions)
            what = {"period": period.number, "sessions": sessions, "arm": period.arm}
            lines.append(Said("told.period", **what, when=when))
        if self.last_dose is not None:
            days = {"day": self.last_dose, "days": self.days_since}
            if self.last_dose == self.last_entered:
                lines.append(Said("told.last_dose", **days))
            else:
                entered = self.last_entered or Said("told.none")
                lines.append(Said("told.last_dose_planned", **days, entered=entered))
        return [*lines, self.recorded]


def unblind_one(
    study: Study, key: Key, participant: str, *, who: str, reason: str, now: Now = utc_now
) -> list[str]:
    """Tell the arm of one participant in words; see `tell_arm`."""
    return tell_arm(study, key, participant, who=who, reason=reason, now=now).lines()


def tell_arm(
    study: Study, key: Key, participant: str, *, who: str, reason: str, now: Now = utc_now
) -> Told:
    """Tell the arm of one participant; for an emergency.

    Parameters
    ----------
    study : Study
    key : Key
    participant : str
        Label; they may have left the study.
    who : str
        Initials of whoever asks.
    reason : str
    now : callable

    Returns
    -------
    Told
        What to tell, and to write down nowhere else.

    Raises
    ------
    BadInput
        If the key is another, the list was edited, or the participant has no slot. Nothing is told
        and nothing recorded then.
    """
    check_reason(reason)
    design, private = _checked(study, key)
    with at_the_desk(study.folder, who, now) as desk:
        sealed = _unedited(study, desk.register)
        one = desk.register.participant(participant)
        secret = _opened(study, sealed, one, key, private)
        desk.write(Unblinded(by=who, participant=participant, reason=reason.strip()))
    return _told(study, design, one, secret, desk)


def unblind_all(
    study: Study, key: Key, *, who: str, reason: str, out: Path | None = None, now: Now = utc_now
) -> list[str]:
    """Tell the arms of all participants, for the analysis.

    Parameters
    ----------
    study : Study
    key : Key
    who : str
        Initials.
    reason : str
    out : Path or None
        A new file for the table (TSV, for its owner only), outside of the study's folder; None to
        have it told.
    now : callable

    Raises
    ------
    BadInput
        As `unblind_one`, or if `out` can't be used.
    """
    check_reason(reason)
    if out is not None:
        outside(study, out, "--out", "it tells every arm")
        _ARMS.check(out)
    design, private = _checked(study, key)
    with at_the_desk(study.folder, who, now) as desk:
        sealed = _unedited(study, desk.register)
        bound = [one for one in desk.register.participants if one.slot is not None]
        if not bound:
            raise BadInput(f"{desk.register.file}: nobody has a slot yet; there is nothing to tell")
        opened = [(one, _opened(study, sealed, one, key, private)) for one in bound]
        desk.write(Unblinded(by=who, participant=None, reason=reason.strip()))
    table = _table(design, opened)
    lines = [*_other_lists(study, desk.register), _recorded(desk)]
    if out is None:
        return [*table.splitlines(), *lines]
    _ARMS.write(out, table)
    return [Said("told.all", count=len(opened), file=out), *lines]


def _checked(study: Study, key: Key) -> tuple[Design, X25519PrivateKey]:
    design = study.protocol.design
    if design is None:
        raise BadInput(
            f"{study.folder / 'study.yaml'}: no section design, so nobody is blinded here"
        )
    if is_inside(study, key.file):
        raise BadInput(Said("refused.key_inside", file=key.file))
    return design, read_private(key.file, key.passphrase)


def _unedited(study: Study, register: Register) -> SealedList:
    """Return the study's sealed list, if it is the one that was received."""
    if register.allocation is None:
        raise BadInput(Said("refused.nobody_blinded", file=register.file))
    sealed, digest = read_sealed_list(list_file(study))
    if digest != register.allocation.digest:
        digests = {"found": digest[:8], "received": register.allocation.digest[:8]}
        raise BadInput(Said("refused.list_edited", file=list_file(study), **digests))
    return sealed


def _opened(
    study: Study, sealed: SealedList, one: Participant, key: Key, private: X25519PrivateKey
) -> Secret:
    if one.slot is None:
        raise BadInput(Said("refused.no_arm", participant=one.label))
    mine = fingerprint(private.public_key())
    if mine != sealed.key:
        raise BadInput(Said("refused.other_key", file=key.file, mine=mine, theirs=sealed.key))
    try:
        return sealed.open_slot(one.slot, private)
    except NotOpened:
        raise BadInput(Said("refused.slot_edited", file=list_file(study), slot=one.slot)) from None


def _told(study: Study, design: Design, one: Participant, secret: Secret, desk: Desk) -> Told:
    where = standing(study, one, desk.now.astimezone().date())
    periods = tuple(
        PeriodTold(
            place.number,
            place.first_dose,
            place.last_dose,
            tuple(design.periods[place.number - 1].sessions),
            secret.arm(place.number),
        )
        for place in where.periods
    )
    assert one.slot is not None
    return Told(
        one.label,
        one.slot,
        secret.sequence,
        periods,
        where.last_dose,
        where.days_since_last_dose,
        where.last_entered,
        _recorded(desk),
    )


def _recorded(desk: Desk) -> str:
    where = {"file": desk.register.file, "line": len(desk.journal.lines) + 1}
    if desk.register.edited_at is None:
        return Said("told.recorded", **where)
    return Said("told.recorded_edited", **where, edited=desk.register.edited_at)


def _table(design: Design, opened: list[tuple[Participant, Secret]]) -> str:
    text = io.StringIO(newline="")
    table = DictWriter(text, COLUMNS, delimiter="\t", lineterminator="\n")
    table.writeheader()
    for one, secret in opened:
        for number, period in enumerate(design.periods, start=1):
            for session in period.sessions:
                table.writerow(
                    {
                        "participant": one.label,
                        "slot": one.slot,
                        "stratum": one.stratum,
                        "sequence": secret.sequence,
                        "period": number,
                        "session": session,
                        "arm": secret.arm(number),
                    }
                )
    return text.getvalue()


def _other_lists(study: Study, register: Register) -> list[Said]:
    """Tell of logs whose header names another list or slot than the register does."""
    slots = {one.label: one.slot for one in register.participants}
    found = []
    for log in study.logs():
        header = header_of(log)
        claimed = header.get("allocation")
        now = register.binding(header["participant"])
        if header["participant"] in slots and claimed is not None and claimed != now:
            found.append(Said("told.other_list", log=log))
    return found
