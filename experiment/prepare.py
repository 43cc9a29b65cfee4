"""Before anything is opened: a request is checked against study, kit and disk, and planned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from experiment.catalogue import PlannedTask, plan_task
from experiment.choices import Social, social_of
from experiment.devices import Wires, check_wires, wires
from experiment.errors import BadInput
from experiment.kit import Kit, KitIndex
from experiment.kit.for_session import open_kit, shown_before
from experiment.parts import check_no_data, free_log, name_of, tasks_left
from experiment.people import People
from experiment.plans.plan import PlanInputs
from experiment.plans.shown import Shown
from experiment.preflight.checks import Subject
from experiment.preflight.live import refuse_stand_ins
from experiment.preflight.questions import about_the_person, ask, gather, questions_about
from experiment.protocol import Protocol
from experiment.register.concerns import may_run
from experiment.request import SessionRequest
from experiment.resume import (
    Interrupted,
    check_plans,
    check_same,
    describe,
    interrupted_session,
    rests,
)
from experiment.robot import temper
from experiment.study import Study, check_label, check_writable, open_study


@dataclass(frozen=True)
class Prepared:
    """A session that has been checked and planned; nothing is open or written yet."""

    request: SessionRequest
    study: Study
    kit: Kit
    index: KitIndex
    shown: tuple[Shown, ...]
    social: Social | None
    people: People | None
    plans: dict[str, PlannedTask]
    seed: int
    log_file: Path
    wires: Wires
    begun: Interrupted | None
    told: list[str]
    asked: tuple[str, ...]
    slot: dict[str, str] | None = None

    @property
    def subject(self) -> Subject:
        """What is looked at before it begins."""
        return Subject(
            self.study,
            self.request.participant,
            self.request.session,
            tuple(self.plans),
            self.log_file.parent,
            self.wires,
            live=self.request.live,
            resumed=self.begun is not None,
        )

    def is_whole(self, task: str) -> bool:
        """Tell whether a task is run from its begin, not gone on with."""
        return self.begun is None or self.begun.runs[task].rest.whole

    def run_number(self, task: str) -> int:
        """Return a task's place in the session, from 1, which is the same in all its parts."""
        tasks = list(self.plans if self.begun is None else self.begun.header["tasks"])
        return tasks.index(task) + 1


def prepare(request: SessionRequest) -> Prepared:
    """Check a request against study, kit and disk, and make its plans.

    Parameters
    ----------
    request : SessionRequest

    Raises
    ------
    BadInput
        With the first thing that is wrong. Nothing has been written.
    NeedsAnswer
        If it looks like a mistake; says what is to be asked.
    """
    _check_request(request)
    begun: Interrupted | None = None
    study = open_study(request.study, request.language)
    place = study.rehearsal_folder if request.rehearsal else study.log_folder
    folder = place(request.participant, request.session)
    name = f"sub-{request.participant}_ses-{request.session}"
    if request.task is not None:
        name += f"_task-{request.task}"
    tasks = study.session_tasks(request.session, request.task)
    if request.resume:
        begun = interrupted_session(folder, name, tasks, request.fast)
        if request.language is None:  # the one in which it began
            study = open_study(request.study, begun.header["protocol"]["language"])
        tasks, name = tuple(begun.header["tasks"]), name_of(begun.parts[0].file)
    else:
        tasks = tasks_left(folder, tasks, study.protocol)
        check_no_data(folder, tasks, study.protocol)
    protocol = study.protocol
    slot = may_run(study, request.participant, tasks, rehearsal=not request.live)
    with_messages = any(protocol.tasks[task].shares() for task in tasks)
    kit, index = open_kit(study, request.participant, needed=with_messages)
    shown = shown_before(study, request.participant)
    social = social_of(study, request.participant, tasks, live=request.live)
    people = None if social is None else social.people
    seed = study.seed if request.seed is None else request.seed
    told: list[str] = []
    if begun is not None:
        told = check_same(begun, protocol, index)
        seed, shown, people = begun.seed, begun.shown, begun.people
    plans = {
        task: plan_task(
            PlanInputs(
                protocol, task, index, request.session, request.participant, seed, shown, people
            )
        )
        for task in tasks
    }
    if begun is not None:
        check_plans(begun, plans)
        plans = rests(begun, plans)
        told += describe(begun)
    plugged = _wires(request, protocol)
    begins = {task: planned.plan.begins for task, planned in plans.items()}
    check_wires(plugged, protocol, begins, fast=request.fast)
    check_writable(folder)
    asked: tuple[str, ...] = ()
    if request.live:
        refuse_stand_ins(plugged)
        who = about_the_person(study, request.participant, request.identity)
        mistakes = questions_about(gather(study, request.participant, request.session, tasks))
        asked = ask((*who, *mistakes), request.answered)
    file = free_log(folder, name)
    return Prepared(
        request,
        study,
        kit,
        index,
        shown,
        social,
        people,
        plans,
        seed,
        file,
        plugged,
        begun,
        told,
        asked,
        slot,
    )


def _check_request(request: SessionRequest) -> None:
    """Refuse what can't be, whatever the study.

    Raises
    ------
    BadInput
        With the first thing that is wrong.
    """
    check_label("participant", request.participant)
    check_label("session", request.session)
    if request.seed is not None and request.seed < 0:
        raise BadInput(f"seed {request.seed}: a whole number from 0 is needed")
    if request.seed is not None and request.resume:
        raise BadInput("--seed: a session that goes on has the seed with which it began")
    if request.robot is not None:
        temper(request.robot)
    if (request.no_window or request.fast) and request.robot is None:
        raise BadInput("without a window, or faster than real time, only a --robot can take part")


def _wires(request: SessionRequest, protocol: Protocol) -> Wires:
    return wires(
        protocol,
        request.study,
        trigger=request.port,
        scanner=request.scanner,
        echo=request.echo,
        marks=request.marks,
        marks_file=request.marks_file,
    )
