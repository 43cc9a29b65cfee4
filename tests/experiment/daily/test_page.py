"""The page for daily reports: one file that asks nobody and tells nothing of the participant."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from experiment.daily.page import page_for, write_page
from experiment.daily.sent import study_key
from experiment.errors import BadInput
from experiment.study import Study, open_study
from tests.experiment.daily.reports import ANSWERS


def test_the_page_is_one_file_that_asks_nobody_and_says_nothing_of_the_participant(
    study: Study, tmp_path: Path
) -> None:
    page = page_for(study, "012")
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|//[a-z]+\.|@import|<link|<img|\ssrc=", page)
    found = re.search(r'id="data">(.*?)</script>', page)
    assert found is not None
    data = json.loads(found[1])
    assert [one["day"] for one in data["days"]][::4] == ["2026-03-02", "2026-03-16"]
    assert (data["participant"], data["study"]) == ("012", study_key(study))
    assert study.protocol.study.name not in page
    for item in ANSWERS:
        assert f'data-item="daily.{item}"' in page
    out = tmp_path / "page.html"
    write_page(study, "012", out)
    assert out.read_text("utf-8") == page == page_for(study, "012")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_words_in_a_questionnaire_are_words_in_the_page(study: Study) -> None:
    file = study.folder / "questionnaires" / "daily.yaml"
    hostile = """'</script><script>alert(1)</script> & "quoted"'"""
    text = file.read_text("utf-8").replace("I felt happy", hostile)
    file.write_text(text, "utf-8")
    page = page_for(open_study(study.folder), "012")
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_a_page_that_lacks_something_is_not_written(study: Study, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no language 'he'"):
        write_page(study, "012", tmp_path / "page.html", "he")
    with pytest.raises(BadInput, match=r"ends with \.html"):
        write_page(study, "012", tmp_path / "page.txt")
    texts = study.folder / "texts" / "en.yaml"
    texts.write_text(texts.read_text("utf-8").replace("  save: Save my answers\n", ""), "utf-8")
    with pytest.raises(BadInput, match=r"lacks 'daily\.save'"):
        write_page(open_study(study.folder), "012", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
