"""Sealing and unblinding: only the key opens it, every edit shows, the journal knows beforehand."""

from __future__ import annotations

import base64
import datetime as dt
import json
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.blinding.making import list_file, make_allocation, receive_allocation
from experiment.blinding.sealed_list import read_sealed_list
from experiment.blinding.sealing import (
    NotOpened,
    make_keys,
    pad,
    read_private,
    read_public,
    seal,
    unseal,
)
from experiment.blinding.unblinding import Key, unblind_all, unblind_one
from experiment.errors import BadInput
from experiment.preflight.questions import gather, questions_about
from experiment.register import open_register
from experiment.register.changes import enrol, schedule, withdraw
from experiment.register.journal import journal_file
from experiment.said import error_in_words
from experiment.study import Study, open_study
from run_session import main
from tests.experiment.test_design import DESIGN

ARMS = {"A": "CANARYDRUG", "B": "sugar"}
KEY = X25519PrivateKey.generate()


class Pharmacy:
    """Whoever keeps the key: their folder, and the study's."""

    def __init__(self, study: Study, folder: Path, passphrase: str | None = None) -> None:
        folder.mkdir()
        self.study = study
        self.private, self.public = folder / "private.pem", folder / "public.pem"
        self.sealed, self.packing = folder / "sealed.json", folder / "packing.tsv"
        make_keys(self.private, self.public, passphrase)

    def make(self, **more: object) -> list[str]:
        places = (self.public, ARMS, self.sealed, self.packing)
        return make_allocation(self.study, *places, **more)  # type: ignore[arg-type]

    def packed(self) -> dict[str, str]:
        """Which arm is in each drug kit, as the packing list says."""
        head, *rows = [line.split("\t") for line in self.packing.read_text("utf-8").splitlines()]
        return {row[head.index("drug_kit")]: row[head.index("arm")] for row in rows}


@pytest.fixture
def pharmacy(new_study: Callable[..., Path], tmp_path: Path) -> Pharmacy:
    study = open_study(new_study(("\nkit:\n", DESIGN), kit=False))
    made = Pharmacy(study, tmp_path / "pharmacy")
    made.make()
    return made


@pytest.fixture
def desk(pharmacy: Pharmacy) -> Study:
    """A study with its sealed list and three participants."""
    receive_allocation(pharmacy.study, pharmacy.sealed, "MK")
    for label, sex in (("012", "male"), ("013", "female"), ("014", "male")):
        enrol(pharmacy.study, label, "MK", levels={"sex": sex})
    return pharmacy.study


# --- sealing ---------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.binary(max_size=300), st.binary(max_size=50))
def test_what_is_sealed_opens_in_its_place_with_its_key_alone(piece: bytes, place: bytes) -> None:
    sealed = seal(piece, place, KEY.public_key())
    assert len(sealed) == len(piece) + 48
    assert unseal(sealed, place, KEY) == piece
    assert seal(piece, place, KEY.public_key()) != sealed
    for changed, elsewhere, key in (
        (sealed, place + b"x", KEY),
        (sealed, place, X25519PrivateKey.generate()),
        (sealed[:-1], place, KEY),
        (sealed[:20], place, KEY),
        (b"", place, KEY),
    ):
        with pytest.raises(NotOpened):
            unseal(changed, elsewhere, key)


@settings(max_examples=30)
@given(st.binary(min_size=1, max_size=60), st.data())
def test_no_flipped_bit_opens(piece: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(piece, b"here", KEY.public_key()))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotOpened):
        unseal(bytes(sealed), b"here", KEY)


@settings(max_examples=30)
@given(st.lists(st.text(max_size=20).map(lambda text: text * 5), min_size=1, max_size=4))
def test_padded_texts_have_one_length(texts: list[str]) -> None:
    padded = pad(texts)
    assert len({len(one) for one in padded}) == 1
    for one, text in zip(padded, texts, strict=True):
        assert one.startswith(text.encode())
        assert one[len(text.encode()) :].strip(b" ") == b""


def test_keys_are_private_encrypted_and_never_overwritten(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    make_keys(private, public, "correct horse")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    key = read_private(private, "correct horse")
    assert key.public_key() == read_public(public)
    for passphrase, problem in ((None, "needs its passphrase"), ("horse", "passphrase is wrong")):
        with pytest.raises(BadInput, match=problem):
            read_private(private, passphrase)
    with pytest.raises(BadInput, match="is there already, and is not replaced"):
        make_keys(private, tmp_path / "other.pem", None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["private.pem", "public.pem"]
    with pytest.raises(BadInput, match="is a private key; only the public one is needed here"):
        read_public(private)
    with pytest.raises(BadInput, match="not a private key; the key that opens the list"):
        read_private(public, None)
    (tmp_path / "junk.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n")
    with pytest.raises(BadInput, match="can't be opened: damaged"):
        read_private(tmp_path / "junk.pem", None)
    (tmp_path / "text.pem").write_text("a key")
    with pytest.raises(BadInput, match="not a public key made by"):
        read_public(tmp_path / "text.pem")


# --- the list --------------------------------------------------------------------------------


def test_a_list_shows_slots_and_strata_and_no_arm(pharmacy: Pharmacy) -> None:
    text = pharmacy.sealed.read_text("utf-8")
    assert "CANARYDRUG" not in text
    assert "sugar" not in text
    sealed, _ = read_sealed_list(pharmacy.sealed)
    assert [one.slot for one in sealed.slots] == [
        f"{n:03d}" for n in range(1, len(sealed.slots) + 1)
    ]
    assert len({len(one.sealed) for one in sealed.slots}) == 1
    assert len({len(line) for line in text.splitlines()[1:-2]} - {0}) <= 2  # female, male
    assert stat.S_IMODE(pharmacy.packing.stat().st_mode) == 0o600
    packed = pharmacy.packed()
    assert len(packed) == 2 * len(sealed.slots)
    key = read_private(pharmacy.private, None)
    for one in sealed.slots:
        secret = sealed.open_slot(one.slot, key)
        assert [secret.arm(n) for n in (1, 2)] == [packed[f"{one.slot}-{n}"] for n in (1, 2)]
        assert "CANARY" not in repr(secret)
    halves = Counter(packed[f"{slot}-1"] for slot in sealed.by_stratum()["male"])
    assert halves["CANARYDRUG"] == halves["sugar"]


def test_a_real_list_can_not_be_drawn_again_and_a_rehearsal_can(
    pharmacy: Pharmacy, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="--seed: whoever knows the seed knows every arm"):
        pharmacy.make(seed=1)

    def again(name: str, **more: object) -> dict[str, str]:
        other = Pharmacy(pharmacy.study, tmp_path / name)
        other.make(**more)
        return other.packed()

    assert again("b") != again("c")  # the same by chance once in millions
    seeded = again("d", rehearsal=True, seed=7)
    assert seeded == again("e", rehearsal=True, seed=7)
    assert seeded != again("f", rehearsal=True, seed=8)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"arms": {"A": "x", "B": " X"}}, "--a and --b: are the same"),
        ({"arms": {"A": "", "B": "x"}}, "--a '': a name of at most 40"),
        ({"packing": "STUDY/packing.tsv"}, "lies in the study's folder, which the desk reads"),
        ({"packing": "packing.tsv"}, "is there already, and is not replaced"),
        ({"packing": "other.json", "out": "other.json"}, "is given for both lists"),
        ({"public_key": "private.pem"}, "is a private key; only the public one"),
        ({"public_key": "nowhere.pem"}, "nowhere.pem: can't be read"),
        ({"out": "nowhere/x.json", "packing": "p.tsv"}, "nowhere: no such folder"),
    ],
)
def test_a_list_is_made_whole_or_not_at_all(
    pharmacy: Pharmacy, change: dict[str, object], problem: str
) -> None:
    folder = pharmacy.private.parent
    before = sorted(folder.iterdir())

    def place(name: str) -> Path:
        word = str(change.get(name, {"public_key": "public.pem"}.get(name, f"new-{name}")))
        return Path(word.replace("STUDY", str(pharmacy.study.folder))) if "STUDY" in word else (
            folder / word
        )  # fmt: skip

    arms = change.get("arms", ARMS)
    assert isinstance(arms, dict)
    with pytest.raises(BadInput) as caught:
        make_allocation(pharmacy.study, place("public_key"), arms, place("out"), place("packing"))
    assert problem in str(caught.value)
    assert sorted(folder.iterdir()) == before


def test_the_desk_takes_only_a_list_of_its_own_study_and_only_one(
    pharmacy: Pharmacy, tmp_path: Path
) -> None:
    study = pharmacy.study
    rehearsal = Pharmacy(study, tmp_path / "rehearsal")
    rehearsal.make(rehearsal=True)
    with pytest.raises(BadInput, match="was made for a rehearsal and blinds nobody"):
        receive_allocation(study, rehearsal.sealed, "MK")
    with pytest.raises(BadInput, match="is a real list; leave out --rehearsal"):
        receive_allocation(study, pharmacy.sealed, "MK", rehearsal=True)
    with pytest.raises(BadInput, match="no sealed list was received yet; ask whoever keeps the"):
        enrol(study, "012", "MK", levels={"sex": "male"})
    whole = pharmacy.sealed.read_text("utf-8")
    for old, new, problem in (
        ("kindred-example", "other", ":1: was made|was made for the study 'other'"),
        ("crossover", "parallel", "was made for another design"),
        ('"male"', '"man"', "was made for another design"),
        ('"slot": "003"', '"slot": "3"', r":4: not a sealed list \(slots.2.slot"),
        ('"slot": "003"', '"slot": "002"', "missing their order, or are there twice"),
        ('"slots": [', '"slots": (', ":1: not a sealed list"),
    ):
        pharmacy.sealed.write_text(whole.replace(old, new), "utf-8")
        with pytest.raises(BadInput, match=problem) as caught:
            receive_allocation(study, pharmacy.sealed, "MK")
        assert "リスト" in error_in_words(caught.value, "ja")
    assert not journal_file(study.folder).exists()
    pharmacy.sealed.write_text(whole, "utf-8")
    told = receive_allocation(study, pharmacy.sealed, "MK")
    assert told[-2].endswith(read_sealed_list(pharmacy.sealed)[1])
    assert list_file(study).read_bytes() == pharmacy.sealed.read_bytes()
    with pytest.raises(BadInput, match="the study has its sealed list already"):
        receive_allocation(study, pharmacy.sealed, "MK")


@pytest.mark.parametrize(
    ("language", "slots", "compare", "again"),
    [
        ("ar", "الفئة", "تُقرأ حروفه", "قائمتها المختومة من قبل"),
        ("ja", "層 female：", "読み上げてください", "すでに封印リスト"),
    ],
)
def test_the_list_is_received_in_the_assistants_language(
    pharmacy: Pharmacy,
    capsys: pytest.CaptureFixture[str],
    language: str,
    slots: str,
    compare: str,
    again: str,
) -> None:
    words = ["allocation", "receive", str(pharmacy.study.folder), str(pharmacy.sealed)]
    words += ["--by", "MK", "--language", language]
    assert main(words) == 0
    first, *_, digest, last = capsys.readouterr().out.splitlines()
    assert first.startswith(slots)
    assert "SHA-256" in digest
    assert compare in last
    assert main(words) == 2
    assert again in capsys.readouterr().err


# --- unblinding ------------------------------------------------------------------------------


def test_an_emergency_tells_one_arm_and_is_in_the_journal_first(
    desk: Study, pharmacy: Pharmacy
) -> None:
    today = dt.date.today()
    schedule(desk, "013", "MK", 1, today)
    withdraw(desk, "013", "MK", "fell ill")  # an emergency comes after that, too
    before = journal_file(desk.folder).read_text("utf-8")
    told = unblind_one(desk, Key(pharmacy.private), "013", who="DR", reason="seizure")
    packed = pharmacy.packed()
    assert told[1].startswith(f"period 1 (drug planned from {today} to ")
    assert [line.rpartition(": ")[2] for line in told[1:3]] == [packed["001-1"], packed["001-2"]]
    assert told[3] == (
        f"last dose planned: {today}, 0 days ago; not entered (last one entered: none)"
    )
    added = journal_file(desk.folder).read_text("utf-8").removeprefix(before)
    entry = json.loads(added)
    assert (entry["what"], entry["participant"], entry["by"], entry["reason"]) == (
        "unblinded", "013", "DR", "seizure",
    )  # fmt: skip
    assert "CANARYDRUG" not in added
    register = open_register(desk.folder)
    told_to = register.participant("013")
    assert (told_to.unblinded is not None, told_to.told) == (True, ("DR",))
    assert register.participant("012").unblinded is None
    later = dt.datetime.now(dt.timezone.utc) + dt.timedelta(minutes=1)
    unblind_one(desk, Key(pharmacy.private), "013", who="AN", reason="again", now=lambda: later)
    question = next(
        one for one in questions_about(gather(desk, "013", "01")) if one.mistake == "unblinded"
    )
    day = later.astimezone().date()
    assert question.said.endswith(f"on {day}, to: DR, AN. Are you somebody else?")
    assert "unblinded" not in {one.mistake for one in questions_about(gather(desk, "012", "01"))}


def test_what_cannot_be_recorded_is_not_told(desk: Study, pharmacy: Pharmacy) -> None:
    file = journal_file(desk.folder)
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(BadInput, match=":4: cut off"):
        unblind_one(desk, Key(pharmacy.private), "012", who="DR", reason="seizure")


def test_the_analysis_gets_a_table_outside_of_the_study(
    desk: Study, pharmacy: Pharmacy, tmp_path: Path
) -> None:
    key, out = Key(pharmacy.private), tmp_path / "arms.tsv"
    for place, problem in (
        (desk.folder / "arms.tsv", "lies in the study's folder"),
        (tmp_path / "nowhere" / "arms.tsv", "no such folder"),
        (pharmacy.packing, "is there already, and is not replaced"),
    ):
        with pytest.raises(BadInput, match=problem):
            unblind_all(desk, key, who="AN", reason="analysis", out=place)
    assert open_register(desk.folder).participant("012").unblinded is None
    told = unblind_all(desk, key, who="AN", reason="analysis", out=out)
    assert told[0] == f"arms of 3 participants: {out}"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    head, *rows = [line.split("\t") for line in out.read_text("utf-8").splitlines()]
    table = [dict(zip(head, row, strict=True)) for row in rows]
    packed = pharmacy.packed()
    assert [(r["participant"], r["session"]) for r in table] == [
        (label, session) for label in ("012", "013", "014") for session in ("01", "02")
    ]
    assert all(r["arm"] == packed[f"{r['slot']}-{r['period']}"] for r in table)
    shown = unblind_all(desk, key, who="AN", reason="analysis")
    assert "\n".join(shown).startswith(out.read_text("utf-8").rstrip("\n"))
    assert all(one.unblinded is not None for one in open_register(desk.folder).participants)


def test_a_log_made_with_another_list_or_slot_is_told(desk: Study, pharmacy: Pharmacy) -> None:
    binding = open_register(desk.folder).binding("012")
    assert binding is not None
    for label, allocation in (("012", binding), ("014", {**binding, "slot": "009"})):
        folder = desk.log_folder(label, "01")
        folder.mkdir(parents=True)
        header = {"type": "header", "participant": label, "allocation": allocation}
        line = json.dumps({**header, "digest": "0"}, separators=(",", ":"))
        (folder / f"sub-{label}_ses-01.jsonl").write_text(line + "\n")
    told = unblind_all(desk, Key(pharmacy.private), who="AN", reason="analysis")
    (line,) = [line for line in told if line.startswith("look at: ")]
    assert "sub-014_ses-01.jsonl was made with another list or slot" in line


def moved(text: str) -> str:
    """Have two slots of a stratum change what they hold."""
    lines = text.splitlines(keepends=True)
    first, second = (json.loads(line.rstrip(",\n")) for line in lines[1:3])
    lines[1] = lines[1].replace(first["sealed"], second["sealed"])
    lines[2] = lines[2].replace(second["sealed"], first["sealed"])
    return "".join(lines)


def test_a_wrong_key_or_an_edited_list_is_refused_and_not_recorded(
    desk: Study, pharmacy: Pharmacy, tmp_path: Path
) -> None:
    other = Pharmacy(desk, tmp_path / "other")
    inside = desk.folder / "key.pem"
    inside.write_bytes(pharmacy.private.read_bytes())
    before = journal_file(desk.folder).read_bytes()

    def refused(key: Path, label: str = "013", reason: str = "seizure") -> str:
        with pytest.raises(BadInput) as caught:
            unblind_one(desk, Key(key), label, who="DR", reason=reason)
        assert "\n" not in str(caught.value)
        assert journal_file(desk.folder).read_bytes() == before
        return str(caught.value)

    assert "the list was sealed for key" in refused(other.private)
    assert "lies in the study's folder" in refused(inside)
    assert "not a private key" in refused(pharmacy.public)
    assert "participant '099': not in" in refused(pharmacy.private, "099")
    assert "reason: say why" in refused(pharmacy.private, reason="")

    whole = list_file(desk).read_text("utf-8")
    for edited in (whole.replace("crossover", "parallel"), moved(whole), whole + " "):
        list_file(desk).write_text(edited, "utf-8")
        assert "was edited since it was received" in refused(pharmacy.private)
    list_file(desk).unlink()
    assert "no such file" in refused(pharmacy.private)
    list_file(desk).write_text(whole, "utf-8")
    assert unblind_one(desk, Key(pharmacy.private), "013", who="DR", reason="seizure")


def test_an_entry_in_another_slots_place_does_not_open(pharmacy: Pharmacy) -> None:
    """Even if the digest in the journal were made to fit."""
    key = read_private(pharmacy.private, None)
    whole = pharmacy.sealed.read_text("utf-8")
    pharmacy.sealed.write_text(moved(whole), "utf-8")
    sealed, _ = read_sealed_list(pharmacy.sealed)
    for slot in ("001", "002", "999"):
        with pytest.raises(NotOpened):
            sealed.open_slot(slot, key)
    assert sealed.open_slot("003", key).sequence in ("AB", "BA")
    own = json.dumps({"slot": "001", "sequence": "AB", "arms": ARMS}).encode()
    forged = base64.b64encode(seal(own, b"", key.public_key())).decode()
    first = json.loads(whole.splitlines()[1].rstrip(","))["sealed"]
    pharmacy.sealed.write_text(whole.replace(first, forged), "utf-8")
    with pytest.raises(NotOpened):
        read_sealed_list(pharmacy.sealed)[0].open_slot("001", key)
