"""A session's window comes without what it never uses, and whoever uses it gets it all the same."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from stimuli.lean import lean_imports

ROOT = Path(__file__).parents[2]
PEEK = """
from stimuli.lean import lean_imports
with lean_imports():
    from psychopy import visual
import sys, pandas
assert "matplotlib" not in sys.modules
assert "scipy.interpolate._interpolate" not in sys.modules
from pandas import DataFrame
import matplotlib, scipy.interpolate
print(len(DataFrame({"a": [1, 2]})), scipy.interpolate.interp1d([0, 2], [0, 4])(1))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a module in it, where it can be imported."""
    name = f"put_off_{tmp_path.name}"
    place = tmp_path / name
    place.mkdir()
    (place / "__init__.py").write_text("from . import inner\nvalue = inner.value + 1\n")
    (place / "inner.py").write_text("value = 41\n")
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_module_that_was_put_off_comes_when_something_of_it_is_asked_for(package: str) -> None:
    with lean_imports((package, "no_such_package"), ()):
        module = importlib.import_module(package)
    assert f"{package}.inner" not in sys.modules
    assert module.value == 42
    assert importlib.import_module(f"{package}.inner") is module.inner
    with pytest.raises(AttributeError):
        _ = module.no_such_thing
    with lean_imports((package, "no_such_package"), ()):
        assert sys.modules[package] is module, "what is there stays as it is"


def test_a_part_of_a_module_that_was_put_off_brings_the_whole(package: str) -> None:
    with lean_imports((package, "no_such_package"), ()):
        pass
    inner = importlib.import_module(f"{package}.inner")
    assert inner.value == 41
    assert sys.modules[package].value == 42


def test_what_can_be_done_without_is_hidden_in_the_block_alone(package: str) -> None:
    with lean_imports((), (package,)), pytest.raises(ImportError):
        importlib.import_module(package)
    assert importlib.import_module(package).value == 42


@pytest.mark.slow
def test_psychopy_is_there_and_the_rest_when_it_is_used(display: str) -> None:  # noqa: ARG001
    done = subprocess.run(
        [sys.executable, "-c", PEEK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "2 2.0" in done.stdout
