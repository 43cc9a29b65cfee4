"""Every text that people see is there in every language, is filled in alike, and fits."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any, get_args

import pytest
from rich.cells import cell_len

from analysis.monitor_texts import read_texts as monitor_texts
from experiment.examples import EXAMPLE, languages, make_study, preset_names
from experiment.looks import looks_of
from experiment.plans.questionnaire import paged
from experiment.protocol import FaultName, Protocol, load_protocol
from experiment.protocol.questionnaire import item_key
from experiment.protocol.questionnaire_files import read_questionnaire
from experiment.screens import Closing, Fixation, Item, Page, Prompt, Row, Scale, Screen, Waiting
from experiment.yaml_files import read_yaml
from stimuli.fonts import missing_glyphs

ROOT = Path(__file__).parents[1]
OTHERS = ("ar", "ja")
FOLDERS = {
    "participants": EXAMPLE / "texts",
    "launcher": ROOT / "experiment" / "desk" / "texts",
    "practice": ROOT / "experiment" / "desk" / "practice",
    "check": ROOT / "experiment" / "preflight" / "texts",
    "commands": ROOT / "experiment" / "texts",
    "run sheet": ROOT / "experiment" / "register" / "texts",
}
_FILLED = re.compile(r"{[^{}]*}")
_SAME_IN_ALL = re.compile(r"letters\..*|.*\.(word|lasting|note|part|minutes)")


def flat(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, node in tree.items():
        if isinstance(node, dict):
            yield from flat(node, f"{path}{key}.")
        else:
            yield f"{path}{key}", str(node)


def read(file: Path) -> dict[str, str]:
    return dict(flat(read_yaml(file)))


def files() -> Iterator[tuple[str, Path, Path]]:
    for name, folder in FOLDERS.items():
        for tag in OTHERS:
            yield f"{name} {tag}", folder / "en.yaml", folder / f"{tag}.yaml"
    texts = ROOT / "analysis" / "texts"
    for tag in OTHERS:
        yield f"monitor {tag}", texts / "monitor.yaml", texts / f"monitor.{tag}.yaml"


@pytest.mark.parametrize(
    ("english", "other"), [pytest.param(*pair, id=name) for name, *pair in files()]
)
def test_a_translation_is_complete_and_filled_in_alike(english: Path, other: Path) -> None:
    ours, theirs = read(english), read(other)
    theirs = {key: text for key, text in theirs.items() if not key.startswith("ratings.")}
    asked = {key for key in ours if not _SAME_IN_ALL.fullmatch(key)}
    assert {key for key in theirs if not _SAME_IN_ALL.fullmatch(key)} == asked
    for key in asked:
        assert sorted(_FILLED.findall(theirs[key])) == sorted(_FILLED.findall(ours[key])), key
        assert not ours[key] or theirs[key], key
    assert "translation: ours" in other.read_text("utf-8").partition("\n\n")[0]


@pytest.mark.parametrize(
    ("variant", "words"),
    [("two_buttons", r"\bleft and right\b|\b(left|right) key"), ("mouse", r"\bkeys?\b")],
)
def test_nobody_is_told_to_press_what_is_not_there(variant: str, words: str) -> None:
    texts = read(EXAMPLE / "texts" / "en.yaml")
    shown = {
        key: texts.get(f"{variant}.{key}", text)
        for key, text in texts.items()
        if not key.startswith(("two_buttons.", "mouse."))
    }
    assert [key for key, text in shown.items() if re.search(words, text)] == []


def test_shipped_questionnaires_speak_three_languages_but_those_to_be_filled_in() -> None:
    files = sorted((EXAMPLE / "questionnaires").glob("*.yaml"))
    known = {file.stem: read_questionnaire(file) for file in files}
    assert [name for name, one in known.items() if one.languages != ("en", *OTHERS)] == ["er89"]
    assert [name for name, one in known.items() if one.unfilled()] == ["er89"]


def test_shipped_studies_speak_three_languages() -> None:
    assert languages() == ("ar", "en", "ja")


@pytest.mark.parametrize("language", OTHERS)
def test_every_wording_of_every_shipped_study_is_translated(tmp_path: Path, language: str) -> None:
    for preset in (None, *preset_names()):
        english, other = tmp_path / f"{preset}-en", tmp_path / f"{preset}"
        make_study(english, preset)
        make_study(other, preset, language)
        ours, theirs = protocol_of(english), protocol_of(other)
        assert ours.ratings.keys() == theirs.ratings.keys()
        for name, rating in ours.ratings.items():
            assert theirs.ratings[name].question != rating.question, (preset, name)
            for point, anchor in rating.anchors.items():
                assert theirs.ratings[name].anchors[point] != anchor, (preset, name, point)
        assert not any(key.startswith("ratings.") for key in theirs.texts)


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_every_screen_of_participants_fits(
    tmp_path: Path, language: str, size: tuple[int, int]
) -> None:
    make_study(tmp_path / "messages", None, language)
    make_study(tmp_path / "social", "hsu2013", language)
    make_study(tmp_path / "objects", "inagaki2016", language)
    for i, name in enumerate(("messages", "social", "objects")):
        protocol = protocol_of(tmp_path / name)
        painter = looks_of(protocol, size, {}).painter
        for screen in screens(protocol, texts=i == 0):
            painter.paint(screen)  # refuses what does not fit
        for text in protocol.texts.values() if i == 0 else ():
            assert missing_glyphs(text, language) == ()


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_every_item_after_the_ball_game_and_of_the_day_fits(tmp_path: Path, language: str) -> None:
    for preset in ("cyberball", "inagaki2016"):
        make_study(tmp_path / preset, preset, language)
        protocol = protocol_of(tmp_path / preset)
        painter = looks_of(protocol, (1280, 720), {}).painter
        for item in items(protocol):
            painter.paint(item)


def screens(protocol: Protocol, *, texts: bool) -> Iterator[Screen]:
    yield Fixation()
    for rating in protocol.ratings:
        yield Scale(rating, 1)
        yield Scale(rating, 1, "practice.again")
    if not texts:
        return
    for key in protocol.texts:
        if key.startswith("waiting") or key in ("paused", "resting"):
            yield Waiting(key)
        elif key.startswith("closing") or key == "stopped":
            yield Closing(key)
        elif ".take_up" in key or ".put_down" in key or ".hold" in key:
            yield Prompt(key)
        elif "." in key and "practice" not in key and "confirm" not in key:
            yield Page(key)


def items(protocol: Protocol) -> Iterator[Screen]:
    """Every page of every questionnaire that is shipped with its words, in the files' order."""
    for name, one in protocol.questionnaires.items():
        if not one.unfilled():
            on_page = paged(one, one.items)
            for number in range(1, on_page[-1] + 1):
                page = [
                    Row(item_key(name, item.id))
                    for item, its in zip(one.items, on_page, strict=True)
                    if its == number
                ]
                rows = tuple(page) if len(page) > 1 else ()
                first = page[0].rating
                yield Item(first, 1, 1, len(one.items), required=False, back=True, page=rows)


def protocol_of(study: Path) -> Protocol:
    return load_protocol(study / "study.yaml")[0]


@pytest.mark.parametrize("language", OTHERS)
def test_what_the_operator_reads_fits_the_console(language: str) -> None:
    texts = monitor_texts(language)
    for name in texts.tree["faults"]:
        _, do = texts.fault(name, pause="p", abort="escape and q")
        if language == "ja":  # no spaces to break at: two columns for most characters
            assert cell_len(do) <= 2 * 76, name
        else:
            assert len(wrap(do, 76)) <= 2, name
    for key, text in flat(texts.tree["phases"]):
        if key.endswith("says"):
            assert cell_len(text.format(held="0:00", pause="p", quiet="0:00")) <= 76, key
    sample = {"task": "messages", "run": 1, "runs": 2, "expected": 300, "tr": 2.0, "ms": 0.1}
    sample |= {"left": "1:10:00", "trials": 24, "trial": 7, "sent": 120, "unsent": 0, "echoed": 120}
    for key in ("volumes", "no_scanner", "expected", "planned_tr", "tr", "residual", "run_left",
                "run_paced", "session_left", "session_paced", "trials", "trial", "no_port",
                "no_marker", "lag", "sent", "sent_and_back"):  # fmt: skip
        assert cell_len(texts.label(key, **sample)) <= 22, key


def test_no_refusal_at_the_desk_is_written_in_code() -> None:
    rooms = [ROOT / "experiment" / name for name in ("register", "preflight", "desk")]
    files = [file for room in rooms for file in sorted(room.rglob("*.py"))]
    files += [ROOT / "experiment" / "kit" / f"{name}.py" for name in KIT_AT_THE_DESK]
    files += [ROOT / "experiment" / f"{name}.py" for name in ("choices", "notes", "study")]
    files += [ROOT / "experiment" / "blinding" / "sealed_list.py"]
    files += [ROOT / "experiment" / f"{name}.py" for name in IN_A_SESSION]
    files += [ROOT / "experiment" / "commands" / "participants.py"]
    bare = [
        f"{file.name}: {ast.unparse(said)}" for file in files for said in raised_in(tree_of(file))
    ]
    (receives,) = (
        part
        for part in ast.walk(tree_of(ROOT / "experiment" / "blinding" / "making.py"))
        if isinstance(part, ast.FunctionDef) and part.name == "receive_allocation"
    )
    bare += [ast.unparse(said) for said in raised_in(receives)]
    # Whoever asks for a language that there is none of can be told in none; a study's maker and
    # whoever writes a kit's file read English.
    assert [one for one in bare if not any(part in one for part in IN_ENGLISH)] == []


def test_what_ends_a_session_keeps_its_text_on_its_way_to_the_assistant() -> None:
    """Neither `str` nor a join makes English of it, nor is it written in code and handed on."""
    bare = []
    for name in IN_A_SESSION:
        for part in ast.walk(tree_of(ROOT / "experiment" / f"{name}.py")):
            if isinstance(part, ast.Call) and name_of(part) not in LOGGED:
                bare += [ast.unparse(part) for said in values_of(part) if made_plain(said)]
            elif isinstance(part, ast.Return) and ends(part.value):
                bare.append(ast.unparse(part))
    assert [one for one in bare if not any(part in one for part in IN_ENGLISH)] == []


def test_every_fault_and_status_has_a_name() -> None:
    for tag in ("en", *OTHERS):
        texts = read(FOLDERS["commands"] / f"{tag}.yaml")
        monitored = monitor_texts(tag).tree["faults"]
        assert {f"faults.{name}" for name in (*get_args(FaultName), *monitored)} <= texts.keys()
        for name, said in monitored.items():  # by one name at the monitor and at the desk
            assert texts[f"faults.{name}"] == (name if tag == "en" else said["title"])
        for status in ("complete", "stopped", "aborted", "failed", "crashed"):
            assert texts[f"status.{status}"]


def test_no_word_of_the_launcher_is_written_in_code() -> None:
    bare = []
    for file in sorted((ROOT / "experiment" / "desk").rglob("*.py")):
        for call in ast.walk(tree_of(file)):
            if isinstance(call, ast.Call) and name_of(call) in SHOWS:
                bare += [
                    f"{file.name}: {ast.unparse(said)}" for said in call.args[:1] if is_bare(said)
                ]
    assert bare == []


KIT_AT_THE_DESK = ("for_session", "store", "decisions", "desk")
IN_A_SESSION = (
    "inputs", "faults", "holds", "session", "resume", "parts", "log", "choices",
    "plans/people", "plans/feedback", "plans/messages", "plans/kit_check",
)  # fmt: skip
IN_ENGLISH = (
    "--language", "has no section", "no section profiles",
    "BadInput(str(error))",  # what fits on no screen: said by id, by who draws it
)  # fmt: skip
LOGGED = {"add"}
SHOWS = {"label", "button", "field", "complain", "setText", "setToolTip", "note_now", "addAction"}


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def name_of(call: ast.Call) -> str:
    called = call.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def raised_in(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what errors are raised with, where that is words and no text of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from (said for said in node.exc.args[:1] if is_bare(said))


def values_of(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (one.value for one in call.keywords)


def made_plain(said: ast.expr) -> bool:
    """Whether something makes plain English of an error, or of lines."""
    if not isinstance(said, ast.Call):
        return False
    joins = ast.unparse(said.func).endswith("\\n'.join")
    return ast.unparse(said) == "str(error)" or joins


def ends(said: ast.expr | None) -> bool:
    """Whether something is how a session ended, and why, in words of the code."""
    if not (isinstance(said, ast.Tuple) and len(said.elts) == 2):
        return False
    status, why = said.elts
    return isinstance(status, ast.Constant) and (is_bare(why) or made_plain(why))


def is_bare(said: ast.AST) -> bool:
    """Whether something has words of its own, outside of what it calls."""
    if isinstance(said, ast.Constant):
        return isinstance(said.value, str) and re.search("[a-z]{3}", said.value) is not None
    return not isinstance(said, ast.Call) and any(map(is_bare, ast.iter_child_nodes(said)))
