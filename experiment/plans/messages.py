"""The plan of the kind-messages task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiment.chance import Dice, dice
from experiment.errors import BadInput
from experiment.kit import Condition, IndexedMessage
from experiment.plans.order import ordered
from experiment.plans.plan import PlanInputs, Question, check_frames
from experiment.protocol import LabMessages, MessagesTask, Protocol, ScannerMessages, TaskSpec
from experiment.protocol.messages import waiting_text
from experiment.steps import After, At, Ends, OnMark, OnPulse, OnResponse

_BEFORE_SYNC = 0.5  # s from the run's zero to the sync pattern's first marker


@dataclass(frozen=True)
class MessageTrial:
    """A fixation, a message, and the questions after it.

    Parameters
    ----------
    number : int
        From 1.
    message_id, writer_id : str
    condition : str
    fixation_ends, reading_ends : Ends
        In the scanner absolute times of the run clock; in the lab durations and answers.
    questions : tuple of Question
    """

    number: int
    message_id: str
    writer_id: str
    condition: Condition
    fixation_ends: Ends
    reading_ends: Ends
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class MessagesPlan:
    """A whole run of the kind-messages task.

    Parameters
    ----------
    instructions : tuple of str
        Keys of the pages shown first.
    practice : Question or None
        Scale to practise on before the run.
    waiting : str
        Key of the text while the run's start is awaited.
    begins : Ends
        What starts the run: the scanner's first pulse, or a key.
    sync_ends : tuple of Ends
        Fixations at whose onsets a ``sync`` marker goes out; their lengths are this session's own.
    lead_in_ends : Ends
        Fixation before the first trial; in the scanner it covers the dummy volumes.
    trials : tuple of MessageTrial
    closing_ends : Ends
    pause_grid : float or None
        Pauses are rounded up to a multiple of this (s), the TR, so that what follows keeps its
        phase to the volumes; None where nothing is timed by a scanner.
    """

    instructions: tuple[str, ...]
    practice: Question | None
    waiting: str
    begins: Ends
    sync_ends: tuple[Ends, ...]
    lead_in_ends: Ends
    trials: tuple[MessageTrial, ...]
    closing_ends: Ends
    pause_grid: float | None = None

    @property
    def planned_duration(self) -> float | None:
        """Seconds from the run's zero to its end, or None if self-paced."""
        return self.closing_ends.time if isinstance(self.closing_ends, At) else None


def plan_messages(inputs: PlanInputs) -> MessagesPlan:
    """Decide a whole run of the kind-messages task.

    Messages are dealt out so that no message comes up in two sessions of a participant; writers
    share evenly. The order obeys the protocol's rules.

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
    chosen: list[IndexedMessage] = []
    for condition in spec.conditions:
        chosen += _deal(inputs, condition)
    chance = dice(inputs.seed, inputs.participant, inputs.session, task)
    order = ordered(chosen, spec.order, chance)
    if order is None:
        raise BadInput(
            f"task {task!r}: no order of its {len(chosen)} messages has at most "
            f"{spec.order.max_same_condition} of a condition in a row"
            + ("" if spec.order.writer_twice_in_a_row else " and no writer twice in a row")
            + "; choose other numbers of messages or looser rules"
        )
    plan = _Timeline(protocol, spec, chance).plan(order)
    if isinstance(spec, ScannerMessages):
        check_frames(task, spec.frames, plan.planned_duration)
    return plan


def _deal(inputs: PlanInputs, condition: Condition) -> list[IndexedMessage]:
    """Return this session's share of a condition's messages.

    The participant's messages are brought into one order (writers in turn), which all sessions
    and tasks share; each takes its own stretch of it.
    """
    chance = dice(inputs.seed, inputs.participant, "deal")
    pool = [m for m in inputs.kit.messages if m.condition == condition]
    by_writer: dict[str, list[IndexedMessage]] = {}
    for message in chance.shuffled(pool):
        by_writer.setdefault(message.writer_id, []).append(message)
    rounds = max((len(messages) for messages in by_writer.values()), default=0)
    deck = [
        messages[i] for i in range(rounds) for messages in by_writer.values() if i < len(messages)
    ]
    start = 0
    for label, visit in inputs.protocol.sessions.items():
        for other in visit.tasks:
            count = messages_wanted(inputs.protocol.tasks[other]).get(condition, 0)
            if (label, other) == (inputs.session, inputs.task):
                if start + count > len(deck):
                    raise BadInput(
                        f"task {inputs.task!r} of session {inputs.session!r} needs {start + count} "
                        f"{condition} messages in the kit (none is shown twice), "
                        f"found {len(deck)}; collect {start + count - len(deck)} more"
                    )
                return deck[start : start + count]
            start += count
    raise BadInput(f"session {inputs.session!r} has no task {inputs.task!r}")


def messages_wanted(spec: TaskSpec) -> Mapping[Condition, int]:
    """Return how many messages of each condition a task shows; none if it shows no messages."""
    return spec.messages if isinstance(spec, ScannerMessages | LabMessages) else {}


class _Timeline:
    """Gives each step of a run its end."""

    def __init__(self, protocol: Protocol, spec: MessagesTask, chance: Dice) -> None:
        self._protocol = protocol
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
            return MessagesPlan(
                instructions=spec.instructions,
                practice=self._practice(),
                waiting=waiting_text(spec.begins),
                begins=OnPulse() if spec.begins == "pulse" else OnMark(spec.begins),
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
            waiting="waiting_start",
            begins=OnResponse(),
            sync_ends=(),
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
            fixation_ends=After(self._between(timing.fixation)),
            reading_ends=OnResponse(timing.reading_limit, timing.reading_at_least),
            questions=tuple(
                Question(rating, self._start(rating), OnResponse(timing.answer_limit))
                for rating in spec.ratings
            ),
        )

    def _sync_pattern(self, count: int) -> tuple[Ends, ...]:
        """Return ends some tenths of a second apart, as no other session has them."""
        if count == 0:
            return ()
        first = self._until(_BEFORE_SYNC)
        return (first, *(self._until((2 + self._chance.below(7)) / 10) for _ in range(count)))

    def _practice(self) -> Question | None:
        if not self._spec.practice:
            return None
        rating = self._spec.ratings[0]
        scale = self._protocol.ratings[rating].range
        return Question(rating, (scale.lowest + scale.highest) // 2, OnResponse())

    def _start(self, rating: str) -> int:
        scale = self._protocol.ratings[rating].range
        return scale.lowest + self._chance.below(scale.highest - scale.lowest + 1)

    def _between(self, span: tuple[float, float]) -> float:
        return round(self._chance.uniform(*span), 3)

    def _until(self, duration: float) -> At:
        self._now = round(self._now + duration, 3)
        return At(self._now)
