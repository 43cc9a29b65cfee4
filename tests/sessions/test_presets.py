"""Every preset, from a new study to a data set, with invented people and a robot participant."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from analysis.bids_validator import ValidatorReport, validate
from analysis.replay import verify
from experiment.errors import BadInput
from experiment.examples import EXAMPLE, make_study, preset_names
from experiment.kit import Condition, Kit, KitMessage, Writer, save_kit
from experiment.kit.decisions import accepting, record
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.plans.kit_check import check_kit
from experiment.profiles import DEMO
from experiment.protocol import LAB_DEFAULT, load_protocol
from experiment.readlog import read_log
from experiment.session import SessionRequest, prepare, run
from experiment.study import open_study
from run_session import main
from tests.exports import export_bids

WORDS = "I often think of the day we met by the sea and of all that came after it"
DOCS = Path(__file__).parents[2] / "docs" / "presets.md"

# All that the presets call published. A value may only come here if the document of that key says
# it; everything else is a lab default.
PUBLISHED: dict[str, dict[str, tuple[Any, str]]] = {
    "cyberball": {
        "notes.0": ("Three players as a rule", "L5"),
        "notes.1": ("Inclusion: every player gets about a third of the throws", "L5"),
        **{
            f"tasks.{task}.players.count": (2, "L5")
            for task in ("included", "excluded", "scanwatch", "scanincluded", "scanexcluded")
        },
        "tasks.included.rounds.0.schedule.kind": ("fair", "L5"),
        "tasks.included.rounds.0.throws": (30, "L5"),
        "tasks.excluded.rounds.0.schedule.kind": ("ostracism", "L5"),
        "tasks.excluded.rounds.0.schedule.receipts": (2, "L5"),
        "tasks.excluded.rounds.0.throws": (30, "L5"),
        **{f"tasks.scanincluded.rounds.{i}.schedule.kind": ("fair", "L5") for i in range(5)},
        **{f"tasks.scanexcluded.rounds.{i}.schedule.kind": ("ostracism", "L5") for i in range(5)},
        "tasks.scanexcluded.rounds.0.schedule.receipts": (2, "L5"),
        "tasks.afterincluded.questionnaires.0": ("needthreat", "L6"),
        "tasks.afterexcluded.questionnaires.0": ("needthreat", "L6"),
    },
    "hsu2013": {
        "notes.0": ("18 volunteers; PET with the mu-opioid radiotracer [11C]carfentanil", "S3"),
        "notes.1": ("Conditions: baseline, not being liked, being liked", "S3"),
        "notes.2": ("Trait resiliency (ER89: 14 items of 4 points, total 14 to 56) went", "S4"),
        "notes.3": ("Follow-up: 17 patients with depression, 18 controls; mood and", "L3"),
        "notes.4": ("Before the scan, profiles of a photo and a text are rated", "L4"),
        "tasks.feedback.blocks.0.kind": ("baseline", "S3"),
        "tasks.feedback.blocks.1.kind": ("rejection", "S3"),
        "tasks.feedback.blocks.2.kind": ("acceptance", "S3"),
        "tasks.feedback.ratings.0": ("sad", "S3"),
        "tasks.feedback.ratings.1": ("happy", "S3"),
        "tasks.feedback.ratings.2": ("desire", "S3"),
        "tasks.feedback.ratings.3": ("selfesteem", "L3"),
        "tasks.feedback.reports.before": (True, "L3"),
        "tasks.feedback.reports.after": (True, "L3"),
        "tasks.feedback.reports.minutes_after.0": (5.0, "L3"),
        "ratings.liking.anchors.1": ("Definitely no", "L4"),
        "ratings.liking.anchors.2": ("Very likely no", "L4"),
        "ratings.liking.anchors.5": ("Very likely yes", "L4"),
        "ratings.liking.anchors.6": ("Definitely yes", "L4"),
        "ratings.likes_you.question": ("Does this person like you?", "L4"),
        "ratings.likes_you.anchors.1": ("Definitely no", "L4"),
        "ratings.likes_you.anchors.2": ("Very likely no", "L4"),
        "ratings.likes_you.anchors.5": ("Very likely yes", "L4"),
        "ratings.likes_you.anchors.6": ("Definitely yes", "L4"),
    },
    "inagaki2013": {
        "tasks.messages.version": ("scanner", "L1"),
        "tasks.messages.ratings.0": ("warmth", "L1"),
        "tasks.messages.ratings.1": ("connection", "L1"),
        "notes.0": ("Loving messages against neutral, factual messages from the same people", "L1"),
    },
    "inagaki2016": {
        "design.kind": ("crossover", "S0"),
        "design.drug_days": (4, "S0"),
        "design.washout_days": (10, "S0"),
        "design.periods.0.sessions.01.day": (4, "S0"),
        "design.periods.1.sessions.02.day": (4, "S0"),
        "tasks.messages.version": ("lab", "S0"),
        "tasks.messages.messages.kind.total": (6, "S0"),
        "tasks.messages.ratings.0": ("connection", "S0"),
        "tasks.messages.ratings.1": ("good", "S0"),
        "daily.days.01": (4, "S0"),
        "daily.days.02": (4, "S0"),
        "tasks.warmobject.objects.0": ("warm", "S0"),
        "tasks.warmobject.objects.1": ("neutral", "S0"),
        "notes.0": ("Crossover, double-blind: 31 volunteers; naltrexone for 4 days and", "S0"),
        "notes.1": ("The lab task is done on the last day of each of the two periods", "S0"),
        "notes.2": ("Daily reports of social connection and of positive affect", "S1"),
        "notes.3": ("The participant does not know beforehand that loved ones sent", "S0"),
    },
    "inagaki2019": {
        "design.kind": ("parallel", "L2"),
        "kit.per_writer.kind": (12, "L2"),
        "tasks.messages.version": ("scanner", "L2"),
        "tasks.messages.ratings.0": ("connection", "L2"),
        "notes.0": ("Parallel groups: 80 participants, 40 per arm", "L2"),
        "notes.1": ("8 close others are nominated, each is asked by e-mail for 12", "L2"),
        "notes.2": ("Writers are asked not to tell the participant", "L2"),
        "notes.3": ("The contrast is close others against strangers", "L2"),
    },
}


def kit_for(study: Path) -> Kit:
    """Return a kit of 8 people who wrote 12 messages of each kind, and the study's strangers."""
    writers = [Writer(f"w{i:02d}", f"CANARYNAME{i}", "friend") for i in range(1, 9)]
    texts: list[tuple[str, Condition, str]] = [
        (writer.writer_id, condition, f"CANARY{condition} " + WORDS[: 12 + (23 * i) % 60])
        for condition in ("kind", "neutral")
        for writer in writers
        for i in range(12)
    ]
    strangers = study / "stranger_messages.csv"
    if strangers.is_file():
        with strangers.open(encoding="utf-8", newline="") as file:
            for i, row in enumerate(csv.DictReader(file), start=1):
                writers.append(Writer(f"s{i:02d}", "", "stranger"))
                texts.append((f"s{i:02d}", "stranger", row["text"]))
    messages = tuple(
        KitMessage(f"m{i:03d}", writer, condition, "en", text)
        for i, (writer, condition, text) in enumerate(texts, start=1)
    )
    return Kit("012", tuple(writers), messages)


def value_at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data[int(part)] if isinstance(data, list | tuple) else data[part]
    return data


@pytest.mark.parametrize("preset", preset_names())
def test_nothing_is_called_published_but_what_a_document_says(preset: str, tmp_path: Path) -> None:
    make_study(tmp_path / preset, preset)
    protocol, sources = load_protocol(tmp_path / preset / "study.yaml")
    published = {path: key for path, key in sources.items() if key != LAB_DEFAULT}
    assert published == {path: key for path, (_, key) in PUBLISHED[preset].items()}
    data = protocol.model_dump(mode="json")
    for path, (value, _) in PUBLISHED[preset].items():
        found = value_at(data, path)
        assert found == value or (path.startswith("notes") and found.startswith(value))


def test_every_preset_is_pinned_and_has_its_page() -> None:
    assert set(PUBLISHED) == set(preset_names())
    docs = DOCS.read_text("utf-8")
    assert all(f"## {preset}" in docs for preset in preset_names())


def test_init_makes_a_study_from_a_preset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    assert main(["init", str(study), "--preset", "inagaki2019"]) == 0
    assert sorted(file.name for file in study.iterdir()) == [
        *("inbox", "questionnaires", "stranger_messages.csv", "study.yaml", "texts")
    ]
    assert open_study(study).protocol.study.name == "inagaki2019"
    before = (study / "study.yaml").read_bytes()
    assert main(["init", str(study), "--preset", "inagaki2016"]) == 2
    assert (study / "study.yaml").read_bytes() == before
    capsys.readouterr()
    assert main(["init", str(tmp_path / "other"), "--preset", "inagaki"]) == 2
    told = capsys.readouterr().err
    allowed = "cyberball, hsu2013, inagaki2013, inagaki2016, inagaki2019"
    assert told == f"error: --preset 'inagaki': allowed are {allowed}\n"
    assert not (tmp_path / "other").exists()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_runs_and_is_proved_and_exported(preset: str, tmp_path: Path) -> None:
    study = tmp_path / "study"
    make_study(study, preset)
    trait = study / "questionnaires" / "er89.yaml"  # its items are to be put in by a lab
    trait.write_text(trait.read_text("utf-8").replace("FILL IN", "An item"), "utf-8")
    opened = open_study(study)
    kit = kit_for(study)
    checked = check_kit(opened.protocol, kit.index(), "012")
    assert checked.against == ()
    assert not any("beyond" in line for line in checked.lines())
    save_kit(kit, opened.kit_folder("012"))
    record(opened.kit_folder("012"), kit, accepting(kit), "KR", "2026-09-20T08:00:00+00:00")
    if opened.protocol.profiles is not None:
        photo = DEMO / "photos" / "p41.png"
        folder = opened.kit_folder("012")
        save_own_profile(folder, photo, OwnWords("CANARYNAME", 30, "CANARYTEXT"))
    for session, visit in opened.protocol.sessions.items():
        for task in (None, *visit.optional):
            request = SessionRequest(
                study,
                "012",
                session,
                task=task,
                robot="typical",
                fast=True,
                no_window=True,
                port="mock:",
                scanner="mock:",
            )
            result = run(prepare(request))
            assert (result.status, result.reason) == ("complete", None)
    logs = opened.logs()
    assert len(logs) == sum(1 + len(v.optional) for v in opened.protocol.sessions.values())
    for log in map(read_log, logs):
        assert verify(log).differences == ()
        assert not list(log.of("fault"))
        assert "CANARY" not in log.file.read_text("utf-8")
    report = export_bids(logs, tmp_path / "bids")
    assert (report.left_out, report.incomplete) == ((), ())
    assert validate(tmp_path / "bids") == ValidatorReport((), ())
    assert all("CANARY" not in f.read_text() for f in (tmp_path / "bids").rglob("*") if f.is_file())


@pytest.mark.parametrize("preset", preset_names())
def test_a_presets_rooms_are_those_of_the_example(preset: str, tmp_path: Path) -> None:
    make_study(tmp_path / preset, preset)
    made, example = (open_study(s).protocol for s in (tmp_path / preset, EXAMPLE))
    assert made.devices == example.devices
    assert made.scanner == example.scanner
    assert made.faults == example.faults
    assert example.markers.items() <= made.markers.items()


def test_an_optional_task_runs_only_when_it_is_asked_for_and_without_a_kit(tmp_path: Path) -> None:
    study = tmp_path / "study"
    make_study(study, "inagaki2016")
    request = SessionRequest(study, "012", "01", robot="typical", fast=True, no_window=True)
    with pytest.raises(BadInput, match="no kit here"):
        prepare(request)
    alone = SessionRequest(
        study, "012", "01", task="warmobject", robot="typical", fast=True, no_window=True
    )
    log = read_log(run(prepare(alone)).log)
    assert log.header["tasks"] == ["warmobject"]
    assert log.status == "complete"
    assert verify(log).differences == ()
