"""The plan of the kind-messages task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from experiment.chance import Dice, dice
from experiment.errors import BadInput
from experiment.kit import Condition, IndexedMessage
from experiment.plans.balance import Comparison, compare, comparisons_of
from experiment.plans.deal import deal
from experiment.plans.measures import measured
from experiment.plans.opening import Opening, awaited
from experiment.plans.order import ordered
from experiment.plans.plan import PlanInputs, Question, check_frames, practice_on, random_start
from experiment.plans.sharing import shortfall
from experiment.plans.sync import sync_times
from experiment.protocol import LabMessages, MessagesTask, Protocol, ScannerMessages
from experiment.said import Said
from experiment.steps import After, At, Ends, OnResponse


@dataclass(frozen=True)
class MessageTrial:
    """A fixation, a message, and the questions after it.

    Parameters
    ----------
    number : int
        From 1.
    message_id, writer_id : str
    condition : str
    characters, reading_ms : int
        How long the message is, and how long it takes to read at the protocol's speed (ms).
    fixation_ends, reading_ends : Ends
        In the scanner absolute times of the run clock; in the lab durations and answers.
    questions : tuple of Question
    """

    number: int
    message_id: str
    writer_id: str
    condition: Condition
    characters: int
    reading_ms: int
    fixation_ends: Ends
    reading_ends: Ends
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class MessagesPlan(Opening):
    """A whole run of the kind-messages task, from its `Opening` on.

    Parameters
    ----------
    lead_in_ends : Ends
        Fixation before the first trial; in the scanner it covers the dummy volumes.
    trials : tuple of MessageTrial
    closing_ends : Ends
    pause_grid : float or None
        Pauses are rounded up to a multiple of this (s), the TR, so that what follows keeps its
        phase to the volumes; None where nothing is timed by a scanner.
    balance : tuple of Comparison
        How like its messages' sets are to one another and to those of other runs.
    """

    lead_in_ends: Ends
    trials: tuple[MessageTrial, ...]
    closing_ends: Ends
    pause_grid: float | None = None
    balance: tuple[Comparison, ...] = ()

    @property
    def planned_duration(self) -> float | None:
        """Seconds from the run's zero to its end, or None if self-paced."""
        return self.closing_ends.time if isinstance(self.closing_ends, At) else None


def plan_messages(inputs: PlanInputs) -> MessagesPlan:
    """Decide a whole run of the kind-messages task.

    Messages are dealt out so that no message comes up in two sessions of a participant, and matched
    (`experiment.plans.deal`). The order obeys the protocol's rules.

    Parameters
    ----------
    inputs : PlanInputs
        Its task is one of kind messages.

    Raises
    ------
    BadInput
        If the kit has too few messages, or no order obeys the rules.
    """
    protocol, task = inputs.protocol, inputs.task
    spec = protocol.tasks[task]
    assert isinstance(spec, ScannerMessages | LabMessages)
    chosen, balance = _chosen(inputs)
    chance = dice(inputs.seed, inputs.participant, inputs.session, task)
    order = ordered(chosen, spec.order, chance)
    if order is None:
        key = "no_order" if spec.order.writer_twice_in_a_row else "no_order_of_writers"
        most = spec.order.max_same_condition
        raise BadInput(Said(f"kit.{key}", task=task, count=len(chosen), most=most))
    plan = replace(_Timeline(inputs, spec, chance).plan(order), balance=balance)
    if isinstance(spec, ScannerMessages):
        assert plan.planned_duration is not None, "a run in the scanner has fixed times"
        check_frames(task, spec.frames, plan.planned_duration)
    return plan


def _chosen(inputs: PlanInputs) -> tuple[list[IndexedMessage], tuple[Comparison, ...]]:
    """Return this run's messages, and how they compare with each other and with other runs'."""
    dealt = deal(inputs.protocol, inputs.kit, inputs.participant, inputs.shown)
    here = (inputs.session, inputs.task)
    mine = {cell: found for cell, found in dealt.items() if (cell.session, cell.task) == here}
    if not mine:
        raise BadInput(Said("refused.not_of_session", session=inputs.session, task=inputs.task))
    if any(len(found) < cell.total for cell, found in mine.items()):
        missing = shortfall(inputs.protocol, inputs.kit, inputs.shown)
        first = next(m for m in missing if (m.cell.session, m.cell.task) == here)
        raise BadInput(Said("kit.too_few", what=first.said()))
    compared = compare(dealt, inputs.protocol.kit.reading)
    # By id, so that the order hangs on which messages they are, not on the way they were dealt.
    chosen = sorted((m for found in mine.values() for m in found), key=lambda m: m.message_id)
    return chosen, comparisons_of(compared, *here)


class _Timeline:
    """Gives each step of a run its end."""

    def __init__(self, inputs: PlanInputs, spec: MessagesTask, chance: Dice) -> None:
        self._inputs = inputs
        self._protocol: Protocol = inputs.protocol
        self._spec = spec
        self._chance = chance
        self._now = 0.0  # planned run-clock time, s

    def plan(self, order: Sequence[IndexedMessage]) -> MessagesPlan:
        spec = self._spec
        if isinstance(spec, ScannerMessages):
            mri = spec.begins == "pulse"
            scanner = self._protocol.scanner
            dummies = scanner.dummy_volumes * scanner.tr if mri else 0.0
            sync_ends = self._sync_pattern(spec.sync_pattern)
            lead_in = self._until(max(dummies + spec.timing.lead_in - self._now, 0.0))
            waiting, begins = awaited(spec.begins)
            return MessagesPlan(
                instructions=spec.instructions,
                practice=self._practice(),
                waiting=waiting,
                begins=begins,
                sync_ends=sync_ends,
                lead_in_ends=lead_in,
                trials=tuple(
                    self._timed_trial(spec, i + 1, message) for i, message in enumerate(order)
                ),
                closing_ends=self._until(spec.timing.closing),
                pause_grid=scanner.tr if mri else 1.0,
            )
        return MessagesPlan(
            instructions=spec.instructions,
            practice=self._practice(),
            lead_in_ends=After(self._between(spec.timing.fixation)),
            trials=tuple(
                self._own_pace_trial(spec, i + 1, message) for i, message in enumerate(order)
            ),
            closing_ends=After(spec.timing.closing),
        )

    def _timed_trial(
        self, spec: ScannerMessages, number: int, message: IndexedMessage
    ) -> MessageTrial:
        timing = spec.timing
        return MessageTrial(
            number,
            message.message_id,
            message.writer_id,
            message.condition,
            *measured(message, self._protocol.kit.reading),
            fixation_ends=self._until(self._between(timing.fixation)),
            reading_ends=self._until(timing.reading),
            questions=tuple(
                Question(rating, self._start(rating), self._until(timing.answer))
                for rating in spec.ratings
            ),
        )

    def _own_pace_trial(
        self, spec: LabMessages, number: int, message: IndexedMessage
    ) -> MessageTrial:
        timing = spec.timing
        return MessageTrial(
            number,
            message.message_id,
            message.writer_id,
            message.condition,
            *measured(message, self._protocol.kit.reading),
            fixation_ends=After(self._between(timing.fixation)),
            reading_ends=OnResponse(timing.reading_limit, timing.reading_at_least),
            questions=tuple(
                Question(rating, self._start(rating), OnResponse(timing.answer_limit))
                for rating in spec.ratings
            ),
        )

    def _sync_pattern(self, count: int) -> tuple[Ends, ...]:
        """Return ends at which ``sync`` markers go out."""
        inputs = self._inputs
        times = sync_times(inputs.seed, inputs.participant, inputs.session, inputs.task, count)
        self._now = times[-1] if times else self._now
        return tuple(At(time) for time in times)

    def _practice(self) -> Question | None:
        if not self._spec.practice:
            return None
        rating = self._spec.ratings[0]
        return practice_on(rating, self._protocol.ratings[rating].range)

    def _start(self, rating: str) -> int:
        return random_start(self._protocol.ratings[rating].range, self._chance)

    def _between(self, span: tuple[float, float]) -> float:
        return round(self._chance.uniform(*span), 3)

    def _until(self, duration: float) -> At:
        self._now = round(self._now + duration, 3)
        return At(self._now)
