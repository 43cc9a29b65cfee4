from __future__ import annotations

import csv
import io
import itertools
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.profiles import DEMO, check_profiles, load_profiles
from experiment.profiles.likeness import NEAR, distance, fingerprint
from experiment.profiles.reading import AGES, COLUMNS, SMALLEST_GROUP, read_entries
from run_session import main

Rows = list[dict[str, str]]
Change = Callable[[Path, Rows], object]
Wrong = Callable[[Path, Rows, int], object]


def demo_rows() -> Rows:
    with (DEMO / "profiles.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def a_set() -> Rows:
    """The rows of a set of 12 women and a neutral face, ``a01`` and so on."""
    rows = demo_rows()
    women = [row for row in rows if row["group"] == "women"][:SMALLEST_GROUP]
    for number, row in enumerate(women, start=1):
        row["profile_id"] = f"a{number:02d}"
    return [*women, rows[-1]]


def write_table(folder: Path, rows: Rows) -> None:
    with (folder / "profiles.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., Path]:
    """Make such a set, changed before its table is written."""

    def make(change: Change | None = None) -> Path:
        folder = tmp_path / "set"
        rows = a_set()
        (folder / "photos").mkdir(parents=True)
        for row in rows:
            shutil.copy(DEMO / row["photo"], folder / row["photo"])
        if change is not None:
            change(folder, rows)
        write_table(folder, rows)
        return folder

    return make


def photo(folder: Path, rows: Rows, row: int) -> Path:
    return folder / rows[row]["photo"]


def opened(file: Path) -> Image.Image:
    return Image.open(io.BytesIO(file.read_bytes())).convert("RGB")


# --- the demo set --------------------------------------------------------------------------------


def test_the_demo_set_is_large_varied_and_small_on_disk() -> None:
    demo = load_profiles(DEMO)
    groups = demo.index().groups
    assert {group: len(ids) for group, ids in groups.items()} == {"women": 24, "men": 24}
    assert len(demo.index().neutral) == 8
    for group in groups:
        ages = sorted(profile.age for profile in demo.profiles if profile.group == group)
        assert ages[0] <= 20
        assert ages[-1] == 60
        assert len(set(ages)) >= 20
    assert sum(file.stat().st_size for file in DEMO.glob("photos/*")) < 5_000_000
    assert {file.stem for file in DEMO.glob("photos/*")} == set(demo.by_id)


def test_texts_of_the_demo_set_are_alike_in_length_between_groups() -> None:
    demo = load_profiles(DEMO)
    lengths = {
        group: [len(p.text.split()) for p in demo.profiles if p.group == group]
        for group in ("women", "men")
    }
    means = [sum(words) / len(words) for words in lengths.values()]
    assert abs(means[0] - means[1]) < 2.5
    assert all(8 <= words <= 32 for group in lengths.values() for words in group)


def test_people_of_the_demo_set_look_different_and_copies_alike() -> None:
    pictures = [opened(file) for file in sorted(DEMO.glob("photos/*.png"))]
    marks = [fingerprint(picture) for picture in pictures]
    assert min(distance(a, b) for a, b in itertools.combinations(marks, 2)) >= 36
    for picture, mark in zip(pictures, marks, strict=True):
        small = io.BytesIO()
        picture.resize((300, 300), Image.Resampling.LANCZOS).save(small, "jpeg", quality=70)
        copies = (
            Image.open(small),
            ImageEnhance.Brightness(picture).enhance(1.15),
            picture.crop((4, 4, 508, 508)),
        )
        assert max(distance(mark, fingerprint(copy)) for copy in copies) <= 24 < NEAR


# --- what may be known outside -------------------------------------------------------------------


def test_an_index_has_ids_and_groups_only() -> None:
    demo = load_profiles(DEMO)
    index = demo.index()
    assert set(asdict(index)) == {"digest", "profiles"}
    assert set(asdict(index)["profiles"][0]) == {"profile_id", "group"}
    shown = repr(index) + repr(demo)
    for profile in demo.profiles:
        assert profile.text not in shown
        assert f"'{profile.name}'" not in shown


@pytest.mark.parametrize("what", ["text", "age", "photo"])
def test_the_digest_tells_one_set_from_another(
    make_set: Callable[..., Path], tmp_path: Path, what: str
) -> None:
    folder = make_set()
    before = load_profiles(folder).index().digest
    assert load_profiles(folder).index().digest == before
    rows = a_set()
    if what == "photo":
        opened(folder / rows[3]["photo"]).save(folder / rows[3]["photo"])
    else:
        rows[3][what] = {"text": "Another text altogether.", "age": "44"}[what]
        write_table(folder, rows)
    assert load_profiles(folder).index().digest != before
    shutil.move(folder, tmp_path / "elsewhere")
    assert load_profiles(tmp_path / "elsewhere").folder == tmp_path / "elsewhere"


# --- what is wrong -------------------------------------------------------------------------------


def cell(column: str, value: str) -> Wrong:
    return lambda _, rows, row: rows[row].__setitem__(column, value)


def saved(edit: Callable[[Image.Image], Image.Image], **options: object) -> Wrong:
    def change(folder: Path, rows: Rows, row: int) -> None:
        file = photo(folder, rows, row)
        edit(opened(file)).save(file, **{"format": "png", **options})  # type: ignore[arg-type]

    return change


def bytes_of(edit: Callable[[bytes], bytes]) -> Wrong:
    def change(folder: Path, rows: Rows, row: int) -> None:
        file = photo(folder, rows, row)
        file.write_bytes(edit(file.read_bytes()))

    return change


def missing(folder: Path, rows: Rows, row: int) -> None:
    photo(folder, rows, row).unlink()


def on_its_side(folder: Path, rows: Rows, row: int) -> None:
    file = photo(folder, rows, row)
    exif = Image.Exif()
    exif[0x0112] = 6
    opened(file).save(file, format="jpeg", exif=exif)


def moving(folder: Path, rows: Rows, row: int) -> None:
    file = photo(folder, rows, row)
    frames = [opened(file), opened(photo(folder, rows, 0))]
    frames[0].save(file, format="webp", save_all=True, append_images=frames[1:])


def same_bytes(folder: Path, rows: Rows, row: int) -> None:
    shutil.copy(photo(folder, rows, 1), photo(folder, rows, row))


def nearly_same(folder: Path, rows: Rows, row: int) -> None:
    copy = ImageEnhance.Brightness(opened(photo(folder, rows, 1)).resize((400, 400))).enhance(1.1)
    copy.save(photo(folder, rows, row), format="jpeg")


def same_as_second(column: str) -> Wrong:
    return lambda _, rows, row: rows[row].__setitem__(column, f" {rows[1][column]}".upper())


def few_men(_: Path, rows: Rows) -> None:
    rows[5]["group"] = "men"


LONG = "I could go on and on about that. " * 30
WRONG: tuple[tuple[Wrong, str], ...] = (
    (missing, "the picture is missing; put"),
    (bytes_of(lambda _: b"hello"), "is none that can be read (PNG, JPEG"),
    (saved(lambda i: i, format="gif"), "is none that can be read"),
    (bytes_of(lambda raw: raw[: len(raw) // 2]), "is broken"),
    (bytes_of(lambda raw: raw + bytes(5_000_001)), "at most 5 are read"),
    (saved(lambda _: Image.new("1", (4097, 4000))), "has 4097 x 4000 px"),
    (saved(lambda i: i.resize((255, 300))), "at least 256 a side"),
    (saved(lambda i: i.resize((1200, 300))), "crop it"),
    (on_its_side, "by EXIF how to turn it"),
    (moving, "moves; save one still"),
    (same_bytes, "the same picture as in line 3; nobody may be shown twice"),
    (nearly_same, "nearly the same picture as in line 3"),
    (same_as_second("name"), "the same name as in line 3"),
    (same_as_second("text"), "the same text as in line 3"),
    (cell("name", " "), "the name is empty"),
    (cell("text", ""), "the text is empty"),
    (cell("age", ""), "the age is empty"),
    (cell("age", "17"), "the age is 17; allowed are whole years from 18 to 99"),
    (cell("age", "young"), "the age is no whole number"),
    (cell("photo", "../a03.png"), "photo must name a file in the set's folder"),
    (cell("photo", "/etc/passwd"), "photo must name a file in the set's folder"),
    (cell("text", LONG), "does not fit"),
    (cell("name", "Margit" * 20), "does not fit"),
    (cell("name", "Margit \ue000"), "holds characters that no font on this machine has"),
    (cell("profile_id", "A02"), "the same profile_id as in line 3"),
    (cell("profile_id", "Margit K."), "profile_id must be up to 32"),
    (cell("group", ""), "group must be a word"),
)
AT_ONCE = 9


@pytest.mark.parametrize("first", range(0, len(WRONG), AT_ONCE))
def test_a_check_names_line_and_remedy(make_set: Callable[..., Path], first: int) -> None:
    wrong = dict(enumerate(WRONG[first : first + AT_ONCE], start=2))  # by row

    def change(folder: Path, rows: Rows) -> None:
        for row, (make_wrong, _) in wrong.items():
            make_wrong(folder, rows, row)

    folder = make_set(change)
    found = check_profiles(folder)
    told = {problem.line or 0: str(problem) for problem in found}
    assert [*told] == sorted(told)
    told.pop(2, None)  # a row taken from a group makes that too small as well
    assert [*told] == [row + 2 for row in wrong]
    for row, (_, words) in wrong.items():
        assert told[row + 2].startswith(f"{folder}/profiles.csv:{row + 2}: "), told
        assert words in told[row + 2]
    assert not any("Margit" in line for line in told.values())


def test_a_neutral_face_has_no_name(make_set: Callable[..., Path]) -> None:
    folder = make_set(lambda _, rows: rows[-1].__setitem__("name", "Margit K."))
    (told,) = map(str, check_profiles(folder))
    assert told.startswith(f"{folder}/profiles.csv:14: ")
    assert "a neutral face has no name" in told
    assert "Margit" not in told


def test_a_small_group_is_told_at_its_first_line(make_set: Callable[..., Path]) -> None:
    first, second = check_profiles(make_set(few_men))
    assert str(first).endswith(
        "profiles.csv:2: group women has 11 people; at least 12 are needed, "
        "since only those whom a participant likes are shown"
    )
    assert "profiles.csv:7: group men has 1 people" in str(second)


def test_loading_stops_at_what_is_wrong(make_set: Callable[..., Path]) -> None:
    def change(_: Path, rows: Rows) -> None:
        rows[2]["age"], rows[3]["text"] = "7", ""

    folder = make_set(change)
    with pytest.raises(BadInput, match=r"profiles\.csv:4: .*the age is 7.*\(and 1 more: "):
        load_profiles(folder)


def test_loading_needs_every_picture(make_set: Callable[..., Path]) -> None:
    folder = make_set(lambda folder, rows: photo(folder, rows, 2).unlink())
    with pytest.raises(BadInput, match=r"profiles\.csv:4: profile a03: the picture is missing"):
        load_profiles(folder)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (None, "profiles.csv: no such file; its columns are profile_id, group, name"),
        ("", "profiles.csv:1: the file is empty"),
        ("profile_id,group,name,age,text\na,b,c,d,e\n", ":1: column 'photo' is missing"),
        ("profile_id,group,name,name,age,text,photo\n", ":1: column 'name' is there twice"),
        ("profile_id,group,name,age,text,photo\n", ":1: no profile below the header"),
        ("profile_id,group,name,age,text,photo\na,b\n", ":2: 2 cells, the header has 6"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, table: str | None, words: str) -> None:
    if table is not None:
        (tmp_path / "profiles.csv").write_text(table)
    with pytest.raises(BadInput) as refusal:
        check_profiles(tmp_path)
    assert words in str(refusal.value)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere: no such folder"):
        load_profiles(tmp_path / "nowhere")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(
        st.fixed_dictionaries({column: st.text(max_size=12) for column in COLUMNS}),
        min_size=1,
        max_size=4,
    )
)
def test_any_cells_are_read_or_refused(tmp_path: Path, rows: Rows) -> None:
    write_table(tmp_path, rows)
    try:
        entries, problems = read_entries(tmp_path)
    except BadInput:
        return  # NUL bytes, lone returns, and what else makes no table
    assert problems  # four people are no group
    lines = {entry.line for entry in entries}
    assert {problem.line for problem in problems} <= lines
    for entry in entries:
        assert entry.photo is None or entry.photo.is_relative_to(tmp_path)


# --- privacy -------------------------------------------------------------------------------------


def test_names_and_texts_never_reach_an_error(
    make_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything at once that can be wrong; nothing of it is told by name."""

    def change(folder: Path, rows: Rows) -> None:
        for i, row in enumerate(rows[:-1]):
            file = folder / f"photos/CANARYFILE{i}.png"
            shutil.move(folder / row["photo"], file)
            row |= {
                "name": f"CANARYNAME{i}",
                "text": f"CANARYTEXT{i}",
                "photo": f"photos/CANARYFILE{i}.png",
            }
        rows[0]["age"] = "CANARYAGE"
        rows[1]["group"] = "CANARY GROUP"
        rows[2]["profile_id"] = "CANARY Id"
        rows[3]["name"] = rows[4]["name"]
        rows[4]["text"] = rows[5]["text"]
        rows[6]["text"] = "CANARYTEXT " * 200
        rows[7]["name"] = "CANARYNAME" * 30
        (folder / rows[8]["photo"]).write_bytes(b"CANARYBYTES")
        (folder / rows[9]["photo"]).unlink()
        rows[10]["photo"] = "../CANARYFILE.png"
        rows[-1]["name"] = "CANARYNAME"

    folder = make_set(change)
    assert main(["profiles", "check", str(folder)]) == 2
    assert main(["profiles", "sheet", str(folder), "--out", str(folder / "sheet.png")]) == 2
    told = capsys.readouterr()
    assert told.out.count("profiles.csv:") >= 11
    assert "CANARY" not in told.out + told.err
    assert not (folder / "sheet.png").exists()


# --- the command ---------------------------------------------------------------------------------


def test_the_demo_set_has_nothing_wrong_and_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "check", str(DEMO)]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[:3] == ["  24 men", "  24 women", "   8 neutral faces"]
    assert load_profiles(DEMO).index().digest in told


def test_groups_that_are_too_small_for_a_study_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    make_study(study, "hsu2013")
    words = ["profiles", "check", str(DEMO), "--study", str(study)]
    assert main(words) == 0
    file = study / "study.yaml"
    file.write_text(file.read_text("utf-8").replace("trials: 4}", "trials: 8}"), "utf-8")
    assert main(words) == 2
    assert "group men has 24 people; the study's scans show 32" in capsys.readouterr().err


def test_the_command_tells_each_problem_and_how_many(
    make_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(lambda _, rows: rows[2].__setitem__("age", "7"))
    assert main(["profiles", "check", str(folder)]) == 2
    told = capsys.readouterr()
    assert told.out.startswith(f"{folder}/profiles.csv:4: profile a03: the age is 7")
    assert told.err == f"error: {folder}: 1 problem, told above\n"


def test_a_sheet_shows_the_whole_set_to_its_owner_only(
    make_set: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = make_set(), tmp_path / "sheet.png"
    words = ["profiles", "sheet", str(folder), "--out", str(file)]
    assert main(words) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    with Image.open(file) as sheet:
        assert sheet.size == (2030, 774)  # eight and five
        corner, first, beyond = (
            sheet.getpixel(place) for place in ((2, 2), (140, 140), (1900, 500))
        )
    assert corner == beyond != first
    before = file.read_bytes()
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_sheet_of_a_broken_picture_names_its_id(
    make_set: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(lambda folder, rows: photo(folder, rows, 2).write_bytes(b"hello"))
    assert main(["profiles", "sheet", str(folder), "--out", str(tmp_path / "s.png")]) == 2
    assert "the picture of profile a03 can't be decoded" in capsys.readouterr().err


def test_ages_of_grown_ups_are_taken(make_set: Callable[..., Path]) -> None:
    def change(_: Path, rows: Rows) -> None:
        rows[0]["age"], rows[1]["age"] = map(str, AGES)

    assert check_profiles(make_set(change)) == ()
