"""The player: runs a task in front of a participant, and writes down what happened.

Its frame loop looks at the inputs, asks whether the step is over by the next flip, draws and flips;
what is shown while no step is, `experiment.holds` shows. Nothing in either waits for a disk, a port
or another thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from experiment.answers import Answer, HeldKey, unanswered
from experiment.clock import Clock
from experiment.display import Display, OnFlip
from experiment.equipment import Audience, FaultSource, Keys, Log, Markers, Pulses
from experiment.errors import HardwareError, ParticipantStopped
from experiment.events import Pulse
from experiment.faults import Faults
from experiment.frames import FrameIntervals
from experiment.holds import Holds
from experiment.inputs import Inputs, sooner
from experiment.marks import MarkBook
from experiment.plain import ready, to_plain
from experiment.protocol import Buttons
from experiment.said import Said
from experiment.screens import Rated, Repeat, ScaleRange, Screen
from experiment.steps import At, OnMark, OnPulse, Outcome, Step, Task, end_of, next_planned


class Player:
    """Runs tasks in front of a participant.

    Parameters
    ----------
    clock : Clock
    display : Display
    keys : sequence of Keys
    markers : Markers or None
        None where the study has no trigger port.
    pulses : Pulses or None
        None where there is no scanner.
    log : Log
    buttons : Buttons
        What keys mean.
    codes : mapping of str to int
        The protocol's marker table.
    scales : mapping of str to ScaleRange
        The study's rating scales by name.
    policies : mapping of str to str
        What to do at a fault: ``stop``, ``hold`` at the next trial, or ``go_on``. Faults that are
        not in it let the session go on.
    audience : Audience or None
    tell : callable
        Takes a line for the operator's terminal. It is called in the frame loop and must not wait.
    marks : MarkBook or None
        Where the marks of a PET session are written down; one of its own if None.
    others : sequence of FaultSource
        Further devices whose faults are acted upon.
    volumes : int or None
        How many volumes the scanner sends in a run, dummies included, where that is known.
    attended : bool
        Whether anybody can press the operator's keys; without, a hold ends the session.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        display: Display,
        keys: Sequence[Keys],
        markers: Markers | None,
        pulses: Pulses | None,
        log: Log,
        buttons: Buttons,
        codes: Mapping[str, int],
        scales: Mapping[str, ScaleRange],
        policies: Mapping[str, str],
        audience: Audience | None = None,
        tell: Callable[[str], None] = lambda _: None,
        marks: MarkBook | None = None,
        others: Sequence[FaultSource] = (),
        volumes: int | None = None,
        attended: bool = True,
    ) -> None:
        self._clock = clock
        self._display = display
        self._markers = markers
        self._pulses = pulses
        self._log = log
        self._book = MarkBook(clock, log.add) if marks is None else marks
        self._inputs = Inputs(clock, display, keys, buttons, log, self._book, tell)
        self._frames = FrameIntervals(log, 1.0 / display.facts.nominal_hz)
        devices = (markers, pulses, self._book, self._frames, *others)
        found = [device for device in devices if device is not None]
        self._faults = Faults(clock, display, found, self._inputs, log, policies, tell)
        self._holds = Holds(
            clock,
            display,
            self._inputs,
            self._faults,
            pulses,
            log,
            lambda screen, until: self._frame(screen, Answer(accepts=None), None, until),
            attended=attended,
            closing=0.0 if buttons.stop is None else buttons.stop.closing,
        )
        self._codes = codes
        self._scales = scales
        self._audience = audience
        self._tell = tell
        self._volumes = volumes
        self._steps = 0
        self._marks = 0
        ready(Step, Outcome)  # not in the first frame that is logged

    def before_run(self) -> None:
        """Hold between two runs, if that was asked for behind the last trial of the one before.

        A hold must not reach into the next run, where it would stop it in the middle of a scan.

        Raises
        ------
        SessionAborted
            If a fault of the run before stops the session, or there is nobody to end the hold.
        ParticipantStopped
            If the participant asked to stop.
        """
        self._faults.before_run()
        if not self._inputs.pause_asked:
            return
        self._log.add("pause", self._clock.now())
        self._tell(Said("run.paused_between", key=self._inputs.pause_key))
        try:
            self._holds.hold()
        except ParticipantStopped:
            self._holds.end_kindly()
            raise

    def play(
        self,
        task: Task,
        pause_grid: float | None = None,
        lasts: float | None = None,
        *,
        whole: bool = True,
        moved: Callable[[float, float], Iterable[str]] = lambda *_: (),
    ) -> None:
        """Run a task to its end.

        Parameters
        ----------
        task : Task
        pause_grid : float or None
            Pauses are rounded up to a multiple of this (s), the TR, in timed runs.
        lasts : float or None
            How long the run is planned to last from its zero (s); None if that is not known.
        whole : bool
            Whether it is played from its begin. The scan of a rest is shorter, by how much nobody
            knows here.
        moved : callable
            Takes by how much what is to come has moved, and when it goes on (s, run clock); returns
            lines for the operator.

        Raises
        ------
        SessionAborted
            If the abort keys were held.
        ParticipantStopped
            If the participant asked to stop; a last screen was shown.
        HardwareError
            If the log can't be written any more.
        """
        run = _Run(pause_grid, lasts, self._volumes if whole else None, moved)
        if self._pulses is not None:
            self._pulses.poll()  # what is left of the run before
        try:
            step = next(task)
            while True:
                step = task.send(self._present(step, run))
        except StopIteration as ended:
            if ended.value is not None:
                self._log.add("result", self._clock.now(), result=to_plain(ended.value))
        except ParticipantStopped:
            self._holds.end_kindly()
            raise
        finally:
            if self._pulses is not None:
                self._pulses.disarm()
            self._frames.flush()
            task.close()
        self._faults.settle()

    # --- one step ---------------------------------------------------------------------------------

    def _present(self, step: Step, run: _Run) -> Outcome:
        if step.trial is not None and step.trial != run.trial:
            if self._inputs.pause_asked:
                self._pause(run)
                self._interrupt(step, run)
            run.trial, run.block = step.trial, step.block
        number = self._steps
        self._catch_up(step, run)
        self._steps += 1
        planned = run.next_onset
        self._log.add(
            "step",
            self._clock.now(),
            n=number,
            step=to_plain(step),
            planned=None if planned is None else round(planned, 6),
        )
        answer = unanswered(step, self._scales)
        onset = self._appear(step, number, answer, run)
        held = HeldKey(self._repeat_of(step.screen), onset)
        while True:
            pulse = self._first_pulse(step, onset, run)
            self._faults.look()
            answer = self._answered(number, answer, onset, held)
            done = answer.confirmed
            end = end_of(step.ends, onset, run.zero + run.shift, answered=done)
            flip = self._display.next_flip()
            began = self._began(step, pulse)
            if began is not None:
                self._begin_run(run, *began)
                run.fresh = True
                run.next_onset = None
                break
            if end is not None and flip >= end - self._half_frame:
                run.next_onset = next_planned(step.ends, end, answered=done)
                break
            self._frame(step.screen, answer, None, sooner(end, held.due), flip - onset)
        outcome = Outcome(
            onset=round(onset - run.zero, 6),
            offset=round(flip - run.zero, 6),
            response=answer.response(onset),
        )
        self._log.add("outcome", self._clock.now(), n=number, outcome=to_plain(outcome))
        self._faults.check_failures()
        return outcome

    def _appear(self, step: Step, number: int, answer: Answer, run: _Run) -> float:
        """Show a step's first frame, send its marker with it, and return the flip's stamp."""
        mark = self._plan_marker(step, number)
        if mark is not None and self._markers is not None:
            self._markers.stand_by(self._display.next_flip())

        def on_flip(stamp: float) -> None:
            if mark is not None and self._markers is not None:
                self._markers.send(*mark, stamp)

        onset = self._frame(step.screen, answer, on_flip, self._clock.now(), lit=mark is not None)
        self._log.add("onset", onset, n=number)
        if run.zero_source is None:
            self._begin_run(run, onset, "first_flip")
        if isinstance(step.ends, OnPulse):
            if self._pulses is None:
                raise HardwareError("the run waits for a scanner, but no scanner port was given")
            self._pulses.arm(run.volumes, since=onset, lasts=run.lasts)
        if self._audience is not None:
            self._audience.shown(step, onset)
        return onset

    def _began(self, step: Step, pulse: Pulse | None) -> tuple[float, str] | None:
        """Return the run's zero and what it is, if that has come."""
        if pulse is not None:
            return pulse.t, "pulse"
        if isinstance(step.ends, OnMark):
            marked = self._book.first(step.ends.mark)
            return None if marked is None else (marked, step.ends.mark)
        return None

    def _plan_marker(self, step: Step, number: int) -> tuple[int, str, int] | None:
        if step.marker is None:
            return None
        mark = (self._marks, step.marker, self._codes[step.marker])
        self._marks += 1
        self._log.add(
            "marker_planned", self._clock.now(), n=mark[0], step=number, name=mark[1], code=mark[2]
        )
        return mark

    def _begin_run(self, run: _Run, zero: float, source: str) -> None:
        run.zero = zero
        run.zero_source = source
        self._log.add("run_zero", zero, source=source)

    def _frame(
        self,
        screen: Screen,
        answer: Answer,
        on_flip: OnFlip | None,
        horizon: float | None,
        age: float = 0.0,
        lit: bool = False,
    ) -> float:
        until = sooner(horizon, self._inputs.due())
        shown = (screen, answer.cursor, answer.confirmed)
        stamp = self._display.flip(*shown, on_flip, until, age, lit)
        if self._display.facts.kind == "window":
            self._frames.add(stamp)
        return stamp

    @property
    def _half_frame(self) -> float:
        return 0.5 / self._display.facts.nominal_hz

    def _repeat_of(self, screen: Screen) -> Repeat | None:
        return self._scales[screen.rating].repeat if isinstance(screen, Rated) else None

    # --- what comes in ----------------------------------------------------------------------------

    def _answered(self, number: int, answer: Answer, onset: float, held: HeldKey) -> Answer:
        """Return the answer after all that was pressed since the last frame.

        A press that changed nothing is logged too: it came too early, or in the last frame of the
        step before, whose answer had been taken.
        """
        for press in self._inputs.presses(held):
            after = answer.after(press, onset)
            if after != answer or press.deliberate:
                self._log.add(
                    "press",
                    press.t,
                    step=number,
                    action=press.action,
                    device=press.device,
                    point=press.point,
                    cursor=after.cursor,
                    confirmed=after.confirmed,
                    used=after != answer,
                    repeat=press.repeat,
                )
                answer = after
        return answer

    def _first_pulse(self, step: Step, onset: float, run: _Run) -> Pulse | None:
        """Return the pulse that starts the run, if this step waits for one and it came."""
        pulses = [] if self._pulses is None else self._pulses.poll()
        waiting = isinstance(step.ends, OnPulse)
        if run.zero_source != "pulse":
            run.early += sum(not waiting or pulse.t < onset for pulse in pulses)
        if not waiting:
            return None
        first = next((pulse for pulse in pulses if pulse.t >= onset), None)
        if first is not None and run.early:
            self._log.add("fault", first.t, what="pulses_before_wait", count=run.early)
            self._faults.heed("pulses_before_wait")
        return first

    # --- what moves the rest of a run -------------------------------------------------------------

    def _catch_up(self, step: Step, run: _Run) -> None:
        """Move a run that began after its first step was due: an injection may be long past."""
        if not run.fresh or not isinstance(step.ends, At):
            return
        run.fresh = False
        late = self._display.next_flip() - (run.zero + run.shift + step.ends.time)
        if late <= 0:
            return
        grid = run.pause_grid or 1.0
        self._log.add("fault", self._clock.now(), what="begun_late", late=round(late, 6))
        self._faults.heed("begun_late")
        run.shift = round(run.shift + math.ceil(late / grid) * grid, 6)
        self._log_shift(run)

    def _log_shift(self, run: _Run) -> None:
        planned = None if run.next_onset is None else round(run.next_onset, 6)
        self._log.add(
            "continue",
            self._clock.now(),
            shift=run.shift,
            planned=planned,
            **{"for": self._steps},
        )
        if self._pulses is not None and run.lasts is not None:
            self._pulses.last_for(run.lasts + run.shift)
        if run.shift:
            onset = self._display.next_flip() if run.next_onset is None else run.next_onset
            for line in run.moved(run.shift, onset - run.zero):
                self._tell(line)

    def _pause(self, run: _Run) -> None:
        """Hold at a trial boundary until the pause key comes again; move the rest of the run."""
        due = self._clock.now() if run.next_onset is None else run.next_onset
        self._log.add("pause", due)
        self._tell(Said("run.paused", key=self._inputs.pause_key))
        length = self._holds.released(due, run.pause_grid)
        goes_on = None if run.next_onset is None or run.pause_grid is None else due + length
        run.next_onset = goes_on
        run.shift = round(run.shift + length, 6)
        self._log_shift(run)

    def _interrupt(self, step: Step, run: _Run) -> None:
        """Write down that a pause came between two trials of one block."""
        if step.block is None or step.block != run.block:
            return
        self._log.add("fault", self._clock.now(), what="block_interrupted", block=step.block)
        self._tell(Said("run.block", block=step.block))
        self._faults.heed("block_interrupted")


class _Run:
    """Where a run stands: its zero on the session clock, and what pauses have added."""

    def __init__(
        self,
        pause_grid: float | None,
        lasts: float | None,
        volumes: int | None,
        moved: Callable[[float, float], Iterable[str]],
    ) -> None:
        self.moved = moved
        self.pause_grid = pause_grid
        self.lasts = lasts
        self.volumes = volumes
        self.zero = 0.0
        self.zero_source: str | None = None
        self.shift = 0.0
        self.next_onset: float | None = None
        self.trial: int | None = None
        self.block: int | None = None
        self.fresh = False  # begun, and its first step not yet shown
        self.early = 0  # pulses that came before the run waited for one
