from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.criteria import verdicts_on
from analysis.photodiode import about_lags, flashes_in, join, lag_table
from analysis.timing import Timing, measure
from analysis.timing_summary import summary
from experiment.errors import BadInput
from experiment.protocol.criteria import Criteria
from experiment.readlog import Event, SessionLog, read_log
from run_session import main

RATE = 1000.0  # samples per second of the simulated recorder
LATE, JITTER = 0.0123, 0.0004  # s from the flip to the light
RATIO, OFFSET = 1 + 40e-6, 1234.5  # of the simulated recorder's clock
Rewrite = Callable[[SessionLog, list[Event], Path], Path]


@pytest.fixture
def log(logs: dict[str, Path], tmp_path: Path, rewrite: Rewrite) -> SessionLog:
    """A scanner session whose window had a patch."""
    read = read_log(logs["01"])
    protocol = read.header["protocol"]
    screen = {**protocol["screen"], "photodiode": {"corner": "top_left", "size_px": 60}}
    header = {**read.header, "protocol": {**protocol, "screen": screen}}
    file = rewrite(replace(read, header=header), list(read.events), tmp_path / "log.jsonl")
    return read_log(file)


def marked_flips(log: SessionLog) -> np.ndarray:
    onsets = {event["n"]: event["t"] for event in log.of("onset")}
    return np.array([onsets[event["step"]] for event in log.of("marker_planned")])


def record(
    log: SessionLog,
    file: Path,
    *,
    markers: bool = True,
    without: tuple[int, ...] = (),
    extra: tuple[float, ...] = (),
    seed: int = 7,
) -> np.ndarray:
    """Write what a recorder would have recorded; return the true lags (s)."""
    dice = np.random.default_rng(seed)
    flips = marked_flips(log)
    lags = LATE + dice.normal(0, JITTER, len(flips))
    end = log.events[-1]["t"]
    ours = np.arange(-3.0, end + 3.0, 1 / RATE / RATIO)
    light = np.zeros(len(ours))
    lit = [t for i, t in enumerate(flips + lags) if i not in without] + list(extra)
    for t in lit:  # one frame of 1/60 s, with rise and fall of a slow panel
        rise = np.clip((ours - t) / 0.002 + 0.5, 0, 1)
        light += rise * np.clip(1 - (ours - t - 1 / 60) / 0.003, 0, 1)
    values = 0.11 + 0.8 * light + dice.normal(0, 0.004, len(ours))
    columns = [ours * RATIO + OFFSET, values]
    if markers:
        codes = np.zeros(len(ours))
        for event in log.of("marker_sent"):
            codes[(ours >= event["begun"]) & (ours < event["begun"] + 0.005)] = event["code"]
        columns.append(codes)
    header = "time,value,marker" if markers else "time,value"
    np.savetxt(file, np.stack(columns, 1), fmt="%.6f", delimiter=",", header=header, comments="")
    return lags


def test_the_lag_of_each_screen_is_found_by_the_markers(log: SessionLog, tmp_path: Path) -> None:
    lags = record(log, tmp_path / "light.csv", without=(4,), extra=(1.234,))
    joined = join(log, tmp_path / "light.csv")
    assert joined.absolute
    assert joined.surplus == 1
    assert joined.ratio == pytest.approx(RATIO, abs=3e-6)
    assert [i for i, lag in enumerate(joined.lags) if lag.lag is None] == [4]
    found = np.array([lag.lag for lag in joined.lags if lag.lag is not None])
    true = np.delete(lags, 4)
    assert found == pytest.approx(true, abs=8e-4)  # a sample is 1 ms
    assert found.mean() == pytest.approx(true.mean(), abs=4e-4)
    told = "\n".join(about_lags(joined))
    assert f"{len(lags) - 1} of {len(lags)} marked steps flashed; 1 flashes of no step" in told
    assert "  message: " in told
    assert len(lag_table(joined).splitlines()) == 1 + len(lags)


def test_without_markers_only_the_spread_is_known_and_that_is_said(
    log: SessionLog, tmp_path: Path
) -> None:
    lags = record(log, tmp_path / "light.csv", markers=False, without=(2, 9))
    joined = join(log, tmp_path / "light.csv")
    assert not joined.absolute
    found = joined.found
    true = np.delete(lags, (2, 9))
    assert found.mean() == pytest.approx(0.0, abs=3e-4)
    assert found.std() == pytest.approx(true.std(), abs=3e-4)
    assert "can't be known: no markers" in "\n".join(about_lags(joined))


def test_noise_bounces_and_spikes_are_no_flashes() -> None:
    times = np.arange(0, 20, 0.001)
    dice = np.random.default_rng(3)
    values = dice.normal(0, 0.01, len(times))
    assert len(flashes_in(times, values)) == 0
    values[15000] += 5.0  # one sample: a spike of the amplifier
    for begin in (3.0, 7.0, 11.0):
        values[(times >= begin) & (times < begin + 0.017)] += 1.0
        values[np.abs(times - begin - 0.006) < 0.0015] -= 0.8  # flickers within its frame
    found = flashes_in(times, values)
    assert found[:3] == pytest.approx([3.0, 7.0, 11.0], abs=1.1e-3)
    assert len(found) <= 4  # the spike may be taken for one; a join calls it surplus


def test_what_is_no_recording_of_this_session_is_told(
    log: SessionLog, logs: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "light.csv"
    with pytest.raises(BadInput, match="can't be read"):
        join(log, file)
    for text, problem in (
        ("", "columns time and value are needed"),
        ("t,v\n1,2\n", "commas between them"),
        ("time,value\n", "no recording in it"),
        ("time,value\n0,1\n1,dark\n", "light.csv:3: numbers are needed"),
        ("time,value\n0,1\n1,nan\n", "light.csv:3: numbers are needed"),
        ("time,value\n0,1\n1,1\n1,1\n", "light.csv:4: the time does not rise"),
        ("time,value\n0,1\n1,1\n2,1\n", "nothing flashes in it"),
    ):
        file.write_text(text)
        with pytest.raises(BadInput, match=problem):
            join(log, file)
    file.write_bytes(b"time,value\n\xff\xfe\n")
    with pytest.raises(BadInput, match="not a text file"):
        join(log, file)
    record(log, file)
    with pytest.raises(BadInput, match="showed no patch"):
        join(read_log(logs["01"]), file)
    dice = np.random.default_rng(1)
    times = np.arange(0, 200, 0.001)
    values = np.zeros(len(times))
    for begin in np.sort(dice.uniform(0, 199, 35)):
        values[(times >= begin) & (times < begin + 0.017)] = 1.0
    np.savetxt(file, np.stack([times, values], 1), delimiter=",", header="time,value", comments="")
    with pytest.raises(BadInput, match="is it the recording of this session"):
        join(log, file)


def test_the_command_makes_text_figure_and_table(
    log: SessionLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(log, tmp_path / "light.csv")
    assert main(["timing", str(log.file), "--photodiode", str(tmp_path / "light.csv")]) == 0
    told = capsys.readouterr().out
    assert "flip to light mean 12." in told
    assert "light jitter: met" in told
    assert (tmp_path / "log_photodiode.tsv").is_file()
    assert (tmp_path / "log_timing.png").stat().st_size > 10_000
    (tmp_path / "light.csv").write_text("time,value\n")
    assert main(["timing", str(log.file), "--photodiode", str(tmp_path / "light.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_photodiode_off_the_patch_is_told(
    log: SessionLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, steps = tmp_path / "light.csv", len(marked_flips(log))
    record(log, file, without=tuple(range(steps)), extra=(-2.5, -2.0, -1.5))  # the room's
    assert main(["timing", str(log.file), "--photodiode", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"no flash of it lies -0.05 to 0.2 s from any of {steps} marked flips" in told
    assert told.count("\n") == 1
    assert not (tmp_path / "log_photodiode.tsv").exists()


# --- criteria -------------------------------------------------------------------------------------


def timing_of(log: SessionLog, **changes: Any) -> Timing:
    return replace(measure(log), **changes)


def test_each_criterion_of_the_protocol_gets_a_verdict(log: SessionLog) -> None:
    good = {v.criterion: v.met for v in verdicts_on(timing_of(log))}
    assert set(good) == set(Criteria.model_fields)
    assert set(good.values()) <= {True, None}
    assert good["dropped_percent"] is None  # no window
    bad = timing_of(
        log,
        intervals=np.array([1 / 60] * 90 + [1 / 20] * 10),
        onset_errors=np.full(40, 0.05),
        onset_times=np.arange(40.0),
        light_lags=np.array([0.010, 0.020]),
    )
    bad = replace(bad, ledger=replace(bad.ledger, sent=bad.ledger.sent - 1, lags=np.full(9, 0.01)))
    failed = {v.criterion: round(v.found or 0, 3) for v in verdicts_on(bad) if v.met is False}
    assert failed == {
        "dropped_percent": 10.0,
        "onset_error_frames": 3.0,
        "markers_lost": 1.0,
        "marker_lag_ms": 10.0,
        "light_jitter_ms": 5.0,
    }
    assert "NOT GOOD: " in summary(bad)
    none = replace(bad, criteria=Criteria(dropped_percent=None))
    assert "dropped_percent" not in {v.criterion for v in verdicts_on(none)}


def test_pulses_that_are_missing_fail_their_criterion(
    log: SessionLog, tmp_path: Path, rewrite: Rewrite
) -> None:
    kept = [e for e in log.events if not (e["type"] == "pulse" and e["n"] in (11, 12))]
    some = read_log(rewrite(log, kept, tmp_path / "some.jsonl"))
    found = {v.criterion: v for v in verdicts_on(measure(some))}
    assert found["pulses_missed"].found == 2
    assert found["pulses_missed"].met is False
    none = [e for e in log.events if e["type"] != "pulse"]
    bare = read_log(rewrite(log, none, tmp_path / "bare.jsonl"))
    found = {v.criterion: v for v in verdicts_on(measure(bare))}
    assert found["pulses_missed"].met is found["clock_ppm"].met is None


def test_the_rig_s_offset_is_applied_and_reported(log: SessionLog) -> None:
    assert "measure it with a photodiode" in summary(measure(log))
    protocol = log.header["protocol"]
    protocol = {**protocol, "screen": {**protocol["screen"], "photodiode_offset_ms": 12.5}}
    told = summary(measure(replace(log, header={**log.header, "protocol": protocol})))
    assert "+12.50 ms after each flip, as measured on this rig" in told
    assert "+12.50 ms after its marker's write" in told  # the mock writes at once
    assert "not seen here" not in told
    assert "clock ratio   1.0000" in told


def test_notes_stand_on_the_same_axis_as_faults_and_their_words_do_not(
    log: SessionLog, tmp_path: Path, rewrite: Rewrite
) -> None:
    events = list(log.events)
    events.insert(-1, {"type": "note_asked", "t": 30.0, "n": 1})
    noted = measure(read_log(rewrite(log, events, tmp_path / "noted.jsonl")))
    assert [(note.t, note.what) for note in noted.notes] == [(30.0, "note")]
