"""Having a session done again: its logs are set aside, and the journal says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from experiment.choices import put_back_choices
from experiment.errors import BadInput
from experiment.register.changes import Now, at_the_desk, check_reason, utc_now
from experiment.register.done import logs_of_session
from experiment.register.entries import Repeated
from experiment.running import held, running_sessions
from experiment.said import Said
from experiment.study import Study, check_label


def repeat(
    study: Study, label: str, session: str, by: str, reason: str, now: Now = utc_now
) -> list[str]:
    """Have a session done again: its logs are set aside whole, and it is due as if never begun.

    Parameters
    ----------
    study : Study
    label, session : str
    by : str
        Initials.
    reason : str
    now : callable

    Raises
    ------
    BadInput
        If there is no such session, it has no logs, it runs now, or its folder can't be moved.
    """
    check_reason(reason)
    check_label("session", session)
    study.session_tasks(session, None)
    folder = study.log_folder(label, session)
    with at_the_desk(study.folder, by, now) as desk, _at_rest(study, label, session):
        one = desk.active(label)
        if not logs_of_session(study, label, session):
            raise BadInput(Said("refused.never_begun", folder=folder, session=session))
        # A power cut just behind a move leaves a folder that the journal does not know.
        numbered = (
            study.set_aside_folder(label) / f"{folder.name}_{number}"
            for number in count(one.attempt(session))
        )
        place = next(place for place in numbered if not place.exists())
        where = place.relative_to(study.folder).as_posix()
        entry = Repeated(by=by, participant=label, session=session, reason=reason, moved_to=where)
        with _set_aside(study, label, session, place):
            desk.write(entry)
    return [
        Said("register.repeat", participant=label, session=session),
        Said("register.set_aside", place=place),
    ]


@contextmanager
def _at_rest(study: Study, label: str, session: str) -> Iterator[None]:
    """Make sure that a session does not run, nor is started meanwhile: its files are to be moved.

    Raises
    ------
    BadInput
        If it runs.
    """
    name = f"sub-{label}_ses-{session}"
    for one in running_sessions(study.folder):
        if one.name == name:
            raise BadInput(Said("refused.runs", name=name, since=one.since, process=one.pid))
    with held(study.folder, name):
        yield


@contextmanager
def _set_aside(study: Study, label: str, session: str, place: Path) -> Iterator[None]:
    """Move a session's folder away; all is as it was if what is done next fails.

    Raises
    ------
    BadInput
        If it can't be moved, or the kit can't be written.
    """
    folder = study.log_folder(label, session)
    try:
        place.parent.mkdir(exist_ok=True)
        folder.rename(place)  # all or nothing
    except OSError as error:
        raise BadInput(Said("refused.cant_move", folder=folder, why=error.strerror)) from None
    try:
        put_back_choices(study, label, session)
        yield
    except BaseException:
        place.rename(folder)
        put_back_choices(study, label, session)
        raise
