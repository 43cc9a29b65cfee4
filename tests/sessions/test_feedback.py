"""A whole study of social feedback, from choosing to the debriefing, with a robot participant."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from analysis.bids_validator import ValidatorReport, validate
from analysis.pet import join
from analysis.replay import verify
from analysis.show import contact_sheet
from analysis.tables import block_rows, rating_rows, step_rows
from experiment.choices import keep_choices, load_choices
from experiment.errors import BadInput, TooFewLiked
from experiment.examples import make_study
from experiment.kit.own_profile import save_own_profile
from experiment.profiles import DEMO
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from experiment.study import open_study
from run_session import main
from tests.exports import export_bids

PHOTO = DEMO / "photos" / "w05.png"
NAME, TEXT = "CANARYNAME", "CANARYTEXT about what I like"
Edit = tuple[str, str]
Make = Callable[..., Path]


@pytest.fixture
def hsu(tmp_path: Path) -> Make:
    """Make a study after Hsu et al. 2013, edited, with participant 012's own profile."""

    def make(*edits: Edit, likes: tuple[str, ...] = ("men",), own: bool = True) -> Path:
        folder = tmp_path / "study"
        make_study(folder, "hsu2013")
        file = folder / "study.yaml"
        text = file.read_text("utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
        if own:
            save_own_profile(open_study(folder).kit_folder("012"), PHOTO, NAME, 30, TEXT, likes)
        return folder

    return make


def request(study: Path, session: str, task: str | None = None) -> SessionRequest:
    return SessionRequest(
        study, "012", session, task, robot="typical", port="mock:", fast=True, no_window=True
    )


def play(study: Path, session: str, task: str | None = None) -> SessionLog:
    result = run(prepare(request(study, session, task)))
    assert (result.status, result.reason) == ("complete", None)
    log = read_log(result.log)
    assert verify(log).differences == ()
    assert not list(log.of("fault"))
    keep_choices(study, "012", result.log)
    return log


@pytest.mark.timeout(180)
def test_a_robot_goes_through_the_whole_study(hsu: Make, tmp_path: Path) -> None:
    study = hsu()
    kit = open_study(study).kit_folder("012")
    logs = [play(study, session) for session in ("01", "02", "03")]

    assert set(logs[0].header["people"]) == {
        "digest",
        "everybody",
        "offered",
        "faces",
        "choices",
    }
    for log in logs:  # whom the participant would like to meet stays in the kit
        assert not re.search(r'"(groups?|likes|men|women)"', log.file.read_text("utf-8"))
    choices = kit / "choices.json"
    assert choices.stat().st_mode & 0o777 == 0o600
    rated = {row.n: row.value for row in rating_rows(logs[0])}
    shown = {row.n: row.profile_id for row in step_rows(logs[0]) if row.screen == "profile_scale"}
    assert json.loads(choices.read_text()) == {shown[n]: value for n, value in rated.items()}
    assert set(shown.values()) == {f"m{i:02d}" for i in range(1, 25)}  # the group that was liked

    met = [
        row.profile_id
        for log in logs[1:]
        for row in step_rows(log)
        if row.screen == "feedback" and row.shown_answer is not None
    ]
    assert len(met) == len(set(met)) == 16
    read = [row for log in logs[1:] for row in step_rows(log) if row.shown_answer is not None]
    assert all(row.confirmed and row.rt is not None and row.rt > 0 for row in read)
    for log in logs[1:]:
        blocks = block_rows(log)
        assert [round(row.planned or 0) for row in blocks] == [600, 2400, 4200]
        assert all(abs((r.onset or 0) - (r.planned or 0)) <= 1 / 60 for r in blocks)
        assert not any(row.interrupted for row in blocks)
    assert [next(logs[2].of("step"))["step"]["marker"], logs[2].header["tasks"][-1]] == [
        None,
        "debriefing",
    ]

    out = tmp_path / "bids"
    report = export_bids([log.file for log in logs], out)
    assert (report.left_out, report.incomplete) == ((), ())
    assert validate(out) == ValidatorReport((), ())
    for file in [*(log.file for log in logs), *(f for f in out.rglob("*") if f.is_file())]:
        assert "CANARY" not in file.read_text("utf-8")
    sheet = contact_sheet(logs[1], kit)
    bars = contact_sheet(logs[1], None)
    assert sheet.shape == bars.shape
    assert (sheet != bars).any()


@pytest.mark.timeout(120)
def test_exported_blocks_join_a_pet_scan(hsu: Make, tmp_path: Path) -> None:
    study = hsu()
    play(study, "01")
    log = play(study, "02")
    export_bids([log.file], tmp_path / "bids")
    (events,) = (tmp_path / "bids").rglob("*_task-feedback_run-01_events.tsv")
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
    onsets = {row.block: row.onset for row in block_rows(log)}
    for block, frames in zip(joined.blocks, ((1,), (4,), (7,)), strict=True):
        onset = onsets[block.block]
        assert onset is not None
        assert block.from_injection == pytest.approx(onset, abs=1e-5)
        assert block.onset == pytest.approx(onset + 42.5, abs=1e-5)
        assert block.duration == pytest.approx(96, abs=0.02)
        assert block.frames == frames
    assert [round(block.from_injection) for block in joined.blocks] == [600, 2400, 4200]

    del sidecar["InjectionStart"]
    pet.write_text(json.dumps(sidecar))
    with pytest.raises(BadInput, match="shares no mark"):
        join(events, pet)


def test_choosing_goes_on_where_it_stopped(hsu: Make) -> None:
    study = hsu()
    kit = open_study(study).kit_folder("012")
    log = _cut_after(run(prepare(request(study, "01"))).log, trials=9)
    keep_choices(study, "012", log)
    first = load_choices(kit)
    assert len(first) == 9
    (kit / "choices.json").unlink()  # lost: the logs still know
    again = run(prepare(request(study, "01")))
    assert again.log.name.endswith("_part-02.jsonl")
    rest = read_log(again.log)
    assert verify(rest).differences == ()
    keep_choices(study, "012", again.log)
    both = load_choices(kit)
    assert len(both) == 24
    assert set(first) <= set(both)
    with pytest.raises(BadInput, match=r"all 24 profiles .* rated already"):
        prepare(request(study, "01"))


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


def test_too_few_liked_is_told_at_once_and_again_before_the_scan(
    hsu: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    study = hsu(("at_least: 4}", "at_least: 7}"))
    result = run(prepare(request(study, "01")))
    with pytest.raises(TooFewLiked) as told:
        keep_choices(study, "012", result.log)
    remedies = str(told.value).splitlines()[1:]
    assert "the study's scans need 16" in remedies[0]
    assert len(remedies) == 4
    with pytest.raises(BadInput) as refused:
        prepare(request(study, "02"))
    assert str(refused.value).splitlines()[1:] == remedies[1:]
    words = ["run", str(study), "--participant", "012", "--session", "02"]
    assert main([*words, "--robot", "typical", "--speed", "fast", "--no-window"]) == 2
    assert remedies[1] in capsys.readouterr().err
    assert not (study / "sourcedata" / "sub-012" / "ses-02").exists()


def test_a_scan_needs_the_participant_s_own_profile(hsu: Make) -> None:
    study = hsu(own=False)
    assert prepare(request(study, "01")).plans  # choosing does not
    with pytest.raises(BadInput, match="no profile of the participant's own"):
        prepare(request(study, "02"))


def test_the_profile_command_puts_a_clean_photo_into_the_kit(hsu: Make, tmp_path: Path) -> None:
    study = hsu(own=False)
    photo, text = tmp_path / "me.jpg", tmp_path / "me.txt"
    picture = Image.new("RGB", (2000, 1500), "#806040")
    exif = picture.getexif()
    exif[0x010E] = "CANARYPLACE"
    picture.save(photo, exif=exif)
    text.write_text(TEXT, "utf-8")
    words = ["profile", str(study), "--participant", "012", "--photo", str(photo)]
    words += ["--name", NAME, "--age", "30", "--text-file", str(text), "--likes", "women"]
    assert main(words) == 0
    kit = study / "participants" / "012" / "kit"
    assert sorted(file.name for file in kit.iterdir()) == ["own_photo.png", "own_profile.json"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in kit.iterdir())
    assert kit.stat().st_mode & 0o777 == 0o700
    assert b"CANARYPLACE" not in (kit / "own_photo.png").read_bytes()
    with Image.open(kit / "own_photo.png") as kept:
        assert kept.size == (1200, 900)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--photo", "text", "not a readable PNG, JPEG or WebP picture"),
        ("--photo", "small", "100 x 100 px; at least 200"),
        ("--photo", "none", "no such file"),
        ("--name", "  ", "--name: 1 to 40 characters"),
        ("--name", "x" * 41, "found 41"),
        ("--age", "17", "--age 17: 18 to 120"),
        ("--text-file", "empty", "the profile's text: 1 to 600 characters, found 0"),
        ("--text-file", "long", "found 601"),
        ("--text-file", "latin", "not UTF-8 text (byte 0)"),
        ("--likes", "cats", "--likes 'cats': no such group; allowed: men, women"),
        ("--participant", "0/1", "participant '0/1': only the letters"),
    ],
)
def test_a_profile_that_can_t_be_used_changes_nothing(
    hsu: Make,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
    said: str,
) -> None:
    study = hsu(own=False)
    files = {"text": b"no picture", "empty": b" \n", "long": b"x" * 601, "latin": b"\xe9t\xe9"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    Image.new("RGB", (100, 100)).save(tmp_path / "small", "png")
    (tmp_path / "good.txt").write_text("Fine words.")
    asked = {
        "--participant": "012",
        "--photo": str(PHOTO),
        "--name": "Somebody",
        "--age": "30",
        "--text-file": str(tmp_path / "good.txt"),
        "--likes": "men",
    }
    asked[option] = str(tmp_path / value) if option in ("--photo", "--text-file") else value
    words = [word for pair in asked.items() for word in pair]
    assert main(["profile", str(study), *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert not (study / "participants").exists()


def test_a_participant_without_messages_can_be_forgotten_too(
    hsu: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = hsu()
    log = play(study, "01")
    kit = open_study(study).kit_folder("012")
    assert main(["kit", "forget", str(study), "--participant", "012", "--yes"]) == 0
    assert f"3 files destroyed in {kit}" in capsys.readouterr().out
    assert [file.name for file in kit.iterdir()] == ["forgotten.json"]
    assert verify(read_log(log.file)).differences == ()
    text = tmp_path / "me.txt"
    text.write_text(TEXT)
    words = ["--photo", str(PHOTO), "--name", NAME, "--age", "30", "--text-file", str(text)]
    assert main(["profile", str(study), "--participant", "012", *words]) == 2
    assert "was destroyed; it gets nothing new" in capsys.readouterr().err
    sheet = ["replay", str(log.file), "--sheet", str(tmp_path / "sheet.png")]
    assert main([*sheet, "--kit", str(kit)]) == 0  # the set's own people are still there


def test_a_choice_of_somebody_who_is_gone_is_told(hsu: Make) -> None:
    study = hsu()
    kit = open_study(study).kit_folder("012")
    (kit / "choices.json").write_text('{"m01": 5, "gone": 4}')
    with pytest.raises(BadInput, match="lacks 'gone', whom the participant rated"):
        prepare(request(study, "01"))
    (kit / "choices.json").write_text('{"m01": "much"}')
    with pytest.raises(BadInput, match=r"choices.json:1: not a file of choices"):
        prepare(request(study, "01"))


def test_shown_answers_are_not_the_participant_s(hsu: Make) -> None:
    study = hsu()
    play(study, "01")
    log = play(study, "02")
    assert {row.rating for row in rating_rows(log)} == {"sad", "happy", "desire", "selfesteem"}
    moments = {row.report for row in step_rows(log) if row.report}
    assert moments == {"before", "after", "after_5_min"}
