"""The desk's commands through a study's life: no arm in any file or output but that of unblind."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from PyQt6.QtPdf import QPdfDocument

from experiment.errors import BadInput
from experiment.readlog import header_of
from experiment.register import open_register
from experiment.register.concerns import may_run
from experiment.register.sheet import sheet_html
from experiment.register.standing import standing
from experiment.session import SessionRequest, prepare
from experiment.session import run as play
from experiment.study import open_study
from run_session import main
from stimuli.qt import application
from tests.sessions.test_guessing import blinded_study

TODAY = dt.date.today()
SOON = f"{TODAY - dt.timedelta(days=3)}"  # four days of drug end today


class Desk:
    """Runs commands on a study and keeps what they told."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.study = blinded_study(folder, 8).folder
        self.key = folder / "private.pem"
        self._capsys = capsys

    def does(self, *words: object, code: int = 0, told: bool = False) -> str:
        assert main([str(word) for word in words]) == code
        out = self._capsys.readouterr()
        assert told or "CANARY" not in out.out + out.err
        if code:
            assert out.err.startswith("error: ")
            assert out.err.count("\n") == 1
        return out.out + out.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.mark.timeout(180)
def test_a_study_from_its_sealed_list_to_its_analysis(desk: Desk, tmp_path: Path) -> None:
    study = desk.study
    who = ("--participant", "012")
    signed = (*who, "--by", "MK")
    add = ("participant", "add", study, *signed)
    assert "sex is needed: sex=female, sex=male" in desk.does(*add, code=2)
    told = desk.does(*add, "--stratum", "sex=female", "--initials", "AB")
    assert "slot 001, stratum female" in told
    desk.does("participant", "add", study, "--participant", "013", "--by", "MK",
              "--stratum", "sex=female")  # fmt: skip
    plan = ("participant", "schedule", study, *signed, "--period")
    assert "first dose planned" not in desk.does(*plan, "1", "--first-dose", SOON)
    assert "a day is needed" in desk.does(*plan, "1", "--first-dose", "02.03.2026", code=2)
    assert "1 to 2" in desk.does(*plan, "3", "--first-dose", SOON, code=2)
    assert f"01: due, {TODAY}" in desk.does("participant", "list", study)

    for kind in ("html", "pdf", "html", "pdf"):  # printed again, it is replaced
        sheet = ("sheet", study, *who, "--session", "01", "--at", "09:30")
        desk.does(*sheet, "--out", study / f"sheet.{kind}")
    assert "ends with .html / .pdf" in desk.does(*sheet, "--out", study / "a.doc", code=2)
    assert "allowed are ar, en, ja" in desk.does(
        *sheet, "--out", study / "a.pdf", "--language", "x", code=2
    )

    run = ("run", study, *who, "--session", "01")
    robot = ("--robot", "typical", "--speed", "fast", "--no-window")
    rehearsed = SessionRequest(study, "012", "01", robot="typical", fast=True, no_window=True)
    play(prepare(rehearsed))
    (log,) = open_study(study).logs()
    register = open_register(study)
    assert register.allocation is not None
    assert header_of(log)["allocation"] == {"digest": register.allocation.digest, "slot": "001"}
    assert "1 of 2" in desk.does("participant", "list", study)

    again = ("participant", "repeat", study, *signed, "--session", "01", "--reason")
    assert "set-aside/ses-01_1" in desk.does(*again, "the projector failed")
    assert "0 of 2" in desk.does("participant", "list", study)
    desk.does(*run, *robot)
    one = desk.does("participant", "list", study, *who)
    assert "session 01: done, a robot's rehearsal" in one
    assert "period 2, drug kit 001-2: not scheduled, first dose from" in one
    desk.does("participant", "dose", study, *signed, "--period", "1", "--on", SOON)

    desk.does("participant", "withdraw", study, *signed, "--reason", "moved away")
    replace = ("participant", "replace", study, *signed, "--with")
    assert "slot 003, stratum female" in desk.does(*replace, "014")
    assert "replaced by 014" in desk.does("participant", "list", study, *who)

    unblind = ("unblind", study, "--key", desk.key, "--who", "DR", "--reason", "seizure")
    assert "give --participant LABEL (emergency) or --all" in desk.does(*unblind, code=2)
    assert "--out: only with --all" in desk.does(*unblind, *who, "--out", "x", code=2)
    assert "CANARY" in desk.does(*unblind, *who, told=True)
    out = tmp_path / "arms.tsv"
    assert "arms of 3 participants" in desk.does(*unblind, "--all", "--out", out)
    assert out.read_text("utf-8").count("CANARY") == 6
    for path in study.rglob("*"):
        assert "CANARY" not in path.name
        assert path.is_dir() or b"CANARY" not in path.read_bytes(), path
    whats = [json.loads(line)["what"] for line in register.file.read_text("utf-8").splitlines()]
    assert whats == [
        "allocation_received", "enrolled", "enrolled", "scheduled", "repeated", "dosed",
        "withdrawn", "enrolled", "unblinded", "unblinded",
    ]  # fmt: skip


def test_nobody_is_run_who_is_not_in_the_study(desk: Desk) -> None:
    study = desk.study
    with pytest.raises(BadInput, match=r"participant '099': not in .* add them with"):
        prepare(SessionRequest(study, "099", "01"))
    for label in ("012", "013"):
        who = ("--participant", label, "--by", "MK")
        desk.does("participant", "add", study, *who, "--stratum", "sex=male")
    desk.does("participant", "withdraw", study, *who, "--reason", "fell ill")
    with pytest.raises(BadInput, match="participant '013': left the study"):
        prepare(SessionRequest(study, "013", "01"))
    opened, tasks = open_study(study), ("messages",)
    assert may_run(opened, "012", tasks, rehearsal=False) == may_run(
        opened, "012", tasks, rehearsal=True
    )
    assert may_run(opened, "099", tasks, rehearsal=True) is None


def test_a_sheet_is_one_page_with_all_that_matters_and_escapes_texts(
    desk: Desk, tmp_path: Path
) -> None:
    file = desk.study / "study.yaml"
    text = file.read_text("utf-8").replace("title: Kind", "title: <b>Kind & so</b>")
    file.write_text(text.replace('"02":\n    tasks: [warmobject]',
                                 '"02":\n    tasks: [warmobject, messages]'), "utf-8")  # fmt: skip
    who = ("--participant", "012", "--by", "MK")
    desk.does("participant", "add", desk.study, *who, "--stratum", "sex=male", "--initials", "AB")
    late = TODAY - dt.timedelta(days=40)
    for period, first in ((1, late), (2, late + dt.timedelta(days=14))):
        desk.does("participant", "schedule", desk.study, *who, "--period", period,
                  "--first-dose", first)  # fmt: skip
    sheet = ("sheet", desk.study, "--participant", "012", "--session", "02", "--at", "09:30")
    desk.does(*sheet, "--out", tmp_path / "sheet.pdf")
    application()
    page = QPdfDocument(None)
    page.load(str(tmp_path / "sheet.pdf"))
    assert page.pageCount() == 1
    shown = page.getAllText(0).text()
    study = open_study(desk.study)
    register = open_register(desk.study)
    where = standing(study, register.participant("012"), TODAY)
    html = sheet_html(study, register, where, "02", at=dt.time(9, 30), language="en")
    assert "&lt;b&gt;Kind &amp; so" in html
    for line in (
        "Session 01 is not done yet, and comes before session 02.",
        f"Session 02 was to be done by {late + dt.timedelta(days=17)}; that was 23 days ago.",
        "Days without drug before this period: 10. At least 10 are needed.",
        "Ask for the initials and the colour of the card. Type what they say.",
        "Reading messages – not ready yet, look at: kit check",
        "This was the last session.",
        f"{where.participant.slot}-2",
    ):
        assert line in html
        assert line[:30] in shown.replace("\r\n", " ").replace("\n", " ")
    assert "AB" not in html, "who can read the initials off the paper does not ask for them"
    assert "AB" not in desk.does("participant", "list", desk.study)
    order = [html.index(time) for time in ("09:10", "09:20", "09:30", "09:45")]
    assert order == sorted(order)
    # from right to left, a number of three parts is not turned round, and paper has its columns so
    arabic = {
        on_paper: sheet_html(
            study, register, where, "02", at=None, language="ar", on_paper=on_paper
        ).partition("<body>")[2]
        for on_paper in (False, True)
    }
    for html in arabic.values():
        assert f"\u2068{where.participant.slot}-2\u2069" in html
    leading = {paper: re.findall('class="(time|note)"', html)[0] for paper, html in arabic.items()}
    assert leading == {False: "time", True: "note"}
