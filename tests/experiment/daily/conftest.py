"""A study with daily reports whose days are known."""

from __future__ import annotations

import pytest

from experiment.examples import make_study
from experiment.study import Study
from tests.experiment.daily.reports import NewStudy, with_days


@pytest.fixture
def study(new_study: NewStudy) -> Study:
    return with_days(new_study(kit=False))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that no test changes."""
    folder = tmp_path_factory.mktemp("daily") / "study"
    make_study(folder)
    return with_days(folder)
