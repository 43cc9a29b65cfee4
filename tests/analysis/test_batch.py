"""Exports of many sessions: what changed is made, and nothing depends on how it came about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from analysis.batch.exporting import Export, export_study
from analysis.batch.products import OWN, Options
from analysis.batch.schedulers import on_dask, scheduler
from analysis.batch.visits import visits_of
from analysis.batch.working import Job, work
from analysis.tables import rating_rows
from benchmarks.many import many, relabelled
from experiment.errors import BadInput, KindredError
from experiment.notes import add_note, note_now
from experiment.readlog import read_log
from experiment.study import Study, open_study
from run_session import main
from tests.analysis.conftest import MakeStudy

ROOT = Path(__file__).parents[2]
GONE, BROKEN = "gone", "broken"
History = list[tuple[tuple[str, ...], list[tuple[int, str]]]]
VISITS = (("012", "01"), ("012", "02"), ("013", "01"))


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory, make_study: MakeStudy) -> Path:
    """A study with logs of two sessions to make others of."""
    study = make_study(tmp_path_factory.mktemp("many") / "study")
    study.run("01")
    study.run("02")
    return study.folder


@pytest.fixture(scope="session")
def originals(source: Path) -> list[Path]:
    return open_study(source).logs()


@pytest.fixture
def study(tmp_path: Path, source: Path) -> Study:
    """A study without logs."""
    return without_logs(source, tmp_path / "study")


def without_logs(source: Path, folder: Path) -> Study:
    folder.mkdir()
    for one in source.iterdir():
        if one.name != "sourcedata":
            (folder / one.name).symlink_to(one)
    return open_study(folder)


def fill(study: Study, source: Path, sessions: int) -> list[Path]:
    return list(many(open_study(source).logs(), study.folder / "sourcedata", sessions))


def exports(study: Study, out: Path, kinds: tuple[str, ...] = ("bids", "tables")) -> Export:
    return Export(study, {kind: out / kind for kind in kinds})


def tree(out: Path) -> dict[str, bytes]:
    """Return all that an export made, its own notes left out."""
    return {
        file.relative_to(out).as_posix(): file.read_bytes()
        for file in sorted(out.rglob("*"))
        if file.is_file() and OWN not in file.parts
    }


def from_scratch(study: Study, kinds: tuple[str, ...] = ("bids", "tables")) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        export_study(exports(study, Path(folder), kinds))
        return tree(Path(folder))


def only(kinds: tuple[str, ...], files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in files.items() if path.split("/")[0] in kinds}


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw what is exported, and what becomes of the visits' logs before, some times."""
    kinds = st.sampled_from([("bids", "tables"), ("bids",), ("tables",)])
    change = st.tuples(
        st.integers(0, len(VISITS) - 1),
        st.sampled_from(["0", "1", GONE, BROKEN, "both", "touched"]),
    )
    one = st.tuples(kinds, st.lists(change, min_size=1, max_size=3))
    return draw(st.lists(one, min_size=2, max_size=4))


@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(history=histories())
@example(history=[(("bids",), [(1, "0")]), (("bids",), [(1, GONE)])])
def test_whatever_became_of_the_logs_the_export_is_as_from_scratch(
    source: Path,
    originals: list[Path],
    history: list[tuple[tuple[str, ...], list[tuple[int, str]]]],
) -> None:
    with TemporaryDirectory() as name:
        study, out = without_logs(source, Path(name) / "study"), Path(name) / "out"
        put(study, VISITS[0], "0", originals)
        put(study, VISITS[1], "1", originals)
        export_study(exports(study, out))
        for kinds, changes in history:
            for visit, what in changes:
                put(study, VISITS[visit], what, originals)
            try:
                expected = from_scratch(study, kinds)
            except BadInput:  # no log is left that can be used
                with pytest.raises(BadInput, match="nothing to export"):
                    export_study(exports(study, out, kinds))
                put(study, VISITS[0], "0", originals)
                expected = from_scratch(study, kinds)
            export_study(exports(study, out, kinds))
            assert only(kinds, tree(out)) == expected
            assert export_study(exports(study, out, kinds)).read == 0
        export_study(exports(study, out))
        assert tree(out) == from_scratch(study)


def put(study: Study, visit: tuple[str, str], what: str, originals: list[Path]) -> None:
    participant, session = visit
    folder = study.log_folder(participant, session)
    first = folder / f"sub-{participant}_ses-{session}.jsonl"
    second = first.with_stem(first.stem + "_part-02")
    if what == GONE:
        rmtree(folder, ignore_errors=True)
        return
    if what == "touched":
        if first.exists():
            os.utime(first)
        return
    folder.mkdir(parents=True, exist_ok=True)
    if what == BROKEN:
        first.write_bytes(b'{"not": "a log"}\n')
    elif what == "both":
        first.write_bytes(relabelled(originals[0].read_bytes(), participant, session))
        second.write_bytes(relabelled(originals[0].read_bytes(), participant, session))
    else:
        first.write_bytes(relabelled(originals[int(what)].read_bytes(), participant, session))
        second.unlink(missing_ok=True)


def test_a_broken_log_is_told_and_stops_no_other(
    study: Study, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = fill(study, source, 4)
    lines = logs[1].read_bytes().splitlines(keepends=True)
    logs[1].write_bytes(b"".join([*lines[:6], b"{ nothing }\n", *lines[7:]]))
    logs[2].write_bytes(logs[0].read_bytes())  # put into another one's folder
    out = tmp_path / "out"
    command = ["export", str(study.folder), "--workers", "1", "--bids", str(out / "bids")]
    assert main([*command, "--tables", str(out / "tables")]) == 1
    told, errors = capsys.readouterr()
    assert f"left out: {logs[1]}:7: not a line of a session log" in told
    assert f"left out: {logs[2]}:1: its header says sub-000001/ses-01, but it lies in" in told
    assert errors.startswith(f"error: left out, all others were exported: {logs[1]}:7:")
    assert "(and 1 more, told above)" in errors
    made = {path.split("/")[2] for path in tree(out) if path.startswith("bids/sub-000001/ses")}
    assert made == {"ses-01"}
    participants = (out / "bids" / "participants.tsv").read_text("utf-8")
    assert participants.split() == ["participant_id", "sub-000001", "sub-000002"]

    logs[1].write_bytes(b"".join(lines))  # it was found on a backup
    logs[2].unlink()
    assert main([*command, "--tables", str(out / "tables")]) == 0
    assert "1 session read, 2 unchanged" in capsys.readouterr()[0]
    assert tree(out) == from_scratch(study)


def test_workers_of_dask_make_the_same_bytes(study: Study, source: Path, tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    fill(study, source, 10)
    seen: list[tuple[int, int]] = []
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        export = exports(study, tmp_path / "dask")
        done = export_study(export, on_dask(client), lambda n, of: seen.append((n, of)))
        assert (done.read, done.as_before) == (10, 0)
        assert export_study(export, on_dask(client)).as_before == 10
    assert seen[-1] == (10, 10)
    assert tree(tmp_path / "dask") == from_scratch(study)


@contextmanager
def dask(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of Dask's own commands in this folder, as docs/scale.md says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *words, "--no-dashboard"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "."},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()  # a worker then ends the processes that it has begun
        process.wait(timeout=20)


@pytest.mark.slow
@pytest.mark.linux
@pytest.mark.timeout(180)
def test_a_scheduler_elsewhere_and_its_worker_make_the_same_bytes(
    study: Study, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(study, source, 3)
    file, out = tmp_path / "scheduler.json", tmp_path / "dask"
    where = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    command = ["export", str(study.folder), "--bids", str(out / "bids")]
    with dask("scheduler", *where) as process:
        end = time.monotonic() + 30
        while not (file.exists() and file.read_bytes().endswith(b"}")):
            assert process.poll() is None
            assert time.monotonic() < end, "no scheduler was started"
            time.sleep(0.05)
        address = json.loads(file.read_bytes())["address"]
        command += ["--tables", str(out / "tables"), "--scheduler", address]
        with (
            pytest.raises(KindredError, match=f"no worker; start one with: dask worker {address}"),
            scheduler(address, patience=2),
        ):
            pass
        with dask("worker", address, "--nworkers", "1", "--nthreads", "1"):
            with scheduler(address, patience=30):
                pass  # it may take its time to start
            assert main(command) == 0
    assert "3 sessions read" in capsys.readouterr().out
    assert tree(out) == from_scratch(study)


def test_only_what_changed_is_read_and_written(study: Study, source: Path, tmp_path: Path) -> None:
    logs = fill(study, source, 4)
    export = exports(study, tmp_path / "out")
    first = export_study(export)
    made = tree(tmp_path / "out")
    rows = sorted((tmp_path / "out" / "tables" / OWN).glob("*.rows"))
    assert len(rows) == 4  # of each session, what the tables are put together from
    assert (first.read, first.new, first.changed.count) == (4, len(made) + len(rows), 0)
    again = export_study(export)
    assert (again.read, again.new, again.changed.count) == (0, 0, 0)
    assert again.unchanged == len(made) + len(rows)

    of_a_session = [path for path in made if "ses-" in path and path.endswith("_events.tsv")]
    removed, edited = (tmp_path / "out" / path for path in (of_a_session[0], "tables/trials.tsv"))
    removed.unlink()
    edited.write_text("edited")
    rows[-1].write_text("edited")
    mended = export_study(export)
    assert (mended.read, mended.new, mended.changed.count) == (2, 1, 2)
    assert tree(tmp_path / "out") == made

    rmtree(logs[3].parent)
    fewer = export_study(export)
    assert (fewer.read, fewer.as_before) == (0, 3)
    assert fewer.removed.count > 0
    assert tree(tmp_path / "out") == from_scratch(study)
    assert export_study(replace(export, force=True)).read == 3


def test_tables_of_the_study_hold_every_row(study: Study, source: Path, tmp_path: Path) -> None:
    logs = [read_log(log) for log in fill(study, source, 4)]
    export_study(exports(study, tmp_path / "out"))
    tables = tmp_path / "out" / "tables"
    read = {
        file.stem: pd.read_csv(file, sep="\t", na_values="n/a", dtype={"participant": str})
        for file in tables.glob("*.tsv")
    }
    assert len(read["steps"]) == sum(len(list(log.of("step"))) for log in logs)
    assert len(read["markers"]) == sum(len(list(log.of("marker_planned"))) for log in logs)
    assert len(read["ratings"]) == sum(len(rating_rows(log)) for log in logs)
    assert read["ratings"]["participant"].is_monotonic_increasing


def test_a_note_that_comes_later_is_exported_then(
    study: Study, source: Path, tmp_path: Path
) -> None:
    (log,) = fill(study, source, 1)
    export = Export(study, {"bids": tmp_path / "bids"}, with_notes=True)
    export_study(export)
    add_note(log, note_now("moved their head"))
    assert export_study(export).read == 1
    (sidecar,) = (tmp_path / "bids").rglob("*_events.json")
    assert "moved their head" in sidecar.read_text("utf-8")


def test_the_report_of_an_export_is_that_of_the_logs(
    study: Study, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = fill(study, source, 8)
    lines = logs[3].read_bytes().splitlines(keepends=True)
    logs[3].write_bytes(b"".join([*lines[:6], b"{ nothing }\n", *lines[7:]]))
    logs[5].write_bytes(logs[5].read_bytes().replace(b'"confirmed":true', b'"confirmed":false', 1))
    logs[7].rename(logs[0].with_name(logs[7].name))  # put into another one's folder
    folder, page, other = str(study.folder), tmp_path / "a.html", tmp_path / "b.html"
    command = ["export", folder, "--tables", str(tmp_path / "tables"), "--report", str(page)]
    assert main(command) == 1
    assert main(["report", folder, "--out", str(other)]) == 0
    told = page.read_text("utf-8")
    assert told == other.read_text("utf-8")
    assert "Study report from 5 logs; 3 more left out" in told
    assert "lies in sub-000001/ses-01; move it where it belongs" in told
    assert "was edited after the session" in told
    assert f"{logs[3].relative_to(study.folder)}" in told
    page.unlink()
    capsys.readouterr()
    assert main(command) == 1
    out = capsys.readouterr().out
    assert 0 < out.index("0 sessions read, 7 unchanged") < out.index("report: ")
    assert page.read_text("utf-8") == told


def test_a_second_export_into_the_same_folder_waits_its_turn(
    study: Study, source: Path, tmp_path: Path
) -> None:
    fill(study, source, 1)
    export = exports(study, tmp_path / "out")
    export_study(export)
    before = tree(tmp_path / "out")
    with (
        FileLock(tmp_path / "out" / "tables" / OWN / "lock"),
        pytest.raises(BadInput, match="another export is writing into it"),
    ):
        export_study(export)
    assert tree(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "0"], "--workers 0: at least 1 is needed"),
        (["--scheduler", "nowhere"], "--scheduler 'nowhere': local, or an address like tcp://"),
        (["--scheduler", "tcp://127.0.0.1:9", "--workers", "2"], "the scheduler's own workers"),
        (["--tables", "OUT/bids"], "each needs a folder of its own"),
        (["--tables", "OUT/full"], "not empty, and not made by an export"),
    ],
)
def test_what_can_not_be_done_is_told_and_writes_nothing(
    study: Study,
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    fill(study, source, 1)
    out = tmp_path / "out"
    (out / "full").mkdir(parents=True)
    (out / "full" / "thesis.txt").write_text("mine")
    told = [argument.replace("OUT", str(out)) for argument in arguments]
    command = ["export", str(study.folder), "--bids", str(out / "bids"), *told]
    command += [] if "--workers" in told else ["--workers", "1"]
    assert main(command) == 2
    assert message in capsys.readouterr()[1]
    assert list(tree(out)) == ["full/thesis.txt"]


def test_a_worker_of_another_version_is_refused(study: Study, source: Path, tmp_path: Path) -> None:
    fill(study, source, 1)
    visits = list(visits_of(study.folder / "sourcedata"))
    job = Job(Options(study.protocol.study.name), (("bids", tmp_path / "bids"),), "another")
    with pytest.raises(KindredError, match="another version of this software"):
        work(visits, job)
    assert not (tmp_path / "bids").exists()


def test_one_worker_on_this_machine_needs_no_dask() -> None:
    with scheduler() as chosen:
        assert list(chosen(lambda things: [thing + 1 for thing in things], [1, 2])) == [[2], [3]]
