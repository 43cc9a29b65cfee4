"""Where commands write what they are told to: not among records, not over what isn't theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.outputs import Output, check_place
from experiment.profiles import DEMO
from experiment.register.changes import enrol
from experiment.study import open_study
from run_session import main

PAGE = Output((".html", ".htm"), mark="Kindred page")
PICTURE = Output((".png",), mode=0o600)
COMMANDS = (
    "profiles sheet DEMO --out FILE.png",
    "report STUDY --out FILE.html",
    "export STUDY --bids FILE",
    "export STUDY --tables OUT --report FILE.html",
    "sheet STUDY --participant 012 --session 01 --out FILE.pdf",
    "daily page STUDY --participant 012 --out FILE.html",
    "questionnaires scores STUDY --out FILE.tsv",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs") / "study"
    make_study(folder)
    enrol(open_study(folder), "012", "MK")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("where", ["sourcedata/sub-012/ses-01", "participants/012/kit"])
def test_no_command_writes_among_a_study_s_records(
    study: Path, command: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"DEMO": DEMO, "STUDY": study, "OUT": tmp_path / "out", "FILE": study / where / "made"}
    words = command.split()
    for name, path in there.items():
        words = [word.replace(name, str(path)) for word in words]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert f"lies in the folder {where.split('/')[0]}, where the study keeps its records" in told
    assert told.count("\n") == 1
    assert not (study / where).exists()
    assert not (tmp_path / "out").exists()


def test_what_a_command_made_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    page = tmp_path / "page.HTM"
    PAGE.write(page, "<meta content='Kindred page'>1")
    PAGE.write(page, "<meta content='Kindred page'>2")
    assert page.read_text("utf-8").endswith("2")
    of_qt = "Kindred page".encode("utf-16-be")  # as a PDF has it
    page.write_bytes(b"%PDF " + of_qt)
    PAGE.check(page)
    for content in ("", "Kindred", "my own page"):
        page.write_text(content, "utf-8")
        with pytest.raises(BadInput, match="was not made by this command; choose another name"):
            PAGE.write(page, "Kindred page")
        assert page.read_text("utf-8") == content
    picture = tmp_path / "seen.png"
    PICTURE.write(picture, b"one")
    assert picture.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadInput, match="is there already, and is not replaced"):
        PICTURE.write(picture, b"two")
    assert picture.read_bytes() == b"one"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["page.HTM", "seen.png"]


def test_a_place_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    for place, told in (
        ("page.txt", r"page\.txt: give a name that ends with \.html / \.htm"),
        ("nowhere/page.html", "nowhere: no such folder"),
        ("folder.html", "is there already, and was not made"),
    ):
        with pytest.raises(BadInput, match=told):
            PAGE.write(tmp_path / place, "Kindred page")


def test_private_pictures_go_where_forgetting_finds_them(tmp_path: Path) -> None:
    kit = tmp_path / "participants" / "012" / "kit"
    kit.mkdir(parents=True)
    check_place(kit / "preview.png", kit)
    check_place(kit / "pictures" / "../sheet.png", kit)
    (kit / "out").symlink_to(tmp_path)
    for elsewhere in (
        kit.parent / "preview.png",
        kit.parents[1] / "013" / "kit" / "preview.png",
        tmp_path / "preview.png",
        kit / ".." / "preview.png",
        kit / "out" / "preview.png",
    ):
        with pytest.raises(BadInput, match=r"shows private texts; write it into the kit's folder"):
            check_place(elsewhere, kit)


def test_only_a_study_has_records(study: Path, tmp_path: Path) -> None:
    check_place(tmp_path / "sourcedata" / "page.html")
    check_place(study / "bids" / "sourcedata")
    check_place(study / "report.html")
    (tmp_path / "link").symlink_to(study / "SourceData")
    for place in (study / "register", tmp_path / "link" / "page.html"):
        with pytest.raises(BadInput, match="keeps its records"):
            check_place(place)
