"""Nothing at the desk tells the arm: guessers are no better than a coin, and find leaks."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiment.blinding.making import list_file, make_allocation, receive_allocation
from experiment.blinding.sealed_list import read_sealed_list
from experiment.blinding.sealing import make_keys, read_private, read_public, seal
from experiment.blinding.unblinding import Key, unblind_one
from experiment.examples import make_study
from experiment.register import open_register
from experiment.register.changes import dose, enrol, schedule
from experiment.register.listing import list_one
from experiment.study import Study, open_study
from run_session import main
from tests.sessions.guesser import Person, chance_bound, right_guesses

ARMS = {"A": "CANARYDRUG", "B": "CANARYSUGAR"}
MONDAY = dt.datetime(2026, 3, 2, 9, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)

SUSPECT = 1e-2
"""How seldom a coin is so good that a guesser is asked again, about a fresh study."""
SURE = 1e-3
"""How seldom a coin is that good there, too. Both together come by chance once in 100,000 runs."""

pytestmark = pytest.mark.timeout(240)  # the two studies take some 5 s on an idle machine

Played = tuple[Path, list[Person], list[int]]


def blinded_study(folder: Path, slots: int) -> Study:
    """Make a study with a real, secret allocation; the key lies beside its folder."""
    make_study(folder / "study", "inagaki2016")
    file = folder / "study" / "study.yaml"
    text = file.read_text("utf-8").replace("slots: 36", f"slots: {slots}")
    text = text.replace("  slots:", "  strata: {sex: [female, male]}\n  slots:")
    messages = "tasks: [messages]\n    optional: [warmobject, daily]"
    assert messages in text
    text = text.replace(messages, "tasks: [warmobject]\n    optional: [daily]")
    file.write_text(text, "utf-8")
    study = open_study(folder / "study")
    private, public = folder / "private.pem", folder / "public.pem"
    make_keys(private, public, None)
    make_allocation(study, public, ARMS, folder / "sealed.json", folder / "packing.tsv")
    receive_allocation(study, folder / "sealed.json", "MK", now=lambda: MONDAY)
    return study


def truth(folder: Path, people: list[Person]) -> list[int]:
    """Return the true sequence of each: 1 for AB, -1 for BA."""
    sealed, _ = read_sealed_list(folder / "sealed.json")
    key = read_private(folder / "private.pem", None)
    return [1 if sealed.open_slot(one.slot, key).sequence == "AB" else -1 for one in people]


def steps_of(
    study: Study, label: str, number: int, first: dt.date
) -> Iterator[Callable[[], list[str]]]:
    """Give what is done at the desk with a participant, in order."""
    levels = {"sex": ("female", "male")[number % 2]}

    def now() -> dt.datetime:
        return MONDAY + number * DAY + dt.timedelta(seconds=time.time() % 1)

    yield lambda: enrol(study, label, "MK", levels=levels, now=now)
    yield lambda: schedule(study, label, "MK", 1, first, now=now)
    yield lambda: dose(study, label, "MK", 1, first, now=now)
    yield lambda: list_one(study, label, first)


def played(folder: Path, slots: int) -> Played:
    """Take a study's desk through everything that it does with each participant."""
    folder.mkdir()
    study = blinded_study(folder, slots)
    people = []
    for number in range(2 * slots):
        label, first = f"P{number:03d}", MONDAY.date() + number * DAY
        outputs, seconds = [], []
        for step in steps_of(study, label, number, first):
            begin = time.perf_counter()
            outputs.append("\n".join(step()))
            seconds.append(time.perf_counter() - begin)
        slot = open_register(study.folder).participant(label).slot
        assert slot is not None
        kit = study.kit_folder(label)
        kit.mkdir(parents=True)
        (kit / "kit.json").write_text('{"messages": []}')
        people.append(Person(label, slot, outputs, seconds))
    return study.folder, people, truth(folder, people)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    """Two studies of 64 participants each."""
    place = tmp_path_factory.mktemp("blinded")
    return played(place / "known", 32), played(place / "asked", 32)


def beats_chance(right: dict[str, int], people: int, alpha: float) -> set[str]:
    """Return the guessers that are better than a coin."""
    return {name for name, count in right.items() if count >= chance_bound(people, alpha)}


def test_nothing_at_the_desk_tells_the_arm(two: tuple[Played, Played], tmp_path: Path) -> None:
    known, asked = two
    right = right_guesses(known, asked)
    if suspects := beats_chance(right, len(asked[1]), SUSPECT):
        fresh = played(tmp_path / "fresh", 64)
        again = right_guesses(asked, fresh)
        told = suspects & beats_chance(again, len(fresh[1]), SURE)
        assert not told, f"something tells the arm: {right}, of a fresh study {again}"
    for folder, people, _ in two:
        for path in folder.rglob("*"):
            assert "CANARY" not in path.name
            assert path.is_dir() or b"CANARY" not in path.read_bytes()
        assert "CANARY" not in "".join(text for one in people for text in one.outputs)


def longer_entry(folder: Path, people: list[Person], arms: list[int]) -> None:
    """Seal without padding, so that one sequence's entries are longer."""
    file = folder / "register" / "sealed-list.json"
    whole, public = file.read_text("utf-8"), read_public(folder.parent / "public.pem")
    lines = whole.splitlines(keepends=True)
    arm_of = dict(zip((one.slot for one in people), arms, strict=True))
    for n, line in enumerate(lines[1:-1], start=1):
        entry = json.loads(line.rstrip(",\n"))
        piece = b"x" * (130 if arm_of.get(entry["slot"]) == 1 else 128)
        sealed = base64.b64encode(seal(piece, b"", public)).decode()
        lines[n] = line.replace(entry["sealed"], sealed)
    file.write_text("".join(lines), "utf-8")


def time_of_file(folder: Path, people: list[Person], arms: list[int]) -> None:
    """Have one sequence's kits made on another day."""
    for one, arm in zip(people, arms, strict=True):
        file = folder / "participants" / one.label / "kit" / "kit.json"
        os.utime(file, (1_780_000_000 + 90_000 * arm,) * 2)


def word_in_the_journal(folder: Path, people: list[Person], arms: list[int]) -> None:
    """Have the assistant's initials differ by sequence."""
    file = folder / "register" / "journal.jsonl"
    arm_of = dict(zip((one.label for one in people), arms, strict=True))
    lines = [
        line.replace('"by": "MK"', '"by": "KM"')
        if arm_of.get(json.loads(line).get("participant")) == 1
        else line
        for line in file.read_text("utf-8").splitlines(keepends=True)
    ]
    file.write_text("".join(lines), "utf-8")


def slower_command(folder: Path, people: list[Person], arms: list[int]) -> None:  # noqa: ARG001
    """Have a command take longer for one sequence."""
    for one, arm in zip(people, arms, strict=True):
        one.seconds[0] += 0.5 * (arm == 1)


def letter_in_the_output(folder: Path, people: list[Person], arms: list[int]) -> None:  # noqa: ARG001
    """Have a command print one letter more for one sequence."""
    for one, arm in zip(people, arms, strict=True):
        one.outputs[1] += "." * (arm == 1)


def file_for_one_sequence(folder: Path, people: list[Person], arms: list[int]) -> None:
    """Leave a trace for one sequence only."""
    for one, arm in zip(people, arms, strict=True):
        if arm == 1:
            (folder / "participants" / one.label / ".trace").touch()


@pytest.mark.parametrize(
    "leak",
    [
        longer_entry,
        time_of_file,
        word_in_the_journal,
        slower_command,
        letter_in_the_output,
        file_for_one_sequence,
    ],
)
def test_the_guesser_finds_a_planted_leak(
    two: tuple[Played, Played],
    tmp_path: Path,
    leak: Callable[[Path, list[Person], list[int]], None],
) -> None:
    leaking: list[Played] = []
    for name, (folder, people, arms) in zip(("known", "asked"), two, strict=True):
        place = tmp_path / name / "study"
        shutil.copytree(folder, place)
        shutil.copy(folder.parent / "public.pem", tmp_path / name)
        copies = [Person(p.label, p.slot, list(p.outputs), list(p.seconds)) for p in people]
        leak(place, copies, arms)
        leaking.append((place, copies, arms))
    right = right_guesses(leaking[0], leaking[1])
    assert beats_chance(right, len(leaking[1][1]), SURE)


def test_a_clue_that_is_right_for_three_of_four_is_enough(
    two: tuple[Played, Played],
) -> None:
    """Somebody who knows what to look at needs no sure sign."""
    leaking: list[Played] = []
    for (folder, people, arms), wrong in zip(two, (0, 4), strict=True):
        copies = [Person(p.label, p.slot, list(p.outputs), list(p.seconds)) for p in people]
        signs = [-arm if wrong and n % wrong == 0 else arm for n, arm in enumerate(arms)]
        letter_in_the_output(folder, copies, signs)
        leaking.append((folder, copies, arms))
    right = right_guesses(*leaking)
    assert right["BestClue"] == 48
    assert "BestClue" in beats_chance(right, 64, SURE)


def test_the_bound_is_the_exact_binomial_one() -> None:
    assert chance_bound(4, 1 / 16) == 4  # 4 of 4: 1/16
    assert chance_bound(4, 5 / 16) == 3  # 3 or 4 of 4: 5/16
    assert chance_bound(4, 0.06) == 5  # not even 4 of 4 is rare enough
    assert [chance_bound(64, SUSPECT), chance_bound(64, SURE)] == [42, 45]
    assert chance_bound(128, SURE) == 82


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_whole_sessions_tell_no_arm_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command as the desk runs it, both periods, each with a session that broke off.

    One of them is unblinded at the end, and the others are guessed.
    """
    both: list[Played] = []
    for name in ("known", "asked"):
        (tmp_path / name).mkdir()
        study = blinded_study(tmp_path / name, 16)
        people = []
        for number in range(32):
            label = f"P{number:03d}"
            who = (str(study.folder), "--participant", label)
            sex = ("female", "male")[number % 2]
            robot = ("--robot", "typical", "--speed", "fast", "--no-window", "--session")
            later = dt.date.today() + 14 * DAY
            sheet = study.folder / f"sheet-{label}.pdf"
            outputs, seconds = [], []
            for words in (
                ("participant", "add", *who, "--by", "MK", "--stratum", f"sex={sex}"),
                ("participant", "schedule", *who, "--by", "MK", "--period", "1",
                 "--first-dose", f"{dt.date.today()}"),
                ("sheet", *who, "--session", "01", "--out", str(sheet)),
                ("run", *who, *robot, "01"),
                ("participant", "dose", *who, "--by", "MK", "--period", "1",
                 "--on", f"{dt.date.today()}"),
                ("participant", "schedule", *who, "--by", "MK", "--period", "2",
                 "--first-dose", f"{later}"),
                ("run", *who, *robot, "02"),
                ("run", *who, *robot, "02", "--resume"),
                ("participant", "list", *who),
            ):  # fmt: skip
                if "--resume" in words:
                    break_off(study, label, "02")
                begin = time.perf_counter()
                assert main([*words]) == 0
                told = capsys.readouterr()
                outputs.append(told.out + told.err)
                seconds.append(time.perf_counter() - begin)
            slot = open_register(study.folder).participant(label).slot
            assert slot is not None
            people.append(Person(label, slot, outputs, seconds))
        key = Key(tmp_path / name / "private.pem")
        unblind_one(study, key, people[0].label, who="DR", reason="seizure")
        blind = people[1:]
        both.append((study.folder, blind, truth(tmp_path / name, blind)))
        assert list_file(study).is_file()
    right, count = right_guesses(both[0], both[1]), len(both[1][1])
    assert not beats_chance(right, count, SURE), f"of {count}: {right}"


def break_off(study: Study, label: str, session: str) -> None:
    """Leave of a session's log what a power cut leaves in the middle."""
    (log,) = study.log_folder(label, session).glob("*.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    begun = next(n for n, line in enumerate(lines) if b'"type":"onset"' in line)
    log.write_bytes(b"".join(lines[: begun + 2]))
