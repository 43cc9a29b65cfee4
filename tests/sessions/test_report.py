"""Reports from real logs of robots: self-contained, private, blinded until the arms are given."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.tables import rating_rows
from benchmarks.simulated import SCALE, Truth, whole_study
from experiment.chance import dice
from experiment.kit import load_kit
from experiment.readlog import read_log
from experiment.robot import TEMPERS, wish
from experiment.session import SessionRequest, prepare, run
from experiment.study import open_study
from run_session import main

pytestmark = pytest.mark.timeout(240)  # sixteen sessions and their models


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folder of a whole simulated crossover, and its table of arms."""
    return whole_study(tmp_path_factory.mktemp("whole"), Truth("inagaki2016", 6, -1.0), 11)


def page_of(*words: str | Path) -> str:
    out = Path(str(words[words.index("--out") + 1]))
    assert main(["report", *map(str, words)]) == 0
    page = out.read_text("utf-8")
    # Nothing is fetched from anywhere.
    assert set(re.findall(r'(?:src|href)="([a-z]+):', page)) <= {"data"}
    assert "://" not in re.sub(r'data:[^"]*', "", page)
    assert "nan" not in re.sub(r'data:[^"]*', "", page).split()
    return page


def words_of(page: str) -> str:
    return re.sub(r'data:[^"]*|<style>.*?</style>', "", page, flags=re.DOTALL)


def test_a_study_is_blinded_until_its_arms_are_given(
    whole: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, arms = whole
    out = ("--out", tmp_path / "report.html")
    blinded = words_of(page_of(study, *out, "--rehearsals"))
    assert "<b>Blinded.</b>" in blinded
    for secret in ("naltrexone", "placebo", "AB", "BA", "period 2 − period 1", "carry-over"):
        assert secret not in blinded, secret
    assert "Converged: yes" in blinded

    coded = tmp_path / "coded.tsv"
    text = arms.read_text("utf-8").replace("naltrexone", "B").replace("placebo", "A")
    coded.write_text(text, "utf-8")
    told = words_of(page_of(study, *out, "--rehearsals", "--arms", coded))
    assert "<b>Arms as A and B.</b>" in told
    assert "naltrexone" not in told
    assert "B − A" in told

    open_ = words_of(page_of(study, *out, "--rehearsals", "--arms", arms))
    assert "<b>Unblinded.</b>" in open_
    assert "naltrexone − placebo" in open_
    assert "two-sample test on period differences" in open_
    assert "6 participants, 6 with every session done" in open_

    inside = study / "arms.tsv"
    shutil.copy(arms, inside)
    for extra in ((*out, "--arms", inside), ("--out", study / "r.html", "--arms", arms)):
        assert main(["report", str(study), "--rehearsals", *map(str, extra)]) == 2
        assert "lies in the study's folder" in capsys.readouterr().err
    inside.unlink()


def test_reports_hold_no_text_and_no_name(whole: tuple[Path, Path], tmp_path: Path) -> None:
    study, _ = whole
    kit = load_kit(study / "participants" / "001" / "kit")
    pages = [words_of(page_of(study, "--out", tmp_path / "study.html", "--rehearsals"))]
    log = open_study(study).logs_of("001")[0]
    pages.append(words_of(page_of(log, "--out", tmp_path / "session.html")))
    for page in pages:
        for message in kit.messages:
            assert message.text not in page
        for writer in kit.writers:
            assert not writer.name or f"{writer.name}<" not in page
    assert "A robot took part" in pages[1]
    assert "session       complete" in pages[1]


def test_what_is_left_out_is_told(
    whole: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    shutil.copytree(whole[0], study)
    first, second, third, *_ = open_study(study).logs()
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join([*lines[:3], b"damage\n", *lines[3:]]))
    second.write_bytes(second.read_bytes().replace(b'"cursor":3', b'"cursor":4', 1))
    third.write_bytes(third.read_bytes()[:-200])
    out = tmp_path / "report.html"
    page = words_of(page_of(study, "--out", out, "--rehearsals"))
    assert "not a line of a session log" in page
    assert "was edited after the session" in page
    assert f"<td>{third.relative_to(study)}</td><td>crashed</td>" in page

    assert main(["report", str(study), "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "all 12 logs are left out" in told
    assert told.count("\n") == 1


def test_a_temper_of_a_simulation_is_what_the_log_holds(
    whole: tuple[Path, Path], tmp_path: Path
) -> None:
    """Answers by way of session and log are distributed as the robot's model alone draws them."""
    study = tmp_path / "study"
    shutil.copytree(whole[0], study)
    shutil.rmtree(study / "sourcedata")
    mind = TEMPERS["hasty"]
    for label in ("001", "002"):
        for session in ("01", "02"):
            request = SessionRequest(
                study, label, session, robot="typical", fast=True, no_window=True
            )
            log = run(prepare(request), mind=mind).log
            assert b"hasty" not in log.read_bytes()
    logs = map(read_log, open_study(study).logs())
    rows = [row for log in logs for row in rating_rows(log) if row.trial is not None]
    values = [row.value for row in rows if row.confirmed]
    die = dice(5, "test")
    drawn = [wish(mind, "kind", SCALE, die) for _ in range(4000)]
    points = np.arange(2, 8)
    counts = [np.array([np.sum(np.asarray(v) == p) for p in points]) for v in (values, drawn)]
    kept = (counts[0] + counts[1]) > 12
    assert len(values) == 4 * 6 * 2
    assert stats.chi2_contingency([c[kept] for c in counts]).pvalue > 0.001
