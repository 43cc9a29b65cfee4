"""Reading YAML: plain values as YAML 1.2 has them, lines, and what is no YAML."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.yaml_files import line_at, read_yaml


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.yaml"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),  # the language Norwegian, which YAML 1.1 took for false
        ("on", "on"),
        ("true", True),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("-7", -7),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("2.", 2.0),
        ("-.inf", -math.inf),
        ("~", None),
        ("", None),
        ("none", "none"),
        ("'012'", "012"),
        ("2026-03-02", date(2026, 3, 2)),
        ("1_000", "1_000"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
    ],
)
def test_plain_values(file: Path, written: str, value: object) -> None:
    file.write_text(f"key: {written}\n", "utf-8")
    assert read_yaml(file) == {"key": value}
    assert type(read_yaml(file)["key"]) is type(value) or isinstance(value, list)


_TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")))
_TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda below: st.lists(below) | st.dictionaries(_TEXTS, below),
    max_leaves=12,
)


@given(tree=_TREES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_whatever_is_written_as_json_is_read_as_it_was(tmp_path: Path, tree: Any) -> None:
    written = tmp_path / "tree.yaml"
    written.write_text(json.dumps({"tree": tree}, ensure_ascii=False, indent=1), "utf-8")
    assert read_yaml(written) == {"tree": tree}


def test_the_line_of_each_thing(file: Path) -> None:
    file.write_text("a: 1\nb:\n  - x\n  - c:\n      value: 3\n      source: S1\n", "utf-8")
    tree = read_yaml(file)
    places = [("a",), ("b",), ("b", 1), ("b", 1, "c"), ("b", 1, "c", "source"), ("b", 5), ("z",)]
    assert [line_at(tree, place) for place in places] == [1, 2, 4, 4, 6, 2, 1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", ":3: not readable as YAML: the key 'a' stands here twice"),
        ("a: 1\n[1]: 2\n", ":2: not readable as YAML: this can't be a key"),
        ("a: [1\nb: 2\n", ":2: not readable as YAML: "),
        ("a: 1\nb: \x07\n", ":2: not readable as YAML: it holds the control character U+0007"),
        ("a: *there\n", ":1: not readable as YAML: found undefined alias"),
        ("a: !!python/name:os.system\n", ":1: not readable as YAML: could not determine"),
        ("a: 1\n---\nb: 2\n", ":2: not readable as YAML: but found another document"),
    ],
)
def test_what_is_no_yaml(file: Path, text: str, problem: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput) as found:
        read_yaml(file)
    assert f"{file}{problem}" in str(found.value)
