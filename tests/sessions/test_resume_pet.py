"""A PET run that was interrupted keeps its injection, its zero and its times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.pet import join
from analysis.replay import verify
from analysis.tables import block_rows
from experiment.choices import keep_choices
from experiment.examples import make_study
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.profiles import DEMO
from experiment.study import open_study
from tests.exports import export_bids
from tests.sessions.interrupted import after_zero, cut, play, rows, sent, torn_after
from tests.studies import edited_study

pytestmark = pytest.mark.linux


@pytest.mark.parametrize("sync", [0, 8])
def test_a_pet_run_keeps_its_times_if_it_broke_off_before_its_first_trial_was_over(
    sync: int, tmp_path: Path
) -> None:
    study = edited_study(
        tmp_path / "study", "hsu2013", ("sync_pattern: 0", f"sync_pattern: {sync}")
    )
    kit = open_study(study).kit_folder("012")
    save_own_profile(kit, DEMO / "photos" / "p41.png", OwnWords("A", 30, "b"))
    keep_choices(open_study(study), "012", play(study, "01"))
    whole = play(study, "02")
    raw, plan = whole.file.read_bytes(), whole.header["plans"]["feedback"]
    zero = after_zero(whole, "feedback")
    report = next(event["n"] for event in whole.of("step") if event["step"]["trial"] == 1)
    asked = next(event for event in zero if event["n"] == report)

    # In the first rest, in the midst of the sync markers if there are any: all keep their times.
    first = torn_after(whole, zero[sync // 2])
    second = play(study, "02", resume=True)
    left = second.header["resumed"]["runs"]["feedback"]
    assert (left["way"], left["done"], left["again"]) == ("trial", 0, [])
    assert 0 < left["ready"] < plan["trials"][0]["rest_ends"]["time"]
    goes_on = second.header["plans"]["feedback"]
    opened: dict[str, Any] = {"instructions": [], "practice": None, "sync_ends": []}
    assert goes_on == plan | opened
    assert sent(second)[:3] == ["waiting", "run_start", "rate_sad"]
    assert len(after_zero(whole, "feedback")) - sync == len(after_zero(second, "feedback"))
    assert not [*second.of("fault"), *second.of("continue")]
    begun = [row.onset for row in block_rows(second)]
    assert begun == pytest.approx([block["begins"] for block in plan["blocks"]], abs=0.02)
    assert verify(first).differences == verify(second).differences == ()
    export_bids([first.file, second.file], tmp_path / "bids")
    (table,) = (tmp_path / "bids").rglob("*ses-02_task-feedback_*_events.tsv")
    assert [row["trial_type"] for row in rows(table)].count("gap") == 1

    # Torn again before it had told of the marks, then gone on with: on the same injection still.
    torn_after(second, next(iter(second.of("resumed"))))
    third = play(study, "02", resume=True)
    assert third.header["plans"]["feedback"] == goes_on
    assert verify(third).differences == ()
    third.file.unlink()
    second.file.unlink()

    # In the first self-report, a minute before block 1: that moves, and the later ones don't.
    whole.file.write_bytes(raw)
    first = torn_after(whole, asked)
    second = play(study, "02", resume=True)
    left = second.header["resumed"]["runs"]["feedback"]
    assert (left["done"], left["again"]) == (0, [1])
    moved, *others = second.header["plans"]["feedback"]["blocks"]
    assert moved["begins"] >= left["ready"] > plan["blocks"][0]["begins"]
    assert others == plan["blocks"][1:]
    assert sent(second)[:3] == ["waiting", "run_start", "rate_sad"]
    assert not [*second.of("fault"), *second.of("continue")]
    assert verify(second).differences == ()
    second.file.unlink()

    # Before the injection there is no zero to keep: all of it comes.
    whole.file.write_bytes(raw)
    torn_after(whole, next(iter(whole.of("marker_planned"))))
    second = play(study, "02", resume=True)
    assert second.header["plans"] == whole.header["plans"]
    assert sent(second).count("sync") == sync
    assert verify(second).differences == ()


def test_a_game_in_pet_is_played_again_without_a_second_sync_pattern(tmp_path: Path) -> None:
    study = edited_study(
        tmp_path / "study",
        "cyberball",
        ("begins: pulse", "begins: injection"),
        ("sync_pattern: 0", "sync_pattern: 8"),
        ("[scanwatch, scanincluded, checks, scanexcluded, afterexcluded, debriefing]",
         "[scanwatch, scanincluded, debriefing]"),
    )  # fmt: skip
    whole = play(study, "scanner")
    first = torn_after(whole, after_zero(whole, "scanwatch")[12])
    second = play(study, "scanner", resume=True)
    ready = {task: run["ready"] for task, run in second.header["resumed"]["runs"].items()}
    assert ready["scanwatch"] > 0
    assert ready["scanincluded"] is None  # it was not begun, though the injection was given
    plans, before = second.header["plans"], whole.header["plans"]
    assert plans["scanwatch"] == before["scanwatch"] | {"sync_ends": []}
    assert plans["scanincluded"] == before["scanincluded"]
    assert verify(first).differences == verify(second).differences == ()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", ["trial", pytest.param("block", marks=pytest.mark.slow)])
def test_a_pet_run_goes_on_on_the_same_injection(way: str, tmp_path: Path) -> None:
    study = tmp_path / "study"
    make_study(study, "hsu2013")
    file = study / "study.yaml"
    text = file.read_text("utf-8")
    at = text.index("kind: feedback\n") + len("kind: feedback\n")
    indent = "    "
    file.write_text(f"{text[:at]}{indent}resume: {way}\n{text[at:]}", "utf-8")
    kit = open_study(study).kit_folder("012")
    save_own_profile(kit, DEMO / "photos" / "p41.png", OwnWords("A", 30, "b"))
    keep_choices(open_study(study), "012", play(study, "01"))
    whole = play(study, "02")
    (task,) = [t for t, s in whole.header["protocol"]["tasks"].items()
               if s["kind"] == "feedback" and t in whole.header["tasks"]][:1]  # fmt: skip
    trials = whole.header["plans"][task]["trials"]
    in_second = [t["number"] for t in trials if t["block"] == 2 and t["kind"] != "report"]
    first = cut(whole, trial=in_second[3])
    second = play(study, "02", resume=True)
    left = second.header["resumed"]["runs"][task]
    goes_on = in_second[3] if way == "trial" else in_second[0]
    assert left["done"] == goes_on - 1
    assert left["ready"] is not None
    injected = list(first.of("run_zero"))[-1]
    again = list(second.of("run_zero"))[-1]
    assert again["source"] == injected["source"] != "first_flip"
    assert again["t"] < 0
    (mark,) = [m for m in second.of("mark") if m["name"] == injected["source"]]
    assert (mark["origin"], mark["again"]) == ("part_before", False)
    blocks = {b["number"]: b for b in first.header["plans"][task]["blocks"]}
    later = second.header["plans"][task]["blocks"]
    assert later[0]["begins"] >= left["ready"]
    kept = [b for b in later[1:] if b["begins"] == blocks[b["number"]]["begins"]]
    assert kept, "a block whose time has not passed keeps it"
    assert not [f for f in second.of("fault") if f["what"] == "begun_late"]
    assert verify(first).differences == verify(second).differences == ()
    export_bids([first.file, second.file], tmp_path / "bids")
    (table,) = (tmp_path / "bids").rglob(f"*ses-02_task-{task}_run-01_events.tsv")
    events = rows(table)
    assert [row["trial_type"] for row in events].count("mark_injection") <= 1
    assert [row["trial_type"] for row in events].count("gap") == 1
    assert [float(r["onset"]) for r in events] == sorted(float(r["onset"]) for r in events)
    shown = [[(b.block, b.interrupted) for b in block_rows(log)] for log in (first, second)]
    assert shown == [[(1, False), (2, True)], [(2, way == "trial"), (3, False)]]
    pet = tmp_path / "sub-012_ses-02_pet.json"
    frames = {"FrameTimesStart": [60 * i for i in range(90)], "FrameDuration": [60] * 90}
    pet.write_text(json.dumps({"ScanStart": 0, "InjectionStart": 0, **frames}))
    joined = join(table, pet).blocks
    assert [(b.block, b.interrupted) for b in joined] == [(1, False), (2, True), (3, False)]
    broken, (row,) = joined[1], [r for r in block_rows(second) if r.block == 2]
    assert broken.onset == pytest.approx(blocks[2]["begins"], abs=0.02)
    assert broken.duration == pytest.approx(later[0]["ends"] - blocks[2]["begins"], abs=0.02)
    assert row.onset is not None
    assert {40, int(row.onset // 60)} <= set(broken.frames)
