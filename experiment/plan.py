"""The plan: protocol + kit + seed → every trial of a run, decided before its first frame.

The same inputs give the same bytes on every machine: chance comes from `experiment.chance`, planned
times are whole milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from experiment.chance import Dice, dice
from experiment.errors import BadInput
from experiment.kit import Condition, IndexedMessage, KitIndex
from experiment.protocol import (
    LabMessages,
    MessagesTask,
    Order,
    Protocol,
    ScannerMessages,
)
from experiment.steps import After, At, Ends, OnMark, OnPulse, OnResponse

_BEFORE_SYNC = 0.5  # s from the run's zero to the sync pattern's first marker
_SEARCH_LIMIT = 200_000  # tries before an order counts as impossible


@dataclass(frozen=True)
class Question:
    """A rating asked in a trial.

    Parameters
    ----------
    rating : str
        Name of the rating in the protocol.
    start : int
        Point at which the cursor stands at first (random, so that moving is never a hint).
    ends : Ends
    """

    rating: str
    start: int
    ends: Ends


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


def plan_messages(
    protocol: Protocol, task: str, kit: KitIndex, session: str, participant: str, seed: int
) -> MessagesPlan:
    """Decide a whole run of the kind-messages task.

    Messages are dealt out so that no message comes up in two sessions of a participant; writers
    share evenly. The order obeys the protocol's rules.

    Parameters
    ----------
    protocol : Protocol
    task : str
        Label of the task in the protocol.
    kit : KitIndex
    session, participant : str
        Labels.
    seed : int
        The study's seed; labels are hashed into it.

    Raises
    ------
    BadInput
        If the kit has too few messages, or no order obeys the rules.
    """
    spec = protocol.tasks[task]
    chosen: list[IndexedMessage] = []
    for condition in spec.conditions:
        chosen += _deal(protocol, task, condition, kit, session, dice(seed, participant, "deal"))
    chance = dice(seed, participant, session, task)
    order = _ordered(chosen, spec.order, chance)
    if order is None:
        raise BadInput(
            f"task {task!r}: no order of its {len(chosen)} messages has at most "
            f"{spec.order.max_same_condition} of a condition in a row"
            + ("" if spec.order.writer_twice_in_a_row else " and no writer twice in a row")
            + "; choose other numbers of messages or looser rules"
        )
    plan = _Timeline(protocol, spec, chance).plan(order)
    _check_frames(task, spec, plan)
    return plan


def _check_frames(task: str, spec: MessagesTask, plan: MessagesPlan) -> None:
    """Make sure that a run lies within the table of PET frames, if there is one."""
    if not isinstance(spec, ScannerMessages) or not spec.frames or plan.planned_duration is None:
        return
    first, last = spec.frames[0], spec.frames[-1]
    end = last.start + last.duration
    if first.start > 0 or plan.planned_duration > end:
        raise BadInput(
            f"task {task!r}: its run lasts from 0 to {plan.planned_duration:g} s, the PET frames "
            f"only from {first.start:g} to {end:g} s; make them fit"
        )


def _deal(
    protocol: Protocol,
    task: str,
    condition: Condition,
    kit: KitIndex,
    session: str,
    chance: Dice,
) -> list[IndexedMessage]:
    """Return this session's share of a condition's messages.

    The participant's messages are brought into one order (writers in turn), which all sessions
    and tasks share; each takes its own stretch of it.
    """
    pool = [m for m in kit.messages if m.condition == condition]
    by_writer: dict[str, list[IndexedMessage]] = {}
    for message in chance.shuffled(pool):
        by_writer.setdefault(message.writer_id, []).append(message)
    rounds = max((len(messages) for messages in by_writer.values()), default=0)
    deck = [
        messages[i] for i in range(rounds) for messages in by_writer.values() if i < len(messages)
    ]
    start = 0
    for label, visit in protocol.sessions.items():
        for other in visit.tasks:
            count = protocol.tasks[other].messages.get(condition, 0)
            if (label, other) == (session, task):
                if start + count > len(deck):
                    raise BadInput(
                        f"task {task!r} of session {session!r} needs {start + count} "
                        f"{condition} messages in the kit (none is shown twice), "
                        f"found {len(deck)}; collect {start + count - len(deck)} more"
                    )
                return deck[start : start + count]
            start += count
    raise BadInput(f"session {session!r} has no task {task!r}")


def _ordered(
    messages: Sequence[IndexedMessage], rules: Order, chance: Dice
) -> list[IndexedMessage] | None:
    """Return a random order that obeys the rules, or None if none was found.

    A depth-first search that tries candidates in random order, those with the scarcest freedom
    (most messages left of a writer or condition) never left to the end unseen.
    """
    budget = _SEARCH_LIMIT

    def allowed(order: list[IndexedMessage], nxt: IndexedMessage) -> bool:
        if not order:
            return True
        if not rules.writer_twice_in_a_row and order[-1].writer_id == nxt.writer_id:
            return False
        tail = order[-rules.max_same_condition :]
        return len(tail) < rules.max_same_condition or any(
            m.condition != nxt.condition for m in tail
        )

    def hopeless(order: list[IndexedMessage], left: list[IndexedMessage]) -> bool:
        longest = rules.max_same_condition
        for condition, count in Counter(m.condition for m in left).items():
            run = 0
            while run < len(order) and order[-1 - run].condition == condition:
                run += 1
            # Each of the others can part two runs of this condition, and no more.
            if count > (longest - min(run, longest)) + longest * (len(left) - count):
                return True
        if rules.writer_twice_in_a_row:
            return False
        most = Counter(m.writer_id for m in left).most_common(1)
        return bool(most) and most[0][1] > (len(left) + 1) // 2

    def search(
        order: list[IndexedMessage], left: list[IndexedMessage]
    ) -> list[IndexedMessage] | None:
        nonlocal budget
        if not left:
            return order
        if hopeless(order, left):
            return None
        for nxt in chance.shuffled(left):
            budget -= 1
            if budget < 0:
                return None
            if allowed(order, nxt):
                rest = [m for m in left if m is not nxt]
                found = search([*order, nxt], rest)
                if found is not None:
                    return found
        return None

    return search([], list(messages))


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
                waiting="waiting_scanner" if spec.begins == "pulse" else f"waiting_{spec.begins}",
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
        middle = (self._protocol.ratings[rating].points + 1) // 2
        return Question(rating, middle, OnResponse())

    def _start(self, rating: str) -> int:
        return 1 + self._chance.below(self._protocol.ratings[rating].points)

    def _between(self, span: tuple[float, float]) -> float:
        return round(self._chance.uniform(*span), 3)

    def _until(self, duration: float) -> At:
        self._now = round(self._now + duration, 3)
        return At(self._now)
