"""A whole study day with a robot participant and a simulated scanner, through the real commands."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from experiment.errors import BadInput, KindredError
from experiment.examples import EXAMPLE_ANSWERS, EXAMPLE_PARTICIPANT
from experiment.readlog import read_log
from experiment.study import Study, open_study
from hardware.scan import SimulatedScan
from hardware.simulator import simulator
from stimuli.virtual_display import some_display

_ROOT = Path(__file__).parent.parent
_SPARE_VOLUMES = 6


def show_all(out: Path | None, tell: Callable[[str], None]) -> None:
    """Make a study, run both its sessions, prove, picture and export them; name the files.

    Parameters
    ----------
    out : Path or None
        A folder that is empty or isn't there; a new numbered one if None.
    tell : callable
        Takes one line.

    Raises
    ------
    KindredError
        If any part fails.
    """
    out = _new_folder() if out is None else out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out}: exists and isn't an empty folder; choose another")
    study, person = out / "my-study", EXAMPLE_PARTICIPANT
    tell("1. A study, and the kit of a participant from their people's answers")
    _command("init", study)
    answers = study / EXAMPLE_ANSWERS
    _command("kit", "import", answers, "--study", study, "--participant", person)
    _command("kit", "review", study, "--participant", person, "--by", "KR", "--accept-all")
    opened = open_study(study)

    tell("2. Session 01: in the scanner, in real time, markers out and pulses in over serial ports")
    scan = SimulatedScan(
        tr=opened.protocol.scanner.tr,
        volumes=_volumes(opened),
        start_on=opened.protocol.markers["waiting"],
    )
    with some_display() as virtual, _wires(scan, out, tell) as wires:
        if virtual is not None:
            tell(f"   (no screen here: a virtual display is used, {virtual})")
        session = ("run", study, "--participant", person, "--robot", "typical")
        _command(*session, "--session", "01", *wires, watch=_watcher(opened, "01", tell))
        tell("3. Session 02: in the lab, self-paced, on a virtual clock")
        _command(*session, "--session", "02", "--speed", "fast", "--no-window")

    tell("4. Proof, pictures and export, all from the logs")
    kit = opened.kit_folder(person)
    sheets = []  # they show texts, so they lie with the kit
    for log in opened.logs():
        sheets.append(kit / f"{log.stem}_sheet.png")
        _command("replay", log, "--verify", "--sheet", sheets[-1], "--kit", kit)
    _command("export", study, "--bids", study / "bids")
    _validate(study / "bids", tell)

    first = opened.logs()[0]
    tell("\nOpen these:")
    for what, path in (
        ("what was shown", sheets[0]),
        ("how it kept time", first.with_name(first.stem + "_timing.png")),
        ("the log itself", first),
        ("the BIDS data set", study / "bids"),
    ):
        tell(f"   {what:18} {path}")


@contextmanager
def _wires(
    scan: SimulatedScan, out: Path, tell: Callable[[str], None]
) -> Iterator[tuple[str, ...]]:
    """Yield the options that connect a session to a simulated scanner and trigger box."""
    if sys.platform == "win32":
        tell("   (no pseudo-terminals on this system: the mock scanner and port are used)")
        yield ("--port", "mock:", "--scanner", "mock:")
        return
    with simulator(scan, out / "simulator.jsonl") as ports:
        yield ("--port", f"{ports.trigger}?device=plain&pulse_ms=5", "--scanner", ports.scanner)


def _new_folder() -> Path:
    for number in itertools.count(1):
        folder = Path("demo-output") / f"{number:03d}"
        if not folder.exists():
            return folder
    raise AssertionError


def _volumes(study: Study) -> int:
    """Return how many volumes cover the longest run of the example."""
    from experiment.kit import load_kit
    from experiment.plans.messages import plan_messages
    from experiment.plans.plan import PlanInputs

    kit = load_kit(study.kit_folder(EXAMPLE_PARTICIPANT)).index()
    plan = plan_messages(
        PlanInputs(study.protocol, "messages", kit, "01", EXAMPLE_PARTICIPANT, study.seed)
    )
    return int((plan.planned_duration or 0) / study.protocol.scanner.tr) + _SPARE_VOLUMES


def _command(*words: str | Path, watch: Callable[[], None] | None = None) -> None:
    """Run one of the program's own commands, its output indented."""
    process = subprocess.Popen(
        [sys.executable, str(_ROOT / "run_session.py"), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while watch is not None and process.poll() is None:
        watch()
        time.sleep(0.5)
    output, _ = process.communicate()
    print("".join(f"   {line}\n" for line in output.splitlines()), end="", flush=True)
    if process.returncode:
        raise KindredError(f"{words[0]} failed; see above")


def _watcher(study: Study, session: str, tell: Callable[[str], None]) -> Callable[[], None]:
    """Return a look at a running session's log that tells each new trial."""
    told: set[int] = set()

    def watch() -> None:
        for file in study.log_folder(EXAMPLE_PARTICIPANT, session).glob("*.jsonl"):
            try:
                log = read_log(file)
            except BadInput:
                return  # its header is being written
            trials = {step["step"]["trial"] for step in log.of("step")} - {None} - told
            for trial in sorted(trials):
                told.add(trial)
                pulses = sum(1 for _ in log.of("pulse"))
                tell(f"   trial {trial} of {_trials(log.header)}, volume {pulses}")

    return watch


def _trials(header: dict[str, dict[str, dict[str, list[object]]]]) -> int:
    return sum(len(plan["trials"]) for plan in header["plans"].values())


def _validate(folder: Path, tell: Callable[[str], None]) -> None:
    from analysis.bids_validator import validate

    found = validate(folder)
    tell(f"   BIDS validator: {len(found.errors)} errors, {len(found.warnings)} warnings")
    for line in (*found.errors, *found.warnings):
        tell(f"     {line}")
    if found.errors or found.warnings:
        raise KindredError(f"{folder}: the BIDS validator found errors")
