"""The plan of social feedback: blocks, self-reports and rests, each at its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from experiment.chance import Dice, dice
from experiment.errors import BadInput
from experiment.plans.opening import Opening, awaited
from experiment.plans.people import Slot, deal_faces, deal_people, shortfall
from experiment.plans.plan import (
    PlanInputs,
    Question,
    check_blocks,
    check_frames,
    practice_on,
    random_start,
)
from experiment.plans.schedule import Item, in_line
from experiment.plans.sync import BEFORE_SYNC, sync_times
from experiment.protocol import FeedbackTask, Protocol
from experiment.protocol.social import SOCIAL, BlockKind
from experiment.said import Said, listed
from experiment.steps import At


@dataclass(frozen=True)
class FeedbackTrial:
    """A fixation, another person while the answer is awaited, and the answer.

    Parameters
    ----------
    number : int
        From 1, through all trials, reports and tasks of the run.
    block : int
        From 1.
    condition : str
    rest_ends : At or None
        The rest before it; None if it follows at once.
    profile_id : str
    answer : int
        Position on the scale.
    fixation_ends, awaiting_ends, answer_ends : At
    """

    number: int
    block: int
    condition: BlockKind
    rest_ends: At | None
    profile_id: str
    answer: int
    fixation_ends: At
    awaiting_ends: At
    answer_ends: At
    kind: Literal["feedback"] = "feedback"


@dataclass(frozen=True)
class BaselineTrial:
    """A fixation, and a neutral face; where `profile_id` is None, more fixation."""

    number: int
    block: int
    condition: BlockKind
    rest_ends: At | None
    profile_id: str | None
    fixation_ends: At
    face_ends: At
    kind: Literal["baseline"] = "baseline"


@dataclass(frozen=True)
class Report:
    """Self-reports about how the participant feels, around a block.

    Parameters
    ----------
    number, block, condition, rest_ends
        As in `FeedbackTrial`; the block is the one that it is before or after.
    moment : str
        ``before``, ``after``, or ``after_5_min`` and the like.
    questions : tuple of Question
    """

    number: int
    block: int
    condition: BlockKind
    rest_ends: At | None
    moment: str
    questions: tuple[Question, ...]
    kind: Literal["report"] = "report"


@dataclass(frozen=True)
class UpliftTask:
    """A positive task after a block: texts, and when each goes."""

    number: int
    block: int
    condition: BlockKind
    rest_ends: At | None
    texts: tuple[str, ...]
    ends: tuple[At, ...]
    kind: Literal["uplift"] = "uplift"


Trial: TypeAlias = FeedbackTrial | BaselineTrial | Report | UpliftTask


@dataclass(frozen=True)
class PlannedBlock:
    """A block, and its place in the run (s from the run's zero)."""

    number: int
    condition: BlockKind
    begins: float
    ends: float


@dataclass(frozen=True)
class FeedbackPlan(Opening):
    """A whole run of social feedback, from its `Opening` on.

    Parameters
    ----------
    shown_on : str
        Rating on whose scale the answers stand.
    blocks : tuple of PlannedBlock
    trials : tuple of Trial
        In order.
    rest_ends : At
        The rest before the last screen.
    closing_ends : At
    pause_grid : float
        Pauses are rounded up to a multiple of this (s): the TR, or whole seconds in PET.
    """

    shown_on: str
    blocks: tuple[PlannedBlock, ...]
    trials: tuple[Trial, ...]
    rest_ends: At
    closing_ends: At
    pause_grid: float

    @property
    def planned_duration(self) -> float:
        """Seconds from the run's zero to its end."""
        return self.closing_ends.time


def plan_feedback(inputs: PlanInputs) -> FeedbackPlan:
    """Decide a whole run of social feedback.

    Raises
    ------
    BadInput
        If too few people were liked, with what to do about it; or if blocks, self-reports and
        positive tasks don't fit in beside each other, with what overlaps.
    """
    protocol, people = inputs.protocol, inputs.people
    spec = protocol.tasks[inputs.task]
    assert isinstance(spec, FeedbackTask)
    assert people is not None, "the session reads the profile set for every task that needs it"
    missing = shortfall(protocol, people, inputs.shown)
    if missing:
        raise BadInput(Said("of_task", task=inputs.task, why=listed(missing, by="lines")))
    chance = dice(inputs.seed, inputs.participant, inputs.session, inputs.task)
    shown = {
        **deal_people(protocol, people, inputs.participant, inputs.shown),
        **deal_faces(protocol, people, inputs.participant),
    }
    return _Timeline(inputs, spec, chance, shown).plan()


def kinds_of_blocks(inputs: PlanInputs) -> tuple[BlockKind, ...]:
    """Return what each block is; where balanced, rejection and acceptance may change places.

    Chance (the study's own seed) says whether they do in a participant's first session with the
    task; in each later one it is the other way round.
    """
    protocol = inputs.protocol
    spec = protocol.tasks[inputs.task]
    assert isinstance(spec, FeedbackTask)
    kinds = tuple(block.kind for block in spec.blocks)
    if not spec.balanced:
        return kinds
    visits = [s for s, visit in protocol.sessions.items() if inputs.task in visit.all_tasks]
    first = dice(protocol.seed, inputs.participant, inputs.task, "balance").below(2)
    if (first + visits.index(inputs.session)) % 2 == 0:
        return kinds
    other: Mapping[BlockKind, BlockKind] = {"rejection": "acceptance", "acceptance": "rejection"}
    return tuple(other.get(kind, kind) for kind in kinds)


def apportioned(shares: Mapping[int, float], count: int) -> list[int]:
    """Return so many answers in the given shares, rounded by largest remainder.

    Of equal remainders the lower answer comes first.
    """
    whole = {answer: int(share * count + 1e-9) for answer, share in sorted(shares.items())}
    by_rest = sorted(whole, key=lambda answer: (whole[answer] - shares[answer] * count, answer))
    for answer in by_rest[: count - sum(whole.values())]:
        whole[answer] += 1
    return [answer for answer, times in whole.items() for _ in range(times)]


class _Timeline:
    """Gives everything in a run its time."""

    def __init__(
        self,
        inputs: PlanInputs,
        spec: FeedbackTask,
        chance: Dice,
        shown: Mapping[Slot, Sequence[str]],
    ) -> None:
        self._inputs = inputs
        self._protocol: Protocol = inputs.protocol
        self._spec = spec
        self._chance = chance
        self._shown = shown

    def plan(self) -> FeedbackPlan:
        spec, scanner = self._spec, self._protocol.scanner
        inputs = self._inputs
        sync = tuple(
            _at(time)
            for time in sync_times(
                inputs.seed, inputs.participant, inputs.session, inputs.task, spec.sync_pattern
            )
        )
        items = [item for number, kind in self._kinds() for item in self._around(number, kind)]
        begins = sync[-1].time if sync else 0.0
        mri = spec.begins == "pulse"
        if mri:
            begins = max(begins, scanner.dummy_volumes * scanner.tr)
        closing = _at(spec.timing.run - spec.timing.closing)
        # A rest comes first in any case: its onset is the run's, and the last sync marker's.
        ready = begins + BEFORE_SYNC
        items = in_line(f"task {self._inputs.task!r}", items, ready, closing.time)
        check_frames(self._inputs.task, spec.frames, spec.timing.run)
        if spec.frames_align:
            begun = ((number, block.begins) for number, block in enumerate(spec.blocks, start=1))
            check_blocks(self._inputs.task, spec.frames, begun)
        waiting, zero = awaited(spec.begins)
        return FeedbackPlan(
            instructions=spec.instructions,
            practice=self._practice(),
            waiting=waiting,
            begins=zero,
            sync_ends=sync,
            shown_on=spec.shown_on,
            blocks=tuple(
                PlannedBlock(number, kind, spec.blocks[number - 1].begins, self._end(number))
                for number, kind in sorted(
                    self._kinds(), key=lambda one: spec.blocks[one[0] - 1].begins
                )
            ),
            trials=self._trials(items, begins),
            rest_ends=closing,
            closing_ends=_at(spec.timing.run),
            pause_grid=scanner.tr if mri else 1.0,
        )

    def _kinds(self) -> list[tuple[int, BlockKind]]:
        return list(enumerate(kinds_of_blocks(self._inputs), start=1))

    def _end(self, number: int) -> float:
        """Return when a block ends (s): on average its fixations last half of the span's sum."""
        block, timing = self._spec.blocks[number - 1], self._spec.timing
        baseline = self._kinds()[number - 1][1] == "baseline"
        shown = timing.face if baseline else timing.awaiting + timing.answer
        return round(block.begins + block.trials * (sum(timing.fixation) / 2 + shown), 3)

    def _around(self, number: int, kind: BlockKind) -> list[Item]:
        """Return a block and what belongs to it, with their times; nothing is moved to fit."""
        spec, block, name = self._spec, self._spec.blocks[number - 1], f"block {number} ({kind})"
        long = round(len(spec.ratings) * spec.reports.answer, 3)
        begins, ends = block.begins, self._end(number)
        items = [Item(begins, ends, name, number, kind, "block")]

        def report(moment: str, at: float, words: str) -> Item:
            said = f"self-report {words} {name}"
            return Item(round(at, 3), round(at + long, 3), said, number, kind, moment)

        if spec.ratings and spec.reports.before:
            items.append(report("before", begins - long, "before"))
        if spec.ratings and spec.reports.after:
            items.append(report("after", ends, "right after"))
        if spec.ratings:
            items += [
                report(f"after_{minutes:g}_min", ends + 60 * minutes, f"{minutes:g} min after")
                for minutes in spec.reports.minutes_after
            ]
        if kind == "rejection" and spec.uplift is not None:
            at = round(ends + spec.uplift.begins, 3)
            until = round(at + len(spec.uplift.texts) * spec.uplift.each, 3)
            items.append(Item(at, until, f"positive task after {name}", number, kind, "uplift"))
        return items

    def _trials(self, items: Sequence[Item], begins: float) -> tuple[Trial, ...]:
        trials: list[Trial] = []
        now = begins
        for item in items:
            rest = _at(item.begins) if item.begins > now else None
            number = len(trials) + 1
            if item.part == "block":
                trials += self._block(item, number, rest)
            elif item.part == "uplift":
                trials.append(self._uplift(item, number, rest))
            else:
                trials.append(self._report(item, number, rest))
            now = item.ends
        return tuple(trials)

    def _block(self, item: Item, number: int, rest: At | None) -> list[Trial]:
        timing = self._spec.timing
        count = self._spec.blocks[item.block - 1].trials
        slot = Slot(self._inputs.session, self._inputs.task, item.block)
        ids: Sequence[str | None] = self._chance.shuffled(self._shown.get(slot, [None] * count))
        fixations = self._fixations(count)
        answers = self._answers(item.kind, count)
        trials: list[Trial] = []
        now = item.begins
        for i in range(count):
            before = rest if i == 0 else None
            looked = now + fixations[i]
            one = ids[i]
            if item.kind == "baseline":
                now = looked + timing.face
                trials.append(
                    BaselineTrial(
                        number + i, item.block, item.kind, before, one, _at(looked), _at(now)
                    )
                )
                continue
            assert one is not None
            awaited = looked + timing.awaiting
            now = awaited + timing.answer
            trials.append(
                FeedbackTrial(
                    number + i,
                    item.block,
                    item.kind,
                    before,
                    one,
                    answers[i],
                    _at(looked),
                    _at(awaited),
                    _at(now),
                )
            )
        return trials

    def _report(self, item: Item, number: int, rest: At | None) -> Report:
        each = self._spec.reports.answer
        questions = tuple(
            Question(
                rating,
                random_start(self._protocol.ratings[rating].range, self._chance),
                _at(item.begins + (i + 1) * each),
            )
            for i, rating in enumerate(self._spec.ratings)
        )
        return Report(number, item.block, item.kind, rest, item.part, questions)

    def _uplift(self, item: Item, number: int, rest: At | None) -> UpliftTask:
        uplift = self._spec.uplift
        assert uplift is not None
        ends = tuple(_at(item.begins + (i + 1) * uplift.each) for i in range(len(uplift.texts)))
        return UpliftTask(number, item.block, item.kind, rest, uplift.texts, ends)

    def _fixations(self, count: int) -> list[float]:
        """Return lengths spread evenly over the protocol's span, in random order."""
        low, high = self._spec.timing.fixation
        return self._chance.shuffled([low + (high - low) * (i + 0.5) / count for i in range(count)])

    def _answers(self, kind: BlockKind, count: int) -> list[int]:
        if kind not in SOCIAL:
            return []
        return self._chance.shuffled(apportioned(getattr(self._spec.answers, kind), count))

    def _practice(self) -> Question | None:
        if not self._spec.practice or not self._spec.ratings:
            return None
        rating = self._spec.ratings[0]
        return practice_on(rating, self._protocol.ratings[rating].range)


def _at(time: float) -> At:
    return At(round(time, 3))
