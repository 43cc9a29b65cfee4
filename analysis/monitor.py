"""The operator's console: what a session does right now, read from its log and nothing else.

It runs in a process of its own and opens the log for reading only, so it may be started and stopped
at any time. It shows marker names and labels, never a text or a person's name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Center, Horizontal, Vertical
from textual.css.query import NoMatches
from textual.widgets import Digits, Input, Static

from analysis.advance import advance
from analysis.follow import Follower, newest_log
from analysis.monitor_texts import (
    clock_of,
    fault_lines,
    heading,
    is_alarm,
    markers,
    progress,
    read_texts,
    scanner,
    sentence,
)
from analysis.standing import OVER, Phase, State
from experiment.errors import BadInput
from experiment.log import SCHEMA
from experiment.notes import add_note, note_now
from experiment.readlog import header_of

Found = TypeVar("Found")
_POLL = 0.25  # s
_AT_ONCE = 0.02  # s that a look waits for its answer: most logs have it by then
_LOOK_FOR_NEWER = 2.0  # s
_PATIENCE = 3.0  # s until a log that does not answer is said to be out of reach
_OLD = 3600.0  # s; of a study, a log not written to for that long is no session to follow


def run_monitor(path: Path, by: str | None = None, language: str = "en") -> None:
    """Show what a session does until the operator leaves with q.

    Parameters
    ----------
    path : Path
        A study, whose newest session is followed, or a log. A log need not exist yet.
    by : str or None
        Who writes notes; the user of this machine if None.
    language : str
        Tag; English where there are no texts in it.

    Raises
    ------
    BadInput
        If it is neither.
    """
    answer = Errand(lambda: check_path(path))
    if answer.wait(_PATIENCE):
        answer.result()  # a share that hangs is shown as such, by the console
    Monitor(path, by=by, language=language).run()


def check_path(path: Path) -> None:
    """Make sure that a path can be followed.

    Raises
    ------
    BadInput
        If it is no study and no log.
    """
    if path.is_dir():
        if not (path / "study.yaml").is_file() and not (path / "sourcedata").is_dir():
            raise BadInput(f"{path}: not a study (no study.yaml in it), nor a log")
    elif not path.exists():
        if path.suffix != ".jsonl":
            raise BadInput(f"{path}: no such study or log (*.jsonl)")
    elif _has_line(path):
        _check_header(path)


def _has_line(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.readline().endswith(b"\n")


def _check_header(file: Path) -> None:
    header = header_of(file)
    if header["type"] != "header":
        raise BadInput(f"{file}:1: not a session log (its first line must be the header)")
    if header.get("schema") != SCHEMA:
        raise BadInput(
            f"{file}:1: log version {header.get('schema')}, this software reads {SCHEMA}"
        )


class Errand(Generic[Found]):
    """Something done in a thread that nobody waits for at the end.

    A share that hangs holds whoever reads it, for ever if need be; neither an executor's threads
    nor textual's workers may be left behind like that.

    Parameters
    ----------
    do : callable
    """

    def __init__(self, do: Callable[[], Found]) -> None:
        self._do = do
        self._done = threading.Event()
        self._found: Found
        self._error: BadInput | None = None
        threading.Thread(target=self._run, name="log reader", daemon=True).start()

    def _run(self) -> None:
        try:
            self._found = self._do()
        except BadInput as error:
            self._error = error
        finally:
            self._done.set()

    def wait(self, seconds: float = 0.0) -> bool:
        """Return whether it is done, after some seconds at most."""
        return self._done.wait(seconds)

    def result(self) -> Found:
        """Return what was found, or raise what was wrong."""
        if self._error is not None:
            raise self._error
        return self._found


class Source:
    """What is followed: one log, or a study's newest.

    Parameters
    ----------
    path : Path
        A study or a log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_study: bool | None = None  # not looked at yet: that may hang
        self._follower: Follower | None = None
        self._look_at = 0.0
        self.state = State()

    @property
    def trouble(self) -> str | None:
        """Why the log can't be read, if it was there before."""
        known = self.state.session is not None
        return self._follower.trouble if known and self._follower else None

    @property
    def damaged(self) -> int:
        """Lines that could not be read."""
        return self._follower.damaged if self._follower else 0

    def poll(self, now: float) -> State:
        """Read what is new and return where the session stands at a time (s, UTC)."""
        if self._is_study is None:
            self._is_study = self._path.is_dir()
            self._follower = None if self._is_study else Follower(self._path)
        if self._is_study and now >= self._look_at:
            self._look_at = now + _LOOK_FOR_NEWER
            self._look_for_newer(now)
        if self._follower is not None:
            self.state = advance(self.state, self._follower.poll(), now)
        return self.state

    @property
    def file(self) -> Path | None:
        """The log that is followed; None if there is none yet."""
        return None if self._follower is None else self._follower.file

    def _look_for_newer(self, now: float) -> None:
        """Take a newer log up, but never let go of one that is being written."""
        if self.state.phase not in (*OVER, Phase.NO_SESSION, Phase.SILENT):
            return
        newest = newest_log(self._path, since=now - _OLD)
        if newest is not None and (self._follower is None or newest != self._follower.file):
            self._follower, self.state = Follower(newest), State()


class Monitor(App[None]):
    """The console.

    Parameters
    ----------
    path : Path
        A study or a log.
    now : callable
        Returns UTC (s since 1970).
    patience : float
        Seconds until a log that does not answer is said to be out of reach.
    by : str or None
        Who writes notes.
    """

    TITLE = "Kindred monitor"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""  # keys are commands until a note is typed
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "quit", "leave"),
        ("n", "note", "note"),
        ("escape", "no_note", "no note"),
    ]
    CSS = """
    Screen { background: #10151a; color: #e6edf3; overflow: hidden; }
    #top { height: 1; background: #26303a; padding: 0 2; }
    #heading { width: 1fr; text-style: bold; }
    #clock { width: auto; }
    #phase { height: 1fr; min-height: 8; align: center middle; color: #ffffff; padding-top: 1; }
    #phase Center { height: 5; }
    #word { width: auto; height: 5; }
    #says { width: 100%; height: auto; text-align: center; text-style: bold; margin-top: 1; }
    #phase.no_session { background: #39434d; }
    #phase.starting { background: #44546a; }
    #phase.waiting { background: #1f5fbf; }
    #phase.running { background: #14713a; }
    #phase.running.alarm, #phase.waiting.alarm { background: #b3141e; }
    #phase.hold { background: #f2b705; color: #000000; }
    #phase.done { background: #0b5563; }
    #phase.aborted, #phase.crashed, #phase.silent { background: #b3141e; }
    #panels { height: 8; }
    .panel { width: 1fr; height: 8; border: round #5b6b7a; border-title-color: #9fb0c0;
             padding: 0 1; }
    .panel Digits { width: 100%; text-style: bold; }
    .panel Static { width: 100%; height: 3; }
    #faults { height: 1fr; min-height: 6; border: round #5b6b7a; padding: 0 1;
              border-title-color: #9fb0c0; }
    #faults.some { border: round #e5484d; border-title-color: #ff8087; }
    #faults.alarm { border: round #ffffff; border-title-color: #ffffff;
                    border-title-style: bold; background: #b3141e; color: #ffffff; }
    #bottom { height: 1; padding: 0 2; color: #9fb0c0; }
    #note { display: none; height: 1; border: none; padding: 0 2; background: #26303a; }
    """

    def __init__(
        self,
        path: Path,
        now: Callable[[], float] = time.time,
        patience: float = _PATIENCE,
        by: str | None = None,
        language: str = "en",
    ) -> None:
        super().__init__()
        self._patience = patience
        self._source = Source(path)
        self._by = by
        self._writing: Errand[None] | None = None
        self._about_note = ""
        self._reading: Errand[State] | None = None
        self._asked = 0.0  # when the reading began (monotonic)
        self._state = State()
        self._trouble: str | None = None
        self._damaged = 0
        self._texts = read_texts(language)
        self._now = now

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield Static(id="heading", markup=False)
            yield Static(id="clock", markup=False)
        with Vertical(id="phase"):
            with Center():
                yield Static(id="word", markup=False)
            yield Static(id="says", markup=False)
        with Horizontal(id="panels"):
            for name in ("scanner", "run", "marker"):
                with Vertical(classes="panel", id=name) as panel:
                    panel.border_title = self._texts.says("panels", name)
                    yield Digits()
                    yield Static(markup=False)
        yield Static(id="faults", markup=False)
        yield Static(id="bottom", markup=False)
        yield Input(id="note", placeholder=self._texts.says("note", "prompt"))

    def on_mount(self) -> None:
        """Look at the log from now on, four times a second."""
        self.set_interval(_POLL, self.look)
        self.call_after_refresh(self.look)

    def on_resize(self) -> None:
        """Use the new room."""
        self.call_after_refresh(self._draw, self._state)

    def action_note(self) -> None:
        """Open the line in which a note is typed."""
        if self._source.file is None:
            self._about_note = self._texts.says("note", "no_session")
            return
        self._show_line(typing=True)

    def action_no_note(self) -> None:
        """Leave the line; nothing is kept."""
        self._show_line(typing=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the note beside the log, without waiting for a share that hangs."""
        log, words = self._source.file, event.value
        self._show_line(typing=False)
        if log is not None and words.strip():
            note = note_now(words, self._by)
            self._writing = Errand(lambda: add_note(log, note))

    def _show_line(self, *, typing: bool) -> None:
        line = self.query_one("#note", Input)
        line.value = ""
        line.display = typing
        self.query_one("#bottom").display = not typing
        if typing:
            line.focus()
        else:
            self.set_focus(None)

    def _take_note(self) -> None:
        if self._writing is None or not self._writing.wait():
            return
        try:
            self._writing.result()
            self._about_note = self._texts.says("note", "kept")
        except BadInput as error:
            self._about_note = str(error)
        self._writing = None

    def look(self) -> None:
        """Show where the session stands, and have what is new read."""
        self._take_note()
        self._take()
        if self._reading is None:
            now = self._now()
            self._asked = time.monotonic()
            self._reading = Errand(lambda: self._source.poll(now))
            self._reading.wait(_AT_ONCE)
            self._take()
        self._draw(self._state)

    @property
    def is_reading(self) -> bool:
        """Whether the log has not yet answered."""
        return self._reading is not None and not self._reading.wait()

    def _take(self) -> None:
        """Take what was read; without an answer, tell how long that has been so."""
        if self._reading is None:
            return
        if self._reading.wait():
            self._state = self._reading.result()
            self._trouble, self._damaged = self._source.trouble, self._source.damaged
            self._reading = None
            return
        waited = time.monotonic() - self._asked
        self._state = advance(self._state, [], self._now())
        if waited > self._patience:
            self._trouble = self._texts.says("no_answer", waited=clock_of(waited))

    def _draw(self, state: State) -> None:
        with suppress(NoMatches):  # while it is being left, the panels go before the timer does
            self._show(state)

    def _show(self, state: State) -> None:
        phase = state.phase.value
        texts = self._texts
        self._say("#heading", heading(state, texts))
        self._say("#clock", time.strftime("%H:%M:%S", time.localtime(self._now())))
        alarm = any(is_alarm(fault, state, texts) for fault in state.faults)
        self.query_one("#phase").set_classes(f"{phase} alarm" if alarm else phase)
        self._say("#word", texts.big(texts.says("phases", phase, "word")))
        self._say("#says", sentence(state, texts))
        self._fill("scanner", *scanner(state, texts))
        self._fill("run", *progress(state, texts))
        self._fill("marker", *markers(state, texts))
        self._show_faults(state, "alarm" if alarm else "some" if state.faults else "")
        # What is wrong comes first: on a narrow terminal the end of the line is cut off.
        self._say("#bottom", "   ".join([*self._notes(), texts.says("keys")]))

    def _show_faults(self, state: State, urgency: str) -> None:
        panel = self.query_one("#faults", Static)
        panel.set_classes(urgency)
        count = sum(fault.count for fault in state.faults)
        panel.border_title = self._texts.says(
            "panels", "faults" if count else "no_faults", count=count
        )
        panel.update(fault_lines(state, self._texts, panel.content_size.height))

    def _notes(self) -> list[str]:
        notes = [self._about_note] if self._about_note else []
        if self._trouble:
            notes.append(f"{self._texts.says('unreachable')}: {self._trouble}")
        if self._damaged:
            notes.append(f"{self._damaged} {self._texts.says('damaged')}")
        return notes

    def _fill(self, panel: str, number: str, lines: list[str]) -> None:
        self.query_one(f"#{panel} Digits", Digits).update(number)
        self._say(f"#{panel} Static", "\n".join(lines))

    def _say(self, where: str, text: str | Text) -> None:
        self.query_one(where, Static).update(text)
