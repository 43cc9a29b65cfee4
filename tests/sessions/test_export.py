"""One command for all exports: what is private stays out, a broken log stops no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.bids_validator import validate
from experiment.kit import load_kit
from run_session import main
from tests.conftest import QUICK

NewStudy = Callable[..., Path]
ROBOT = ("--robot", "typical", "--speed", "fast", "--no-window", "--port", "mock:")


@pytest.fixture
def study(new_study: NewStudy, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = new_study(*QUICK)
    for words in (("01", "--scanner", "mock:"), ("02",)):
        session = ["run", str(folder), "--participant", "012", "--session", *words, *ROBOT]
        assert main([*session, "--yes"]) == 0
    capsys.readouterr()
    return folder


def exports(out: Path) -> list[str]:
    forms = ("bids", "tables", "fsl", "spm", "nilearn")
    return [word for form in forms for word in (f"--{form}", str(out / form))]


def test_all_exports_are_made_nothing_private_is_in_them_and_a_broken_log_is_named(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["export", str(study), *exports(out), "--parquet", "--datatype", "func"]
    words += ["--modulator", "connection"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "NO DATA" in told
    found = validate(out / "bids")
    assert (found.errors, found.warnings) == ((), ())
    assert (out / "bids/sub-012/ses-01/func").is_dir()
    kit = load_kit(study / "participants" / "012" / "kit")
    secrets = [*(m.text for m in kit.messages), *(w.name for w in kit.writers if len(w.name) > 3)]
    for file in filter(Path.is_file, out.rglob("*")):
        content = file.read_bytes().lower() + str(file).encode().lower()
        assert not [s for s in secrets if s.lower().encode() in content], file
    broken = study / "sourcedata/sub-012/ses-02/sub-012_ses-02.jsonl"
    lines = broken.read_bytes().split(b"\n")
    broken.write_bytes(b"\n".join([*lines[:20], b"\0\0\0", *lines[21:]]))
    assert main(words) == 1
    told, error = capsys.readouterr()
    assert error.startswith(f"error: left out, all others were exported: {broken}:21:")
    assert error.count("\n") == 1
    assert "removed: sub-012/ses-02/" in told
    _, *rows = (out / "tables" / "trials.tsv").read_text("utf-8").splitlines()
    assert {row.split("\t")[1] for row in rows} == {"01"}
    for form in ("bids", "fsl", "spm", "nilearn"):
        assert [folder.name for folder in (out / form / "sub-012").glob("ses-*")] == ["ses-01"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "give --bids DIR, --tables DIR"),
        (["--fsl", "OUT", "--spm", "OUT"], "each needs a folder of its own"),
        (["--fsl", "OUT", "--parquet"], "--parquet: needs --tables DIR"),
        (["--bids", "OUT", "--datatype", "eeg"], "allowed are beh, func, pet"),
        (["--tables", "OUT"], "nothing to export"),
        (["--tables", "OUT", "--modulator", "connection"], "--modulator: needs --fsl DIR"),
        (["--fsl", "OUT", "--modulator", "mood"], "allowed are connection"),
        (["--tables", "OUT", "--arms", "OUT"], "need --report FILE.html"),
        (["--tables", "OUT", "--report", "OUT.txt"], "ends with .html"),
        (["--tables", "OUT", "--report", "OUT.html", "--arms", "NO"], "NO: can't be read"),
        (["--tables", "OUT", "--report", "OUT.html", "--traits", "NO"], "NO: can't be read"),
    ],
)
def test_what_can_not_be_exported_is_one_line(
    new_study: NewStudy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    problem: str,
) -> None:
    folder = new_study(kit=False)
    asked = [word.replace("OUT", str(tmp_path / "out")) for word in words]
    assert main(["export", str(folder), *asked]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
