"""What the operator's console says about where a session stands: words, numbers, advice.

All of it comes from ``texts/monitor.yaml``, or in other languages ``texts/monitor.LANGUAGE.yaml``.
Marker names and labels are shown, never a text or a person's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from analysis.standing import Fault, Phase, State
from experiment.yaml_files import read_yaml

_TEXTS = Path(__file__).parent / "texts"
_FRESH = 60.0  # s for which a fault is shown in full red
_ROWS = 5  # of a big letter
_NONE = "-"
_WIDTH = 22  # characters in a panel of the narrowest screen
_LINES = 3  # under a panel's big number
_ALSO = 56  # characters of names in the line of other faults


@dataclass(frozen=True)
class Texts:
    """Everything that is said to the operator.

    Parameters
    ----------
    tree : dict
        The text file.
    """

    tree: dict[str, Any]

    def says(self, *keys: str, **values: object) -> str:
        """Return a text by its place in the file, with values filled in."""
        node: Any = self.tree
        for key in keys:
            node = node[key]
        return str(node).format(**values)

    def label(self, name: str, **values: object) -> str:
        """Return a short line with values filled in."""
        return self.says("labels", name, **values)

    def fault(self, name: str, **values: object) -> tuple[str, str]:
        """Return a fault's title and what to do; its bare name if it is unknown."""
        known = self.tree["faults"].get(name)
        if known is None:
            return name[:40], self.says("unknown_fault")
        return known["title"], known["do"].format(**values)

    def title(self, name: str) -> str:
        """Return a fault's title; its bare name if it is unknown."""
        known = self.tree["faults"].get(name)
        return name[:40] if known is None else str(known["title"])

    def fault_is(self, name: str, trait: str) -> bool:
        """Whether a fault is ``lasting``, or only a ``note``."""
        return bool(self.tree["faults"].get(name, {}).get(trait, False))

    def big(self, word: str) -> Text:
        """Return a word in letters of 5 rows; a point is a square of two reversed blanks."""
        letters = [self.tree["letters"][letter] for letter in word]
        drawn = Text()
        for row in range(_ROWS):
            for point in " ".join(letter[row] for letter in letters):
                drawn.append("  ", style="reverse" if point == "#" else "")
            drawn.append("\n" if row < _ROWS - 1 else "")
        return drawn


def read_texts(language: str = "en") -> Texts:
    """Read what is said in a language; in English if there is no file for it.

    The big words with their letters, and which faults last, are the English file's.
    """
    tree: dict[str, Any] = read_yaml(_TEXTS / "monitor.yaml")
    other = _TEXTS / f"monitor.{language}.yaml"
    return Texts(_over(tree, read_yaml(other)) if other.is_file() else tree)


def _over(tree: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return a tree with the leaves of another one in place of its own."""
    merged = dict(tree)
    for key, node in other.items():
        below = merged.get(key)
        merged[key] = _over(below, node) if isinstance(below, dict) else node
    return merged


def sentence(state: State, texts: Texts) -> str:
    """Return the line under the big word."""
    if state.phase is Phase.WAITING:
        return texts.says("awaits", state.awaits)
    if state.phase is Phase.HOLD and not state.hold_asked:
        return texts.says("releasing")
    if state.phase is not Phase.RUNNING:
        quiet, held = clock_of(state.quiet), clock_of(state.held)
        return texts.says(
            "phases", state.phase.value, "says", quiet=quiet, held=held, pause=_keys(state)["pause"]
        )
    if state.hold_asked:
        return texts.says("holding")
    if state.due is not None and not state.in_step:
        return texts.says("out_of_step", seen=state.slot, due=state.due)
    if state.block is not None:
        block, left, runs = state.block
        return texts.says(
            "in_block" if runs else "next_block",
            number=block.number,
            condition=block.condition,
            left=clock_of(left),
        )
    if state.due is None:
        return texts.says("phases", "running", "says")
    return texts.says("in_step", state.first_known)


def _keys(state: State) -> dict[str, str]:
    """Return the keys that texts name, as the session's protocol has them."""
    session = state.session
    if session is None:
        return {"pause": "", "abort": ""}
    return {"pause": session.pause_key, "abort": session.abort_keys}


def heading(state: State, texts: Texts) -> str:
    """Return who, which session and which run, by their labels."""
    session, planned = state.session, state.planned
    if session is None:
        return texts.says("title")
    parts = [f"sub-{session.participant}  ses-{session.session}"]
    if planned is not None:
        runs = max(run.number for run in session.runs)
        parts.append(texts.label("run", task=planned.task, run=planned.number, runs=runs))
    if session.robot:
        parts.append(texts.says("rehearsal"))
    return "   ".join(parts)


def scanner(state: State, texts: Texts) -> tuple[str, list[str]]:
    """Return the big number about the scanner, and the lines under it."""
    session, grid = state.session, state.grid
    if session is None:
        return _NONE, []
    marks = [
        texts.label("mark", mark=texts.says("marks", mark.name), ago=clock_of(state.now - mark.t))
        for mark in state.marks
    ]
    if not session.has_scanner:
        return _NONE, (marks or [texts.label("no_scanner")])[-_LINES:]
    known = state.expected is not None
    lines = [texts.label("expected" if known else "volumes", expected=state.expected)]
    if grid is not None:
        lines.append(texts.label("tr", tr=grid.tr))
        lines.append(texts.label("residual", ms=1e3 * grid.residual))
    elif session.tr is not None and not marks:
        lines.append(texts.label("planned_tr", tr=session.tr))
    return str(state.volumes), [*lines, *marks][:_LINES]


def progress(state: State, texts: Texts) -> tuple[str, list[str]]:
    """Return the time left in the run, and the lines under it."""
    if state.session is None:
        return _NONE, []
    run, whole, planned = state.run_left, state.session_left, state.planned
    lines = [
        texts.label("run_paced" if run is None else "run_left"),
        texts.label("session_paced")
        if whole is None
        else texts.label("session_left", left=clock_of(whole)),
    ]
    if planned is not None and planned.trials:
        begun = "trial" if state.trial else "trials"
        lines.append(texts.label(begun, trial=state.trial, trials=planned.trials))
    return _NONE if run is None else clock_of(run), lines


def markers(state: State, texts: Texts) -> tuple[str, list[str]]:
    """Return the last marker's code, and the lines under it."""
    if state.session is None:
        return _NONE, []
    if not state.session.has_port:
        return _NONE, [texts.label("no_port")]
    counts = texts.label("sent", sent=state.sent, unsent=state.unsent)
    if state.marker is None:
        return _NONE, [texts.label("no_marker"), "", counts]
    lag = texts.label("lag", ms=1e3 * state.marker.lag)
    if state.session.has_echo:
        counts = texts.label("sent_and_back", sent=state.sent, echoed=state.echoed)
    return str(state.marker.code), [state.marker.name[:_WIDTH], lag, counts]


def clock_of(seconds: float) -> str:
    """Return a length of time as minutes:seconds, with hours if there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def is_alarm(fault: Fault, state: State, texts: Texts) -> bool:
    """Whether a fault is to be seen from across the room: it lasts, or is new."""
    if fault.over or texts.fault_is(fault.name, "note"):
        return False
    return texts.fault_is(fault.name, "lasting") or state.now - fault.last < _FRESH


def by_weight(state: State, texts: Texts) -> list[Fault]:
    """Return the faults, those first that need somebody."""

    def weight(fault: Fault) -> tuple[bool, bool, bool]:
        return (
            fault.over,
            texts.fault_is(fault.name, "note"),
            not texts.fault_is(fault.name, "lasting"),
        )

    return sorted(state.faults, key=weight)


def fault_lines(state: State, texts: Texts, rows: int) -> Text:
    """Return the faults with what to do, in as much detail as there is room for.

    Parameters
    ----------
    state : State
    texts : Texts
    rows : int
        Lines that there is room for, of at least 76 characters.
    """
    faults = by_weight(state, texts)
    lines = Text()
    detailed = faults if rows >= 3 * len(faults) else faults[:1]
    for fault in detailed:
        if lines:
            lines.append("\n")
        lines.append(_title(fault, state, texts), style=_style(fault, state, texts))
        if not fault.over:
            lines.append("\n" + texts.fault(fault.name, **_keys(state))[1])
    others = faults[len(detailed) :]
    if others:
        lines.append("\n" + _also(others, texts))
    return lines


def _title(fault: Fault, state: State, texts: Texts) -> str:
    marker = f": {fault.marker}" if fault.marker else ""
    ago = clock_of(max(0.0, state.now - fault.last))
    if fault.earlier_run is not None:
        when = texts.label("earlier", run=fault.earlier_run, ago=ago)
    else:
        when = texts.label("mended" if fault.over else "ago", ago=ago)
    return f"{_counted(fault, texts)}{marker}   {when}"


def _counted(fault: Fault, texts: Texts) -> str:
    title = texts.title(fault.name)
    return title if fault.count == 1 else f"{title} × {fault.count}"


def _style(fault: Fault, state: State, texts: Texts) -> str:
    if is_alarm(fault, state, texts):
        return "bold"
    return "yellow" if fault.over or texts.fault_is(fault.name, "note") else "bold #ff8087"


def _also(faults: list[Fault], texts: Texts) -> str:
    """Return faults in one line of 76 characters."""
    names = [_counted(fault, texts) for fault in faults]
    shown = len(names)
    while shown > 1 and len(", ".join(names[:shown])) > _ALSO:
        shown -= 1
    line = ", ".join(names[:shown])
    if shown < len(names):
        line = texts.label("more", names=line, count=len(names) - shown)
    return texts.label("also", names=line)
