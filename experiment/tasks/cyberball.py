"""Cyberball: a ball is thrown around, and after some time nobody throws it to the participant.

Williams and Jarvis 2006; in the scanner Eisenberger et al. 2003. The others throw by the plan; the
participant throws to whom they like, and the game goes on from there.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace

from experiment.dose import YOU, Dose, GameResult, Tally
from experiment.plans.cyberball import CyberballPlan, Round
from experiment.protocol.cyberball import REMINDER
from experiment.screens import Closing, Court, Fixation, Throw
from experiment.steps import After, Ends, OnResponse, Outcome, Response, Step, Task
from experiment.steps import ResponseKind as Takes
from experiment.tasks.opening import opening


def cyberball(plan: CyberballPlan) -> Task:
    """Have the others arrive, then play round after round; return what each came to."""
    arriving = (Step(moment.screen, ends=moment.ends, marker="lobby") for moment in plan.lobby)
    marker = yield from opening(plan, then=arriving)
    yield Step(Fixation(), ends=plan.lead_in_ends, marker=marker)
    doses = []
    for game in plan.trials:
        if game.rest_ends is not None:
            yield Step(Fixation(), ends=game.rest_ends, marker="rest")
        dose = yield from _Game(game, plan).play()
        doses.append(dose)
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")
    return GameResult(tuple(doses))


class _Game:
    """A round in play: who has the ball, and how much time is left."""

    def __init__(self, game: Round, plan: CyberballPlan) -> None:
        self._game = game
        self._plan = plan
        self._holder = game.script.first
        self._turns = [0] * len(plan.players)
        self._thrown = 0
        self._excluded = False
        self._tally = Tally(game.number, len(plan.players) + 1, watching=game.watching)
        self._ends = math.inf  # of the round, on the run clock (s)
        self._now = -math.inf
        self._arrival: str | None = "round_begins"  # marker of the next screen of the court

    def play(self) -> Generator[Step, Outcome, Dose]:
        """Throw until the round's throws are made, or its time is over."""
        for number in range(1, len(self._game.script.throws) + 1):
            if self._holder == YOU:
                catcher = yield from self._participants_turn(number)
            else:
                catcher = yield from self._others_turn(number)
            if catcher is None:
                break  # there is no time left for another throw
            yield from self._throw(catcher)
        outcome = yield from self._show(self._court(), self._until_over(), self._arrived())
        return self._tally.over(outcome.offset)

    def _others_turn(self, number: int) -> Generator[Step, Outcome, int | None]:
        """Have one of the others hold the ball, turn to somebody, and throw."""
        plan, holder = self._plan, self._holder
        delay = self._game.script.throws[number - 1].delay
        if self._left() < delay + plan.flight + plan.settle:
            return None
        catcher = self._game.script.target(number, holder, self._turns[holder - 1] + 1)
        holding = After(round(delay - plan.turning, 3))
        yield from self._show(self._court(), holding, self._arrived())
        yield from self._show(self._court(turned_to=catcher), After(plan.turning))
        self._turns[holder - 1] += 1
        return catcher

    def _participants_turn(self, number: int) -> Generator[Step, Outcome, int | None]:
        """Wait for the participant's choice; remind them, and at last throw for them."""
        plan = self._plan
        limit = math.inf if plan.limit is None else plan.limit
        time = min(limit, self._left() - plan.turning - plan.flight - plan.settle)
        if time <= 0:
            return None
        response = yield from self._choice(time)
        if response is not None and response.confirmed:
            assert response.value is not None, "a choice is a player"
            catcher, marker = response.value, "choice"
        elif time < limit:
            return None  # the round's time was over first
        else:
            catcher, marker = self._game.script.throws[number - 1].automatic, "choice_automatic"
            self._tally.thrown_for_you()
        yield from self._show(self._court(turned_to=catcher), After(plan.turning), marker)
        return catcher

    def _choice(self, time: float) -> Generator[Step, Outcome, Response | None]:
        """Take a choice within so many seconds, with a reminder on the way."""
        reminder = self._plan.reminder
        first = time if reminder is None else min(reminder, time)
        outcome = yield from self._show(
            self._court(), _answer_within(first), self._arrived(), Takes.CHOICE
        )
        response = outcome.response
        if first == time or (response is not None and response.confirmed):
            return response
        self._tally.reminded()
        court = self._court(line=REMINDER, cursor=None if response is None else response.value)
        outcome = yield from self._show(
            court, _answer_within(time - first), "reminder", Takes.CHOICE
        )
        return outcome.response

    def _throw(self, catcher: int) -> Generator[Step, Outcome, None]:
        """Have the ball fly."""
        plan, thrower = self._plan, self._holder
        ball = Throw(plan.players, thrower, catcher, plan.flight, self._game.watching)
        outcome = yield from self._show(ball, After(plan.flight), "throw_begins")
        self._tally.thrown(thrower, catcher, outcome.onset, outcome.offset)
        self._holder = catcher
        self._thrown += 1
        self._arrival = "have_ball" if catcher == YOU else "ball_arrives"

    # --- what all of them need --------------------------------------------------------------------

    def _court(
        self, turned_to: int | None = None, line: str | None = None, cursor: int | None = None
    ) -> Court:
        court = Court(self._plan.players, self._holder, watching=self._game.watching)
        return replace(court, turned_to=turned_to, line=line, cursor=cursor)

    def _arrived(self) -> str | None:
        """Return the marker of the flip at which the ball is there, the first time it is asked."""
        marker, self._arrival = self._arrival, None
        begun = self._game.script.excluding(self._holder, self._thrown, self._turns)
        if marker is not None and begun and not self._excluded:
            return "exclusion_begins"
        return marker

    def _show(
        self,
        screen: Court | Throw,
        ends: Ends,
        marker: str | None = None,
        accepts: Takes | None = None,
    ) -> Generator[Step, Outcome, Outcome]:
        """Show a screen of the round, and keep its time."""
        number = self._game.number
        outcome = yield Step(screen, ends, marker, accepts, trial=number, block=number)
        if math.isinf(self._now):
            self._tally.begun(outcome.onset, self._holder)
            if self._game.seconds is not None:
                self._ends = outcome.onset + self._game.seconds
        if marker == "exclusion_begins":
            self._excluded = True
            self._tally.excluded(outcome.onset)
        self._now = outcome.offset
        return outcome

    def _left(self) -> float:
        """Return the time that is left of the round (s)."""
        if self._game.seconds is not None and math.isinf(self._ends):
            return self._game.seconds
        return self._ends - self._now

    def _until_over(self) -> Ends:
        """Return when the round's last screen ends."""
        if self._game.ends is not None:
            return self._game.ends
        if self._game.seconds is not None:
            return After(round(max(self._left(), 0.0), 6))
        return After(self._plan.settle)


def _answer_within(time: float) -> OnResponse:
    return OnResponse(None if math.isinf(time) else round(time, 6))
