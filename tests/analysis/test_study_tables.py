from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.batch.exporting import Done
from analysis.bids_sidecar import text_of
from analysis.row_types import types_of
from analysis.study_tables import KEYS, TABLES, parted, together
from analysis.trials import frame_rows, trial_rows
from analysis.writing import json_text
from experiment.errors import BadInput
from experiment.readlog import read_log
from tests.exports import export_with


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def export_tables(logs: Iterable[Path], out: Path, *, parquet: bool = False) -> Done:
    return export_with(logs, {"tables": out}, parquet=parquet)


@pytest.fixture(scope="module")
def out(logs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables") / "tables"
    export_tables(logs.values(), folder, parquet=True)
    return folder


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_described_and_nothing_else_is(table: Any, out: Path) -> None:
    known = json.loads((out / "dictionary.json").read_text("utf-8"))["Tables"][table.name]
    header = (out / f"{table.name}.tsv").read_text("utf-8").splitlines()[0]
    assert tuple(header.split("\t")) == table.columns == tuple(known["Columns"])
    assert all(column["Description"].endswith(".") for column in known["Columns"].values())
    own = set(text_of("tables.json")["tables"][table.name]["columns"])
    assert own <= set(types_of(table.row))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_parquet_holds_the_same_rows_with_their_types(table: Any, out: Path) -> None:
    from pyarrow import parquet

    read = parquet.read_table(out / f"{table.name}.parquet")
    kinds = {"int": "int64", "float": "double", "str": "string", "bool": "bool"}
    assert {field.name: str(field.type) for field in read.schema if field.name not in KEYS} == {
        name: kinds[type_] for name, type_ in types_of(table.row).items()
    }
    written = rows_of(out / f"{table.name}.tsv")
    assert read.num_rows == len(written)
    for one, other in zip(read.to_pylist(), written, strict=True):
        for name, value in one.items():
            if isinstance(value, float):
                assert float(other[name]) == pytest.approx(value, abs=1e-6)
            else:
                told = {"None": "n/a", "True": "true", "False": "false"}
                assert other[name] == told.get(str(value), str(value))


def test_a_trial_is_a_row_with_what_it_is_about(logs: dict[str, Path]) -> None:
    log = read_log(logs["01"])
    trials = trial_rows(log)
    planned = log.header["plans"]["messages"]["trials"]
    assert [row.trial for row in trials] == [trial["number"] for trial in planned]
    assert [row.message_id for row in trials] == [trial["message_id"] for trial in planned]
    shown = {r.trial: r for r in tables.step_rows(log) if r.screen == "message"}
    for row, after in zip(trials, [*trials[1:], None], strict=True):
        message = shown[row.trial]
        assert (row.stimulus, row.stimulus_onset) == ("message", message.onset)
        assert row.stimulus_duration == message.duration
        assert row.onset is not None
        assert row.onset < message.onset < row.end  # type: ignore[operator]
        assert after is None or row.end == pytest.approx(after.onset, abs=2e-6)
        confirmed = [r.confirmed for r in tables.rating_rows(log) if r.trial == row.trial]
        assert (row.asked, row.answered) == (2, confirmed.count(True))


def test_frames_are_summed_up_for_each_run(
    logs: dict[str, Path], tmp_path: Path, rewrite: Any
) -> None:
    log = read_log(logs["03"])
    assert frame_rows(log) == []  # no window, no frames
    drawn = []
    for event in log.events:
        drawn.append(event)
        if event["type"] == "run_begin":
            us = [16667] * 98 + [33333, 50000] if event["task"] == "messages" else [16667] * 10
            drawn.append({"type": "frames", "t": event["t"], "us": us})
    framed = read_log(rewrite(log, drawn, tmp_path / "framed.jsonl"))
    assert len(framed.events) == len(framed.but_frames) + 2
    assert [event["seq"] for event in framed.events] == list(range(1, len(drawn) + 1))
    assert [event["us"] for event in framed.of("frames")][1] == [16667] * 10
    assert frame_rows(replace(framed, events=tuple(framed.events))) == frame_rows(framed)
    first, second = frame_rows(framed)
    assert (first.task, first.frames, first.dropped, first.longest) == ("messages", 100, 2, 0.05)
    assert (second.frames, second.dropped, second.median) == (10, 0, 0.016667)


def test_a_second_export_touches_nothing_and_a_smaller_one_removes_rows_only(
    logs: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "tables"
    export_tables(logs.values(), out, parquet=True)
    before = {f: (f.read_bytes(), f.stat().st_mtime_ns) for f in out.glob("**/*.[tp]*")}
    again = export_with(logs.values(), {"tables": out}, parquet=True, force=True)
    assert (again.new, again.changed.count, again.removed.count) == (0, 0, 0)
    assert {f: (f.read_bytes(), f.stat().st_mtime_ns) for f in out.glob("**/*.[tp]*")} == before
    without = export_tables([logs["01"]], out)
    assert {"steps.tsv", "trials.tsv"} <= set(without.changed.first)
    assert without.removed.count > len(TABLES)
    assert not list(out.glob("*.parquet"))


def test_a_broken_log_is_told_and_the_rest_is_there(
    logs: dict[str, Path], cut_log: Path, tmp_path: Path
) -> None:
    out = tmp_path / "tables"
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(logs["02"].read_bytes().replace(b'"type":"onset"', b'"type":onset', 1))
    done = export_tables([broken, cut_log, logs["03"]], out, parquet=True)
    assert [Path(line.split(":")[0]).name for line in done.broken] == ["broken.jsonl"]
    assert any("cut short: the session crashed" in line for line in done.incomplete.first)
    assert {row["log"] for row in rows_of(out / "steps.tsv")} == {"cut.jsonl", logs["03"].name}
    with pytest.raises(BadInput, match="nothing to export"):
        export_tables([broken], tmp_path / "other")
    with pytest.raises(BadInput, match="give a new folder"):
        export_tables([logs["03"]], broken.parent)


def test_a_number_that_can_not_be_is_told_and_the_rest_is_there(
    logs: dict[str, Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    raw = logs["02"].read_bytes()
    bad.write_bytes(raw.replace(b'"nominal_hz":60.0', b'"nominal_hz":0', 1))
    done = export_with([bad, logs["03"]], {"tables": tmp_path / "t", "bids": tmp_path / "b"})
    (line,) = done.broken
    assert "bad.jsonl: lacks what a session log of this version must have" in line
    assert "ZeroDivisionError" in line
    assert {row["log"] for row in rows_of(tmp_path / "t" / "steps.tsv")} == {logs["03"].name}


def test_rows_of_two_logs_of_one_session_are_told_apart(
    logs: dict[str, Path], tmp_path: Path
) -> None:
    alone = tmp_path / "sub-012_ses-02_task-messageslab.jsonl"
    alone.write_bytes(logs["02"].read_bytes())
    export_tables([logs["02"], alone], tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "trials.tsv")
    told = {
        tuple(r[key] for key in ("participant", "session", "log", "run", "trial")) for r in rows
    }
    assert len(told) == len(rows) == 2 * len(trial_rows(read_log(alone)))


def test_fields_that_nobody_knows_are_no_obstacle(
    logs: dict[str, Path], tmp_path: Path, rewrite: Any
) -> None:
    log = read_log(logs["02"])
    more = [{**event, "from_the_future": [1, 2]} for event in log.events]
    more.insert(1, {"type": "comet", "t": 0.1, "seen": True})
    header = {**log.header, "moon": "full"}
    other = rewrite(replace(log, header=header), more, tmp_path / logs["02"].name)
    export_tables([logs["02"]], tmp_path / "a")
    export_tables([other], tmp_path / "b")
    for file in (tmp_path / "a").glob("*.*[vn]"):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(value=PLAIN)
def test_json_for_people_is_what_the_standard_library_writes(value: Any) -> None:
    assert json_text(value) == json.dumps(value, indent=2, ensure_ascii=False) + "\n"


@given(
    st.dictionaries(
        st.sampled_from([table.name for table in TABLES]),
        st.lists(st.text("ab# \t", min_size=1).map(lambda text: f"012{text}"), max_size=4),
    )
)
def test_rows_that_were_put_together_are_parted_as_they_were(rows: dict[str, list[str]]) -> None:
    found = {name: lines.decode() for name, lines in parted(together(rows).encode())}
    assert found == {
        name: "".join(f"{line}\n" for line in lines) for name, lines in rows.items() if lines
    }
