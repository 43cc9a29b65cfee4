"""A study's folder: where things are, and which names are allowed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from experiment.errors import BadInput
from experiment.protocol import PagesTask, Protocol, QuestionnaireTask, load_protocol
from experiment.said import Said, listed

SET_ASIDE = "set-aside"
"""Folder of a participant's logs that a repeat stands in for; no export reads it."""

_LABEL = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True)
class Study:
    """A study on disk.

    Parameters
    ----------
    folder : Path
    protocol : Protocol
    sources : dict of str to str
        Source of each value of the protocol, by dotted path.
    """

    folder: Path
    protocol: Protocol
    sources: dict[str, str]

    @property
    def seed(self) -> int:
        """The study's own seed, made of its name."""
        return self.protocol.seed

    def kit_folder(self, participant: str) -> Path:
        """Where a participant's private kit is."""
        return self.folder / "participants" / participant / "kit"

    def log_folder(self, participant: str, session: str) -> Path:
        """Where a session's logs are."""
        return self.folder / "sourcedata" / f"sub-{participant}" / f"ses-{session}"

    def rehearsal_folder(self, participant: str, session: str) -> Path:
        """Where a rehearsal's logs are: no data, and in nobody's way."""
        return self.folder / "rehearsals" / f"sub-{participant}" / f"ses-{session}"

    def logs(self) -> list[Path]:
        """Return all logs of the study, sorted."""
        return sorted((self.folder / "sourcedata").glob("sub-*/ses-*/*.jsonl"))

    def logs_of(self, participant: str) -> list[Path]:
        """Return all logs of a participant, sorted."""
        return sorted((self.folder / "sourcedata").glob(f"sub-{participant}/ses-*/*.jsonl"))

    def set_aside_folder(self, participant: str) -> Path:
        """Where the logs of sessions are that were done again."""
        return self.folder / "sourcedata" / f"sub-{participant}" / SET_ASIDE

    def logs_set_aside(self, participant: str) -> list[Path]:
        """Return all logs of sessions that were done again, each session's later tries last."""
        logs = self.set_aside_folder(participant).glob("*/*.jsonl")
        return sorted(logs, key=lambda log: (len(log.parent.name), log))

    def is_debriefing(self, task: str) -> bool:
        """Whether a task tells participants that they were deceived, and how."""
        spec = self.protocol.tasks.get(task)
        return isinstance(spec, PagesTask) and spec.debriefing

    def task_name(self, task: str) -> str:
        """Return what a task is called in plain words, a `Said`; its label if it is gone."""
        spec, daily = self.protocol.tasks.get(task), self.protocol.daily
        if spec is None:
            return task
        if self.is_debriefing(task):
            return Said("tasks.debriefing")
        if daily is not None and daily.task == task:
            return Said("tasks.daily")
        if isinstance(spec, QuestionnaireTask):
            titles = (self.protocol.questionnaires[name].title for name in spec.questionnaires)
            return Said("tasks.questionnaire", titles=listed(titles))
        return Said(f"tasks.{spec.kind}")

    def session_tasks(self, session: str, task: str | None) -> tuple[str, ...]:
        """Return the tasks to run in a session: the one that is asked for, or all but the optional.

        Raises
        ------
        BadInput
            If the protocol has no such session or task.
        """
        sessions, file = self.protocol.sessions, self.folder / "study.yaml"
        if session not in sessions:
            known = {"session": repr(session), "allowed": ", ".join(sorted(sessions))}
            raise BadInput(Said("refused.no_session", file=file, **known))
        visit = sessions[session]
        if task is None:
            return visit.tasks
        if task not in visit.all_tasks:
            known = {"session": repr(session), "allowed": ", ".join(visit.all_tasks)}
            raise BadInput(Said("refused.no_task", file=file, task=repr(task), **known))
        return (task,)


def open_study(folder: Path, language: str | None = None) -> Study:
    """Open a study's folder.

    Parameters
    ----------
    folder : Path
    language : str or None
        A participant's own language in place of the study's.

    Raises
    ------
    BadInput
        If it isn't one, or its protocol has a fault.
    """
    if folder.is_file():
        raise BadInput(Said("refused.study_file", folder=folder))
    if not folder.is_dir():
        raise BadInput(Said("refused.no_study", folder=folder))
    if not (folder / "study.yaml").exists():
        raise BadInput(Said("refused.not_study", folder=folder))
    protocol, sources = load_protocol(folder / "study.yaml", language)
    return Study(folder, protocol, sources)


def check_label(what: str, label: str) -> str:
    """Return a participant's or session's label.

    Raises
    ------
    BadInput
        If it isn't letters and digits only, as BIDS demands.
    """
    if not _LABEL.fullmatch(label) or not label.isascii():
        named = f"{what}_label" if what in ("participant", "session") else "label"
        raise BadInput(Said(f"refused.{named}", what=what, label=repr(label)))
    return label


def check_writable(folder: Path) -> None:
    """Make sure that a folder can be written into, without making it.

    Raises
    ------
    BadInput
        If it or its nearest existing parent can't be written into.
    """
    parent = folder
    try:
        while not parent.exists():
            parent = parent.parent
    except PermissionError:  # below another user's folder
        raise BadInput(Said("refused.rights", folder=parent.parent)) from None
    if not parent.is_dir():
        raise BadInput(Said("refused.is_file", folder=parent))
    effective = os.access in os.supports_effective_ids
    if not os.access(parent, os.W_OK | os.X_OK, effective_ids=effective):
        raise BadInput(Said("refused.rights", folder=parent))
