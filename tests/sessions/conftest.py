"""What tests of whole sessions share."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment.examples import make_study


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A study of social feedback that nobody has come to yet."""
    make_study(tmp_path / "study", "hsu2013")
    return tmp_path / "study"
