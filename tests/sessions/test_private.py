"""Canaries: unique strings in every private field are found in nothing but the kit."""

from __future__ import annotations

import asyncio
import csv
import errno
import io
import json
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.monitor import Monitor
from experiment.kit import load_kit
from experiment.register.identity import load_identity, make_identity, save_identity
from run_session import main
from tests.analysis.test_monitor import settle, text_of

NewStudy = Callable[..., Path]
WHO = ("--participant", "012")
SURVEY = (
    "Timestamp",
    "Email Address",
    "What is CANARYHEAD's writer's name?",
    "How do you know this person?",
    "I agree",
    *(f"Kind message {i}" for i in range(1, 7)),
)
# Words that hold no two canaries alike, nor a piece of another.
LETTERS = "BCDFGHJKLM"


def canary(number: int) -> str:
    return "Canary" + "".join(LETTERS[int(digit)] for digit in f"{number:03d}")


def survey(folder: Path, *, damage: str = "") -> Path:
    """Write answers of six people, a canary in every private cell; rows 7 and 8 are left out."""
    numbers = iter(range(1000))
    rows = []
    for i in range(8):
        cells = [canary(next(numbers)) for _ in range(9)]
        mail, name, relation, texts = f"{cells[0]}@example.org", cells[1], cells[2], cells[3:]
        agreed = "I agree" if i < 6 else f"No, {canary(next(numbers))}"
        rows.append(["2026/09/14", mail, name, relation, agreed, *texts])
    rows[5][-1] += damage
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([SURVEY, *rows])
    file = folder / "answers.csv"
    file.write_text(buffer.getvalue(), "utf-8")
    return file


def files_with_a_canary(folder: Path) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        inside = path.is_file() and b"canary" in path.read_bytes().lower()
        if inside or "canary" in path.name.lower():
            found.append(str(path.relative_to(folder)))
    return sorted(found)


class Terminal:
    """Runs commands and keeps all that they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.printed = ""

    def run(self, *words: str | Path, code: int = 0) -> str:
        assert main([str(word) for word in words]) == code
        told = self._capsys.readouterr()
        self.printed += told.out + told.err
        assert "canary" not in self.printed.lower()
        return told.out + told.err


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


SESSION = ("--robot", "typical", "--speed", "fast", "--no-window")
WIRES = ("--port", "mock:", "--scanner", "mock:")


@pytest.mark.timeout(180)
def test_canaries_are_found_in_nothing_but_the_kit(
    new_study: NewStudy, tmp_path: Path, terminal: Terminal
) -> None:
    study = new_study(kit=False)
    (tmp_path / "desk").mkdir()
    source = survey(tmp_path / "desk")
    kit = study / "participants" / "012" / "kit"

    out = terminal.run("kit", "import", source, "--study", study, *WHO)
    assert "left out: answers.csv:8: no consent" in out
    texts = {m.text for m in load_kit(kit).messages}
    assert canary(3) in texts
    terminal.run("kit", "check", study, *WHO, code=1)
    terminal.run("kit", "review", study, *WHO, "--by", "MK", "--accept-all")
    previews = [kit / "preview.png", kit / "preview.html"]
    terminal.run("kit", "preview", study, *WHO, "--out", previews[1])
    assert stat.S_IMODE(previews[1].stat().st_mode) == 0o600
    logs = []
    for session, form in (("01", ()), ("02", ("--json",))):
        desk = ("--session", session, "--no-window", "--listen", "0", "--rehearsal", *form)
        terminal.run("check", study, *WHO, *desk, *WIRES)
        words = ("run", study, *WHO, "--session", session, *SESSION, *WIRES)
        out = terminal.run(*words)
        logs.append(Path(next(li for li in out.splitlines() if li.startswith("log: "))[5:]))
    for log in logs:
        terminal.run("replay", log, "--verify")
    terminal.run("replay", logs[0], "--sheet", study / "shown.png")
    for shared in (study / "sheet.png", study / "bids" / "sub-012" / "sheet.png"):
        out = terminal.run("replay", logs[0], "--sheet", shared, "--kit", kit, code=2)
        assert "it shows private texts; write it into the kit's folder" in out
    screen = monitored(logs[0])
    assert "sub-012" in screen
    assert "canary" not in screen.lower()
    terminal.run("export", study, "--bids", study / "bids", "--tables", study / "tables")
    terminal.run("report", study, "--rehearsals", "--out", study / "study.html")
    terminal.run("report", logs[0], "--out", study / "session.html")
    for file in previews:
        terminal.run("kit", "preview", study, *WHO, "--out", file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    out = terminal.run("kit", "preview", study, *WHO, "--out", study / "preview.png", code=2)
    assert "shows private texts; write it into the kit's folder" in out
    assert files_with_a_canary(study) == ["participants/012/kit/kit.json"]
    assert {m.message_id for m in load_kit(kit).messages} >= shown(logs[0])

    save_identity(make_identity("ZQ", "red"), kit.parent)
    terminal.run("kit", "forget", study, *WHO, "--yes")
    assert files_with_a_canary(study) == []
    assert load_identity(kit.parent) is None
    for log in logs:
        terminal.run("replay", log, "--verify")
    terminal.run("export", study, "--bids", study / "bids-again")


def monitored(log: Path) -> str:
    """Return what the operator's console shows of a log."""

    async def look() -> str:
        app = Monitor(log)
        async with app.run_test(size=(120, 40)):
            await settle(app)
            return app.export_screenshot()

    return text_of(asyncio.run(look()))


def shown(log: Path) -> set[str]:
    header = json.loads(log.read_text("utf-8").splitlines()[0])
    return {trial["message_id"] for trial in header["plans"]["messages"]["trials"]}


@pytest.mark.parametrize(
    "damage",
    ["\u202e", "\x07", '"', "\0", "x" * 30_000, "\n" + ",".join(["more"] * 12)],
    ids=["override", "control", "quote", "nul", "long", "ragged"],
)
def test_errors_of_a_bad_export_hold_no_canary(
    new_study: NewStudy, tmp_path: Path, terminal: Terminal, damage: str
) -> None:
    study = new_study(kit=False)
    (tmp_path / "desk").mkdir()
    source = survey(tmp_path / "desk", damage=damage)
    if damage in ('"', "\n" + ",".join(["more"] * 12)):  # as another program would have left it
        whole = source.read_text("utf-8")
        source.write_text(whole.replace(damage * 2, damage).replace('"', ""), "utf-8")
        if damage == '"':
            source.write_text(whole.replace(canary(8), '"' + canary(8)), "utf-8")
    words = ("kit", "import", source, "--study", study, *WHO)
    assert terminal.run(*words, code=2).startswith(f"error: {source}:")
    assert not (study / "participants").exists()


def test_errors_of_a_damaged_kit_hold_no_canary(
    new_study: NewStudy, tmp_path: Path, terminal: Terminal
) -> None:
    study = new_study(kit=False)
    (tmp_path / "desk").mkdir()
    terminal.run("kit", "import", survey(tmp_path / "desk"), "--study", study, *WHO)
    file = study / "participants" / "012" / "kit" / "kit.json"
    whole = json.loads(file.read_text("utf-8"))
    first = whole["messages"][0]["text"]
    for faulty in (
        {**whole, "messages": [{**whole["messages"][0], "condition": first}]},
        {**whole, "messages": [*whole["messages"], whole["messages"][0]]},
        {**whole, "writers": [whole["writers"][0]["name"]]},
        {**whole, "messages": {first: first}},
        {**whole, "schema": first},
        {**whole, "participant": f"{first} {first}"},
        {**whole, "messages": [{**whole["messages"][0], "message_id": first}] * 2},
        {**whole, "messages": [{**whole["messages"][0], "language": first}]},
    ):
        file.write_text(json.dumps(faulty), "utf-8")
        for command in ("check", "review"):
            by = ("--by", "MK", "--accept-all") if command == "review" else ()
            out = terminal.run("kit", command, study, *WHO, *by, code=2)
            assert f"{file}:1: not a kit file" in out


def bug() -> None:
    raise RuntimeError(canary(1))


def bug_in_a_thread() -> None:
    thread = threading.Thread(target=bug)
    thread.start()
    thread.join()


def bug_in_a_slot() -> None:
    try:
        bug()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)  # as PyQt does


@pytest.mark.parametrize("where", [bug, bug_in_a_thread, bug_in_a_slot])
def test_a_bug_tells_its_place_and_not_its_message(
    where: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["buggy"], {"buggy": f"{__name__}:{where.__name__}"})
    told = capsys.readouterr().err
    assert told.startswith("error: RuntimeError at test_private.py:")
    assert "canary" not in told.lower()
    assert main(["buggy"], {"buggy": f"{__name__}:bug"}) == 1


def full_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "study/log.jsonl")


def test_a_disk_that_is_full_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["full"], {"full": f"{__name__}:full_disk"}) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: study/log.jsonl: No space left on device; look at the disk")


def test_no_trace_of_a_crash_holds_a_canary(new_study: NewStudy, tmp_path: Path) -> None:
    """Whatever a bug prints of the objects that hold texts, it is not the texts."""
    study = new_study(kit=False)
    (tmp_path / "desk").mkdir()
    source = survey(tmp_path / "desk")
    assert main(["kit", "import", str(source), "--study", str(study), *WHO]) == 0
    kit = load_kit(study / "participants" / "012" / "kit")
    assert "canary" not in f"{kit!r} {kit} {kit.index()!r} {kit.messages[0]!r}".lower()


def test_the_kit_is_its_owners_alone(
    new_study: NewStudy, tmp_path: Path, terminal: Terminal
) -> None:
    study = new_study(kit=False)
    (tmp_path / "desk").mkdir()
    terminal.run("kit", "import", survey(tmp_path / "desk"), "--study", study, *WHO)
    terminal.run("kit", "review", study, *WHO, "--by", "MK", "--accept-all")
    private = study / "participants"
    folders = [private, private / "012", private / "012" / "kit"]
    folders.append(study / "inbox")
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    files = list((private / "012" / "kit").iterdir())
    assert {file.name for file in files} == {"kit.json", "decisions.jsonl", "import.json"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


# --- forgetting ----------------------------------------------------------------------------------


def test_forgetting_asks_and_leaves_ids_digest_and_decisions(
    new_study: NewStudy, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = new_study()
    folder = study / "participants" / "012" / "kit"
    index = load_kit(folder).index()
    decisions = (folder / "decisions.jsonl").read_bytes()
    (folder / "photos").mkdir()
    (folder / "photos" / "one.png").write_bytes(b"a face")

    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert "error: stopped" in terminal.run("kit", "forget", study, *WHO, code=1)
    assert load_kit(folder).index() == index

    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    out = terminal.run("kit", "forget", study, *WHO)
    assert f"2 files destroyed in {folder}" in out
    assert "not reached: exports of the survey, backups" in out
    left = json.loads((folder / "forgotten.json").read_text("utf-8"))
    assert left["index"]["digest"] == index.digest
    assert len(left["index"]["messages"]) == len(index.messages)
    assert (folder / "decisions.jsonl").read_bytes() == decisions
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == [
        "decisions.jsonl",
        "forgotten.json",
    ]

    for words in (("kit", "check", study, *WHO), ("run", study, *WHO, "--session", "01")):
        assert "the texts of this kit were destroyed" in terminal.run(*words, code=2)
    again = ("kit", "import", study / "inbox/qualtrics_messages_sub-012.csv", "--study", study)
    for more in ((), ("--again",)):
        assert "it gets no new ones" in terminal.run(*again, *WHO, *more, code=2)
    assert "were destroyed before" in terminal.run("kit", "forget", study, *WHO, "--yes", code=2)


def test_forgetting_that_was_cut_off_is_finished_by_the_next(
    new_study: NewStudy, terminal: Terminal
) -> None:
    study = new_study()
    folder = study / "participants" / "012" / "kit"
    (folder / "forgotten.json").write_text("{}")  # as if the power had gone right after it
    assert "destroyed" in terminal.run("kit", "check", study, *WHO, code=2)
    assert "1 file destroyed" in terminal.run("kit", "forget", study, *WHO, "--yes")
    assert not (folder / "kit.json").exists()


def test_a_damaged_kit_can_be_forgotten(new_study: NewStudy, terminal: Terminal) -> None:
    study = new_study()
    folder = study / "participants" / "012" / "kit"
    file = folder / "kit.json"
    file.write_bytes(file.read_bytes()[:-9])
    assert "1 file destroyed" in terminal.run("kit", "forget", study, *WHO, "--yes")
    assert json.loads((folder / "forgotten.json").read_text("utf-8"))["index"] is None
    words = ("kit", "forget", study, "--participant", "013", "--yes")
    assert "no kit here" in terminal.run(*words, code=2)


def test_what_is_destroyed_is_overwritten_first(
    new_study: NewStudy, tmp_path: Path, terminal: Terminal
) -> None:
    study = new_study()
    kit = study / "participants" / "012" / "kit" / "kit.json"
    other_name = tmp_path / "same-file"
    other_name.hardlink_to(kit)
    size = kit.stat().st_size
    terminal.run("kit", "forget", study, *WHO, "--yes")
    assert other_name.read_bytes() == bytes(size)
