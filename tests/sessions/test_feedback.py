"""A whole study of social feedback, from choosing to the debriefing, with a robot participant."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.pet import join
from analysis.replay import verify
from analysis.show import moments, picture_at
from analysis.tables import block_rows, rating_rows, step_rows
from experiment.care import after_session
from experiment.choices import load_choices
from experiment.desk.missing import Lack, missing_for
from experiment.desk.texts import languages, speaking
from experiment.errors import BadInput, TooFewLiked
from experiment.examples import make_study
from experiment.kit.for_session import shown_before
from experiment.kit.own_profile import save_own_profile
from experiment.plain import to_plain
from experiment.plans.choosing import ChoosingPlan
from experiment.profiles import DEMO, load_profiles
from experiment.readlog import SessionLog, read_log
from experiment.register.changes import enrol
from experiment.register.repeating import repeat
from experiment.register.standing import standing
from experiment.register.state import open_register
from experiment.said import error_in_words
from experiment.screens import Feedback
from experiment.session import prepare, run
from experiment.study import open_study
from run_session import main
from tests.exports import export_bids
from tests.sessions.social import NAME, OWN, PERSON, PHOTO, TODAY, kit_of, request


@dataclass(frozen=True)
class Played:
    """A study after Hsu et al. 2013 that a robot went through; nothing may be changed in it.

    Parameters
    ----------
    chosen : Path
        As it was after choosing.
    whole : Path
        As it was after both scans and the debriefing.
    logs : list of SessionLog
        Of the whole.
    """

    chosen: Path
    whole: Path
    logs: list[SessionLog]

    @property
    def kit(self) -> Path:
        return kit_of(self.whole)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("hsu")
    whole, chosen = folder / "study", folder / "chosen"
    make_study(whole, "hsu2013")
    save_own_profile(kit_of(whole), PHOTO, OWN)
    logs = [play(whole, "01")]
    shutil.copytree(whole, chosen)
    return Played(chosen, whole, [*logs, play(whole, "02"), play(whole, "03")])


@pytest.fixture(scope="module")
def data_set(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole study as a data set, such as `test_presets` shows to be a valid one."""
    out = tmp_path_factory.mktemp("data") / "bids"
    report = export_bids([log.file for log in played.logs], out)
    assert (report.left_out, report.incomplete) == ((), ())
    return out


@pytest.fixture
def chosen(played: Played, tmp_path: Path) -> Path:
    """A copy of the study after choosing, to do with as one likes."""
    return Path(shutil.copytree(played.chosen, tmp_path / "study"))


def play(study: Path, session: str) -> SessionLog:
    result = run(prepare(request(study, session)))
    assert (result.status, result.reason) == ("complete", None)
    log = read_log(result.log)
    assert verify(log).differences == ()
    assert not list(log.of("fault"))
    assert all("missing" not in line for line in after_session(study, "012", result.log))
    return log


def test_a_robot_chooses_among_those_whom_it_would_like_to_meet(played: Played) -> None:
    log = played.logs[0]
    assert set(log.header["people"]) == {"digest", "everybody", "offered", "faces", "choices"}
    choices = played.kit / "choices.json"
    assert choices.stat().st_mode & 0o777 == 0o600
    rated = {row.n: row.value for row in rating_rows(log)}
    shown = {row.n: row.profile_id for row in step_rows(log) if row.screen == "profile_scale"}
    assert json.loads(choices.read_text()) == {shown[n]: value for n, value in rated.items()}
    men = load_profiles(DEMO).index().groups["men"]
    assert len(shown) == len(men)
    assert set(shown.values()) == set(men)


def test_a_robot_learns_in_both_scans_who_likes_it(played: Played) -> None:
    scans = played.logs[1:]
    read = [row for log in scans for row in step_rows(log) if row.shown_answer is not None]
    met = [row.profile_id for row in read]
    assert len(met) == len(set(met)) == 16
    liked = {choice.profile_id: choice.value for choice in load_choices(played.kit)}
    assert all(liked[one or ""] >= 4 for one in met)
    assert all(row.confirmed and row.rt is not None and row.rt > 0 for row in read)
    answers = {(row.condition, row.shown_answer) for row in read}
    assert answers == {("rejection", 1), ("rejection", 2), ("acceptance", 5), ("acceptance", 6)}
    for log in scans:
        blocks = block_rows(log)
        assert [round(row.planned or 0) for row in blocks] == [600, 2400, 4200]
        assert all(abs((r.onset or 0) - (r.planned or 0)) <= 1 / 60 for r in blocks)
        assert not any(row.interrupted for row in blocks)
        assert {row.rating for row in rating_rows(log)} == {"sad", "happy", "desire", "selfesteem"}
        moments = {row.report for row in step_rows(log) if row.report}
        assert moments == {"before", "after", "after_5_min"}
    assert next(scans[1].of("step"))["step"]["marker"] is None
    assert scans[1].header["tasks"][-1] == "debriefing"


def test_exported_blocks_join_a_pet_scan(played: Played, data_set: Path, tmp_path: Path) -> None:
    (events,) = data_set.rglob("*_ses-02_task-feedback_run-01_events.tsv")
    ours = json.loads(events.with_suffix(".json").read_text("utf-8"))
    assert ours["InjectionStart"] == 0
    assert ours["TimeZero"] == ours["TimeZeroUTC"][11:19]

    pet = tmp_path / "sub-012_ses-02_pet.json"
    sidecar = {
        "TimeZero": "10:15:00",
        "ScanStart": 0,
        "InjectionStart": 42.5,
        "FrameTimesStart": [600.0 * i for i in range(10)],
        "FrameDuration": [600.0] * 10,
    }
    pet.write_text(json.dumps(sidecar))
    joined = join(events, pet)
    assert (joined.anchor, joined.disagreement) == ("InjectionStart", None)
    onsets = {row.block: row.onset for row in block_rows(played.logs[1])}
    for block, frames in zip(joined.blocks, ((1,), (4,), (7,)), strict=True):
        onset = onsets[block.block]
        assert onset is not None
        assert block.from_injection == pytest.approx(onset, abs=1e-5)
        assert block.onset == pytest.approx(onset + 42.5, abs=1e-5)
        assert block.duration == pytest.approx(96, abs=0.02)
        assert block.frames == frames
    assert [round(block.from_injection) for block in joined.blocks] == [600, 2400, 4200]

    for name, wrong, said in (
        ("InjectionStart", "n/a", "InjectionStart must be in seconds, a number"),
        ("FrameDuration", [600.0], "must be lists of one length"),
        ("FrameTimesStart", None, "must be lists of one length"),
    ):
        pet.write_text(json.dumps(sidecar | {name: wrong}))
        with pytest.raises(BadInput, match=said):
            join(events, pet)

    del sidecar["InjectionStart"]
    pet.write_text(json.dumps(sidecar))
    with pytest.raises(BadInput, match="shares no mark"):
        join(events, pet)


def test_a_scan_can_be_timed_from_its_start(chosen: Path, tmp_path: Path) -> None:
    file = chosen / "study.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("begins: injection ", "begins: scan_start "), "utf-8")
    export_bids([play(chosen, "02").file], tmp_path / "bids")
    (events,) = (tmp_path / "bids").rglob("*_task-feedback_run-01_events.tsv")
    assert json.loads(events.with_suffix(".json").read_text("utf-8"))["ScanStart"] == 0
    pet = tmp_path / "sub-012_ses-02_pet.json"
    frames = {"InjectionStart": 70, "FrameTimesStart": [0, 600], "FrameDuration": [600, 6000]}
    pet.write_text(json.dumps({"TimeZero": "10:15:00", "ScanStart": 40, **frames}))
    joined = join(events, pet)
    assert joined.anchor == "ScanStart"
    assert [round(block.onset) for block in joined.blocks] == [640, 2440, 4240]
    ours = events.with_suffix(".json")
    both = json.loads(ours.read_text("utf-8")) | {"InjectionStart": 32.5}
    ours.write_text(json.dumps(both), "utf-8")
    pet.write_text(json.dumps({"ScanStart": 40, **frames}))
    joined = join(events, pet)  # scan and injection are 30 s apart, the events say 32.5 s
    assert (joined.anchor, joined.disagreement) == ("InjectionStart", -2.5)


def test_the_own_profile_is_in_nothing_but_the_kit(
    played: Played, data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = played.logs[1]
    study = shutil.copytree(played.whole, tmp_path / "study")
    for words in (
        ("export", study, "--tables", tmp_path / "tables"),
        ("timing", study / scan.file.relative_to(played.whole)),
    ):
        assert main([str(word) for word in words]) == 0
    kit = Path("participants/012/kit")
    assert files_with_the_own_profile(study) == {kit / "own_photo.png", kit / "own_profile.json"}
    assert files_with_the_own_profile(tmp_path / "tables") == set()
    assert files_with_the_own_profile(data_set) == set()
    for log in played.logs:  # whom the participant would like to meet stays in the kit, too
        assert not re.search(r'"(groups?|likes|men|women)"', log.file.read_text("utf-8"))

    (moment,) = [m for m in moments(scan) if isinstance(m.step.screen, Feedback)][:1]
    told, hidden = (picture_at(scan, moment.t + 0.1, whose) for whose in (kit_of(study), None))
    face = np.asarray(Image.open(PHOTO).convert("RGB").resize((8, 8), Image.Resampling.BOX))
    assert holds(told, face)
    assert not holds(hidden, face)

    file = kit_of(study) / "own_profile.json"
    file.write_text(file.read_text("utf-8").replace('"age":30', f'"age":"{NAME}"'), "utf-8")
    with pytest.raises(BadInput) as refused:
        prepare(request(study, "02"))
    printed = capsys.readouterr()
    assert "CANARY" not in str(refused.value) + printed.out + printed.err


def files_with_the_own_profile(folder: Path) -> set[Path]:
    """Return files in a folder that hold the name, the text or the picture."""
    drawn = io.BytesIO()
    with Image.open(PHOTO) as opened:
        opened.convert("RGB").save(drawn, "png")
    private = (NAME.encode(), b"CANARYTEXT", drawn.getvalue()[-4000:])
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    return {
        file.relative_to(folder)
        for file in files
        if "CANARY" in file.name or any(secret in file.read_bytes() for secret in private)
    }


@pytest.mark.slow
def test_the_own_profile_is_in_no_report(played: Played, tmp_path: Path) -> None:
    for words in (
        ("report", played.whole, "--rehearsals", "--out", tmp_path / "study.html"),
        ("report", played.logs[1].file, "--out", tmp_path / "session.html"),
    ):
        assert main([str(word) for word in words]) == 0
    assert files_with_the_own_profile(tmp_path) == set()


def holds(frame: np.ndarray, face: np.ndarray) -> bool:
    """Return whether the left one of the two photos on a frame of feedback is this face."""
    side = round(0.4 * 540)
    left = round(480 - 0.025 * 960 - side)
    top = round(0.065 * 540)
    seen = Image.fromarray(frame[top : top + side, left : left + side])
    small = np.asarray(seen.resize((8, 8), Image.Resampling.BOX)).astype(int)
    return bool(np.abs(small - face)[1:-1, 1:-1].max() < 12)


def test_choosing_goes_on_where_it_stopped(chosen: Path) -> None:
    kit = kit_of(chosen)
    (kit / "choices.json").unlink()
    (log,) = open_study(chosen).logs()
    _cut_after(log, trials=9)
    list(after_session(chosen, "012", log))
    first = load_choices(kit)
    assert len(first) == 9
    (kit / "choices.json").unlink()  # lost: the logs still know
    again = run(prepare(request(chosen, "01")))
    assert again.log.name.endswith("_part-02.jsonl")
    rest = read_log(again.log)
    assert verify(rest).differences == ()
    list(after_session(chosen, "012", again.log))
    both = load_choices(kit)
    assert len(both) == 24
    assert set(first) <= set(both)
    with pytest.raises(BadInput, match=r"all 24 profiles .* rated already"):
        prepare(request(chosen, "01"))


def test_choosing_that_is_repeated_begins_anew(chosen: Path) -> None:
    study = open_study(chosen)
    enrol(study, "012", "MK")
    repeat(study, "012", "01", "MK", "another person sat there")
    assert load_choices(kit_of(chosen)) == ()
    plan = prepare(request(chosen, "01")).plans["choosing"].plan
    assert isinstance(plan, ChoosingPlan)
    assert len(plan.trials) == 24


def _cut_after(file: Path, trials: int) -> Path:
    """Cut a log as a power failure does, in the middle of a profile."""
    lines = file.read_bytes().splitlines(keepends=True)
    seen = 0
    for i, line in enumerate(lines):
        seen += b'"kind":"profile_scale"' in line and b'"type":"step"' in line
        if seen > trials:
            file.write_bytes(b"".join(lines[: i + 1]))
            return file
    raise AssertionError


def test_a_session_that_ended_before_its_first_run_can_be_run(played: Played, chosen: Path) -> None:
    """A port that could not be opened, say: its log has a plan, and nobody saw any of it."""
    begun = played.logs[1]
    log = chosen / begun.file.relative_to(played.whole)
    log.parent.mkdir()
    log.write_bytes(begun.file.read_bytes().splitlines(keepends=True)[0])
    assert [run.task for run in shown_before(open_study(chosen), "012")] == ["choosing"]
    plan = prepare(request(chosen, "02")).plans["feedback"].plan
    assert to_plain(plan) == begun.header["plans"]["feedback"]
    shown = shown_before(open_study(played.whole), "012")
    assert [(run.session, len(run.profile_ids)) for run in shown if run.profile_ids] == [
        ("02", 8),
        ("03", 8),
    ]


def test_a_scan_that_is_repeated_shows_the_same_people_and_no_other_does(
    played: Played, chosen: Path
) -> None:
    scan = played.logs[1].file
    log = chosen / scan.relative_to(played.whole)
    log.parent.mkdir()
    shutil.copy(scan, log)
    study = open_study(chosen)
    enrol(study, "012", "MK")
    repeat(study, "012", "02", "MK", "moved too much")
    planned = [prepare(request(chosen, session)).plans["feedback"].plan for session in ("02", "03")]
    as_before = [log.header["plans"]["feedback"] for log in played.logs[1:3]]
    assert to_plain(planned[0]) == as_before[0]
    people = [{t.get("profile_id") for t in plan["trials"] if "answer" in t} for plan in as_before]
    other = [t for t in to_plain(planned[1])["trials"] if "answer" in t]
    assert {trial["profile_id"] for trial in other} == people[1]
    assert not people[0] & people[1]


def test_too_few_liked_is_told_at_once_and_again_before_the_scan(
    chosen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = chosen / "study.yaml"
    file.write_text(file.read_text("utf-8").replace("at_least: 4}", "at_least: 6}"), "utf-8")
    (log,) = open_study(chosen).logs()
    with pytest.raises(TooFewLiked) as told:
        list(after_session(chosen, "012", log))
    remedies = str(told.value).splitlines()[1:]
    assert "the study's scans need 16" in remedies[0]
    assert len(remedies) == 4
    with pytest.raises(BadInput) as refused:
        prepare(request(chosen, "02"))
    assert str(refused.value).splitlines()[1:] == remedies[1:]
    words = ["run", str(chosen), *PERSON, "--session", "02"]
    assert main([*words, "--robot", "typical", "--speed", "fast", "--no-window"]) == 2
    assert remedies[1] in capsys.readouterr().err
    arabic = error_in_words(told.value, "ar")
    assert len(arabic.splitlines()) == 5
    assert re.findall("people|liked (?!at)|task", arabic) == []
    arabic = error_in_words(refused.value, "ar")
    assert arabic.startswith("المهمة")
    assert not (chosen / "sourcedata" / "sub-012" / "ses-02").exists()


def test_a_rehearsal_of_choosing_chooses_for_nobody(bare: Path) -> None:
    words = ["run", str(bare), *PERSON, "--session", "01", "--rehearsal"]
    assert main([*words, "--robot", "hasty", "--speed", "fast", "--no-window"]) == 0
    assert not (bare / "participants").exists()


@pytest.mark.parametrize("session", ["01", "02"])
def test_choosing_and_scans_need_the_participant_s_own_profile(bare: Path, session: str) -> None:
    study = open_study(bare)
    enrol(study, "012", "MK")
    visit = standing(study, open_register(bare).participant("012"), TODAY).session(session)
    (lack,) = missing_for(study, "012", visit)
    assert (lack.name, lack.stops) == ("profile", True)
    assert lack.command.startswith("run_session.py profile ")
    person = replace(request(bare, session), robot=None, fast=False, no_window=False)
    with pytest.raises(BadInput, match="no profile of the participant's own"):
        prepare(person)
    save_own_profile(kit_of(bare), PHOTO, OWN)
    missing = () if session == "01" else ("choices",)
    assert tuple(lack.name for lack in missing_for(study, "012", visit)) == missing


def test_too_few_liked_is_told_in_the_launcher_with_the_command_that_helps(chosen: Path) -> None:
    """On a later day, with the choosing session done: its command goes on with what is left."""

    def lacks() -> tuple[Lack, ...]:
        where = standing(open_study(chosen), open_register(chosen).anybody("012"), TODAY)
        assert where.session("01").state == "done"
        assert where.next_session is not None
        return missing_for(open_study(chosen), "012", where.next_session)

    assert lacks() == ()
    file = chosen / "study.yaml"
    file.write_text(file.read_text("utf-8").replace("at_least: 4}", "at_least: 5}"), "utf-8")
    (lack,) = lacks()
    assert (lack.name, lack.values) == ("people", {"session": "01"})
    assert lack.command.startswith(f"run_session.py profile {chosen} ")

    save_own_profile(kit_of(chosen), PHOTO, replace(OWN, likes=("men", "women")))
    (lack,) = lacks()
    assert (lack.name, lack.values) == ("choices", {"session": "01"})
    assert lack.command == f"run_session.py run {chosen} --participant 012 --session 01"
    for texts in map(speaking, languages()):
        assert "01" in texts.says("missing.choices_do", **lack.values)
        assert "01" in texts.says("missing.people_do", **lack.values)
    words = lack.command.split()[1:]
    assert main([*words, "--robot", "typical", "--speed", "fast", "--no-window"]) == 0
    assert lacks() == ()

    more = file.read_text("utf-8").replace("begins: 600, trials: 4", "begins: 600, trials: 30")
    file.write_text(more, "utf-8")
    assert [lack.name for lack in lacks()] == ["faces"]


def test_a_participant_without_messages_can_be_forgotten_too(
    chosen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = kit_of(chosen)
    assert main(["kit", "forget", str(chosen), *PERSON, "--yes"]) == 0
    assert f"3 files destroyed in {kit}" in capsys.readouterr().out
    assert [file.name for file in kit.iterdir()] == ["forgotten.json"]
    (log,) = open_study(chosen).logs()
    assert verify(read_log(log)).differences == ()
    with pytest.raises(BadInput, match="was destroyed; it gets nothing new"):
        save_own_profile(kit, PHOTO, OWN)
    again = ["replay", str(log), "--at", "30", "--png", str(kit / "seen.png")]
    assert main([*again, "--kit", str(kit)]) == 0  # the set's own people are still there
