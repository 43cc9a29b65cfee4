"""Exports of thousands of sessions: how long, how much memory, and beside the usual way.

The logs are of a few hundred robots' sessions in real form, relabelled for the rest
(`benchmarks.many`).
"""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import psutil

from analysis import tables
from analysis.replay import verify
from analysis.study_tables import table_lines
from analysis.timing import measure
from benchmarks.feedback import pet_request, pet_study
from benchmarks.many import many
from benchmarks.ratios import Ratio, paired
from benchmarks.studies import long_study
from benchmarks.table import Row, at_most, beside, surely_at_least, surely_at_most, why
from experiment.examples import EXAMPLE_PARTICIPANT
from experiment.log import link
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run

ROOT = Path(__file__).parents[1]
_TEMPLATES = 200  # real sessions, each the original of so many copies
_TRIALS = 20
_ROUNDS, _PAIRS = 6, 3


def sessions(folder: Path, count: int) -> list[Row]:
    """Export so many sessions, and half of them, in several ways."""
    study = long_study(folder / "study", _TRIALS)
    source = study / "sourcedata"
    originals = _originals(study, folder, min(_TEMPLATES, max(count // 10, 10)))
    _progress(f"{len(originals)} sessions with robots were run; half of {count}")
    logs = list(many(originals, source, count // 2))
    half = _export(study, folder / "half", "--workers", "2", report=True)
    half_again = _export(study, folder / "half", report=True)
    _progress(f"{half.seconds:.0f} s; all of them")
    logs = list(many(originals, source, count))
    size = sum(log.stat().st_size for log in logs)
    rows = [
        Row(
            "sessions, real ones among them, logs",
            f"{count}, {len(originals)}, {size / 1e6:.0f} MB",
        )
    ]
    whole = _export(study, folder / "whole", "--workers", "2", report=True)
    _progress(f"{whole.seconds:.0f} s; again")
    rows += [
        at_most(
            "BIDS, tables and the study's report, two workers, for 10,000 sessions",
            _for_all(half, whole, count),
            900,
            "s",
        ),
        beside("as measured, start of the workers included", whole.seconds, "s"),
        beside("that of half as many sessions", half.seconds, "s"),
        at_most("memory of all processes together, peak", whole.memory / 1e6, 1000, "MB"),
        beside("that of half as many", half.memory / 1e6, "MB"),
    ]
    again = _export(study, folder / "whole", report=True)
    rows += [
        at_most(
            "again without changes, for 10,000 sessions",
            _for_all(half_again, again, count),
            60,
            "s",
        ),
        beside("as measured, the report included", again.seconds, "s"),
        beside("memory of that", again.memory / 1e6, "MB"),
    ]
    logs[0].write_bytes(logs[0].read_bytes() + b"{")  # a torn last line
    one = _export(study, folder / "whole", report=True)
    rows.append(beside("again with one changed log", one.seconds, "s"))
    _progress(f"{_ROUNDS} rounds of each way beside the others")
    rows += _side_by_side(study, folder, originals, min(count, 1000))
    return rows


def twice(folder: Path, count: int) -> list[Row]:
    """Export so many sessions and half of them in turn, by two workers, starts included."""
    study = long_study(folder / "study", _TRIALS)
    originals = _originals(study, folder, min(_TEMPLATES, max(count // 10, 10)))
    half = folder / "half-study"
    shutil.copytree(study, half)
    list(many(originals, half / "sourcedata", count // 2))
    list(many(originals, study / "sourcedata", count))
    took: dict[str, list[float]] = {"whole": [], "half": []}
    studies = {"whole": study, "half": half}
    for number in range(_PAIRS):
        _progress(f"pair {number + 1}")
        for name in took if number % 2 else reversed(took):
            out = folder / f"{name}-{number}"
            cost = _export(studies[name], out, "--workers", "2", report=True)
            took[name].append(cost.seconds)
    return rows_of_pairs(count, took["whole"], took["half"])


def rows_of_pairs(count: int, whole: Sequence[float], half: Sequence[float]) -> list[Row]:
    """Return what twice the sessions cost (s), in turn."""
    ratios = sorted(one / other for one, other in zip(whole, half, strict=True))
    what = f"{count:,} sessions against {count // 2:,}, two workers: median of {len(ratios)} pairs"
    row = at_most(what, statistics.median(ratios), 2.1, "times")
    spread = Row("the pairs", ", ".join(f"{one:.3g}" for one in ratios))
    halves = Row(f"{count // 2:,} sessions, each time", _listed(half))
    wholes = Row(f"{count:,} sessions, each time", _listed(whole))
    # The same work that takes longer at times shows how far such a ratio can be from the truth.
    apart = max(half) / min(half)
    shown = [f"the same half took {apart:.3g} times as long once as another time"]
    return [row, *([why(shown)] if not row.holds and apart > 1.05 else []), spread, halves, wholes]


def _listed(seconds: Sequence[float]) -> str:
    return ", ".join(f"{one:.3g}" for one in seconds) + " s"


def _for_all(half: _Cost, whole: _Cost, count: int) -> float:
    """Return what 10,000 sessions take (s), from half of so many and all: a start is paid once."""
    each = (whole.seconds - half.seconds) / (count - count // 2)
    return whole.seconds + each * (10_000 - count)


def _progress(what: str) -> None:
    print(f"scale: {what}", file=sys.stderr, flush=True)


def one_session(folder: Path) -> list[Row]:
    """Replay a session of 90 minutes that drew frames, and make its tables."""
    study = pet_study(folder / "pet", 90.0)
    bare = run(prepare(pet_request(study, "02", fast=True))).log
    log = folder / "framed.jsonl"
    log.write_bytes(_with_frames(bare))
    read = read_log(log)
    assert read.broken_at is None
    assert verify(read).differences == ()
    return [
        Row("lines, size", f"{len(read.events) + 1}, {log.stat().st_size / 1e6:.1f} MB"),
        at_most("reading and `--verify`", _best(lambda: verify(read_log(log))), 1.0, "s"),
        at_most("log to tables, all eleven", _best(lambda: table_lines(read_log(log))), 0.3, "s"),
        beside("reading it, of that", _best(lambda: read_log(log)), "s"),
        beside("timing report's figures", _best(lambda: measure(read_log(log))), "s"),
    ]


# --- what is measured ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cost:
    """Seconds on the wall and of the CPU, and the peak of the memory (bytes)."""

    seconds: float
    cpu: float
    memory: int


def _export(study: Path, out: Path, *more: str, report: bool = False) -> _Cost:
    """Run the command, and watch it and all that it starts."""
    out.mkdir(exist_ok=True)
    command = [sys.executable, "run_session.py", "export", str(study)]
    command += ["--report", str(out / "report.html")] if report else []
    return _watched([*command, "--bids", str(out / "bids"), "--tables", str(out / "tables"), *more])


def _watched(command: Sequence[str]) -> _Cost:
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        peak, ended = [0], threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, peak, ended))
        watch.start()
        told, _ = process.communicate()
        ended.set()
        watch.join()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {told}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return _Cost(time.perf_counter() - begun, cpu, peak[0])


def _watch(pid: int, peak: list[int], ended: threading.Event) -> None:
    """Keep the peak of the memory of a process and its children, shared pages counted for each."""
    while not ended.wait(0.2):
        try:
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        total = 0
        for one in family:
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        peak[0] = max(peak[0], total)


@dataclass(frozen=True)
class Round:
    """Seconds that each way of exporting the same sessions took, one after the other.

    Parameters
    ----------
    half : float
        Half of the sessions, one process.
    one, two : float
        By one Dask worker, and by two.
    apart : float
        Half of the sessions each, by two processes that have nothing in common.
    whole : float
        One process; these five without their starts.
    usual : float
        The usual script, start included, as the next four are.
    ours, tables, ours_by_two : float
        BIDS and tables, the tables alone, BIDS and tables by two workers.
    """

    half: float
    whole: float
    one: float
    two: float
    apart: float
    usual: float
    ours: float
    tables: float
    ours_by_two: float


def _side_by_side(study: Path, folder: Path, originals: Sequence[Path], part: int) -> list[Row]:
    """Measure what twice the sessions and a second worker bring, and the usual way.

    Round by round, since a virtual machine's processors are half as fast now and then. Into new
    folders each, and none is removed meanwhile: ext4 looks long for a place where thousands of
    files were removed just before.
    """
    source = study / "sourcedata"
    rmtree(source)
    list(many(originals, source, part // 2))
    halves = [folder / "half-study", folder / "other-study"]
    for half in halves:
        shutil.copytree(study, half)
    logs = list(many(originals, source, part))
    csvs = folder / "csvs"
    csvs.mkdir()
    for log in logs:
        _as_psychopy_writes(read_log(log), csvs / f"{log.stem}.csv")
    return rows_of_rounds(
        part, [_round(study, halves, csvs, folder / f"round-{n}", n) for n in range(_ROUNDS)]
    )


def _round(study: Path, halves: Sequence[Path], csvs: Path, out: Path, number: int) -> Round:
    """Let each way have its turn, every second round in the other order."""
    usual = [sys.executable, "-m", "benchmarks.usual", str(csvs), str(out / "usual")]
    tables = [sys.executable, "run_session.py", "export", str(study)]
    tables += ["--tables", str(out / "tables")]
    ways: dict[str, Callable[[], float]] = {
        "half": lambda: _timed(halves[0], out / "half", 0),
        "whole": lambda: _timed(study, out / "whole", 0),
        "one": lambda: _timed(study, out / "one", 1),
        "two": lambda: _timed(study, out / "two", 2),
        "apart": lambda: _together(halves, out),
        "usual": lambda: _watched(usual).seconds,
        "ours": lambda: _export(study, out / "ours").seconds,
        "tables": lambda: _watched(tables).seconds,
        "ours_by_two": lambda: _export(study, out / "by-two", "--workers", "2").seconds,
    }
    out.mkdir()
    _progress(f"round {number + 1}")
    order = list(ways) if number % 2 else list(reversed(ways))
    return Round(**{name: ways[name]() for name in order})


def rows_of_rounds(part: int, rounds: Sequence[Round]) -> list[Row]:
    """Return what so many sessions cost in each way, as medians of ratios within rounds."""

    def ratio(one: str, other: str, times: float = 1.0) -> Ratio:
        mine = [times * float(getattr(each, one)) for each in rounds]
        return paired(mine, [float(getattr(each, other)) for each in rounds])

    def middle(name: str) -> float:
        return statistics.median(float(getattr(each, name)) for each in rounds)

    growth, workers, apart = ratio("whole", "half"), ratio("one", "two"), ratio("half", "apart", 2)
    ours, alone = ratio("ours", "usual"), ratio("tables", "usual")
    limit = "two processes with nothing in common, half of the sessions each, against one"
    by_two = surely_at_least(
        f"two Dask workers against one, {part} sessions", workers.value, workers.interval, 1.7
    )
    no_more = [f"{limit}: {apart}, no more"] if apart.low < 1.7 else []
    tables = "ours, the eleven tables alone, against that, one process"
    usual = surely_at_most(
        "ours, BIDS and all eleven tables, against that, one process",
        ours.value,
        ours.interval,
        1.0,
    )
    rest = [f"{tables}: {alone}; BIDS is the rest"] if alone.low <= 1 else []
    return [
        surely_at_most(
            f"{part} sessions against {part // 2}, one process",
            growth.value,
            growth.interval,
            2.1,
        ),
        beside("one process, each session", middle("whole") / part * 1e3, "ms"),
        by_two,
        *([why(no_more)] if by_two.holds is False else []),
        Row(limit, str(apart)),
        beside(
            f"pandas over PsychoPy CSV files, {part} sessions: events, ratings, means",
            middle("usual"),
            "s",
        ),
        Row(
            "its slowest round against its fastest, so far goes the machine",
            f"{max(one.usual for one in rounds) / min(one.usual for one in rounds):.3g} times",
        ),
        usual,
        *([why(rest)] if usual.holds is False else []),
        Row(tables, str(alone)),
        Row("ours against that, two workers", str(ratio("ours_by_two", "usual"))),
    ]


def _together(studies: Sequence[Path], out: Path) -> float:
    """Return the seconds until studies are exported that are begun together."""
    outs = [out / f"apart-{number}" for number in range(len(studies))]
    with ThreadPoolExecutor(len(studies)) as pool:
        return max(pool.map(_timed, studies, outs, [0] * len(studies)))


def _timed(study: Path, out: Path, workers: int) -> float:
    """Return the seconds of an export alone; the workers are there before it begins."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", str(study), str(out), str(workers)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def _only_export(study: Path, out: Path, workers: int) -> None:
    from contextlib import ExitStack

    from analysis.batch.exporting import Export, export_study
    from analysis.batch.schedulers import Scheduler, here, on_dask
    from analysis.batch.visits import Visit
    from analysis.batch.working import Receipt
    from experiment.study import open_study

    with ExitStack() as stack:
        chosen: Scheduler[Visit, Receipt] = here
        if workers:
            from distributed import Client, LocalCluster

            cluster = stack.enter_context(
                LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
            )
            client = stack.enter_context(Client(cluster))
            client.run(lambda: __import__("analysis.batch.working"))
            chosen = on_dask(client)
        folders = {"bids": out / "bids", "tables": out / "tables"}
        export = Export(open_study(study), folders)
        begun = time.perf_counter()
        export_study(export, chosen)
        print(json.dumps({"seconds": time.perf_counter() - begun}))


# --- what it is measured on ----------------------------------------------------------------------


def _originals(study: Path, folder: Path, count: int) -> list[Path]:
    """Run so many sessions with robots, and keep their logs apart."""
    kept = []
    tempers = ("typical", "hasty")
    for number in range(count):
        request = SessionRequest(
            study,
            EXAMPLE_PARTICIPANT,
            "01",
            robot=tempers[number % 2],
            fast=True,
            no_window=True,
            port="mock:",
            scanner="mock:",
        )
        log = run(prepare(request)).log
        kept.append(log.rename(folder / f"{number:03d}.jsonl"))
        rmtree(study / "sourcedata", ignore_errors=True)
        rmtree(study / "rehearsals", ignore_errors=True)
    return kept


def _with_frames(log: Path) -> bytes:
    """Return a log with the frame intervals that a window at 60 Hz would have put into it."""
    import numpy as np

    lines = log.read_text("utf-8").splitlines()
    jitter, at = np.random.default_rng(1), 0.0
    bodies: list[tuple[float, int, str]] = []
    for n, line in enumerate(lines):
        at = max(at, json.loads(line)["t"] or 0.0)  # the order of the log stays
        bodies.append((at, n, line.rpartition(',"digest":"')[0].partition(",")[2]))
    for n in range(int(at * 10)):
        us = json.dumps(jitter.normal(16667, 60, 6).astype(int).tolist(), separators=(",", ":"))
        begun = round(n * 0.1, 6)
        bodies.append((begun, len(lines) + n, f'"type":"frames","t":{begun},"us":{us}'))
    text, digest = [], ""
    for seq, (_, _, rest) in enumerate(sorted(bodies)):
        body = f'{{"seq":{seq},{rest}}}'
        digest = link(digest, body)
        text.append(f'{body[:-1]},"digest":"{digest}"}}\n')
    return "".join(text).encode()


def _as_psychopy_writes(log: SessionLog, file: Path) -> None:
    """Write a session's trials as PsychoPy's Builder does: a row for each loop's turn."""
    header = log.header
    always = {
        "participant": f"p{header['participant']}",
        "session": f"s{header['session']}",
        "date": header["utc"],
        "expName": "messages",
        "psychopyVersion": header["versions"]["psychopy"],
        "frameRate": 60.0,
        "expStart": header["utc"],
    }
    rows = []
    for row in tables.step_rows(log):
        if row.trial is None or row.onset is None:
            continue
        named = {"fixation": "fixation", "message": "message", "scale": "slider"}.get(row.screen)
        if named is None:
            continue
        rows.append(
            {
                "trials.thisRepN": 0,
                "trials.thisTrialN": row.trial,
                "trials.thisN": row.trial,
                "trials.thisIndex": row.trial,
                "condition": row.condition,
                "message_id": row.message_id,
                "writer_id": row.writer_id,
                "rating": row.rating,
                f"{named}.started": row.onset,
                f"{named}.stopped": None
                if row.duration is None
                else round(row.onset + row.duration, 6),
                "slider.rt": row.rt,
                **always,
            }
        )
    values = {(one.run, one.n): one.value for one in tables.rating_rows(log)}
    asked = [row for row in tables.step_rows(log) if row.trial is not None and row.rating]
    for entry, row in zip([one for one in rows if "slider.started" in one], asked, strict=False):
        entry["slider.response"] = values.get((row.run, row.n))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _best(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of some runs (s): the machine's other work only adds."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    _only_export(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
