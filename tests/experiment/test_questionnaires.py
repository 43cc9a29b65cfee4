"""Questionnaires: their files, the answers that presses make, and the way through the items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.questionnaires import Filling, traits_table
from analysis.science.traits import Number, read_traits, with_trait
from experiment.answers import Action, Press, item_answer, unanswered
from experiment.errors import BadInput
from experiment.examples import EXAMPLE, make_study
from experiment.filled import filled_in
from experiment.kit import KitIndex
from experiment.plain import from_plain, to_plain
from experiment.plans.plan import PlanInputs
from experiment.plans.questionnaire import QuestionnairePlan, plan_questionnaire
from experiment.protocol import load_protocol
from experiment.protocol.questionnaire_files import read_questionnaire
from experiment.protocol.ratings import worded
from experiment.readlog import SessionLog
from experiment.screens import BACK, LEAVE_OUT, Item, Page, Row, ScaleRange, row_of
from experiment.session import SessionRequest, prepare
from experiment.steps import OnResponse, Outcome, Response, ResponseKind, Step
from experiment.tasks.questionnaire import items_of, questionnaire
from stimuli.painter import still

SHIPPED = sorted((EXAMPLE / "questionnaires").glob("*.yaml"))
PROTOCOL, _ = load_protocol(EXAMPLE / "study.yaml")
NewStudy = Callable[..., Path]


# --- files ---------------------------------------------------------------------------------------


def test_what_is_shipped_is_what_it_says() -> None:
    known = {file.stem: read_questionnaire(file) for file in SHIPPED}
    needs = known["needthreat"]
    assert [(len(s.items), s.score) for s in needs.subscales.values()] == [(5, "mean")] * 4
    assert {item for s in needs.subscales.values() for item in s.items} == {
        item.id for item in needs.items
    }
    assert (len(needs.items), needs.items[0].scale, needs.wording) == (20, None, "lab")
    assert {worded(item.text, "en") for item in known["gamechecks"].items[:2]} == {
        "I was ignored",
        "I was excluded",
    }
    er89 = known["er89"]
    span = er89.scale_of(er89.items[0]).range
    assert (len(er89.items), span.lowest, span.highest, er89.share_texts) == (14, 1, 4, False)
    assert er89.unfilled() == [item.id for item in er89.items]
    assert [name for name, one in known.items() if one.unfilled()] == ["er89"]


def test_a_trait_scale_is_scored_and_goes_into_the_report(tmp_path: Path) -> None:
    one = read_questionnaire(EXAMPLE / "questionnaires" / "ties.yaml")
    assert (one.wording, one.unfilled(), one.share_texts) == ("lab", [], True)
    assert "not validated" in one.title

    def filled(person: str, answer: int, **other: int | None) -> Filling:
        answers = {f"ties.{item.id}": other.get(item.id, answer) for item in one.items}
        return Filling(person, "01", "traits", 1, None, "ties", one, answers)

    unknown = dict.fromkeys(("close_1", "close_2"), None)
    fillings = [filled("011", 1), filled("012", 2, close_1=4), filled("012", 2, close_1=4)]
    fillings += [filled("013", 4), filled("014", 3, **unknown), filled("015", 3)]
    file = tmp_path / "traits.tsv"
    file.write_text(traits_table(fillings, ["ties"]), "utf-8")
    assert file.read_text("utf-8").splitlines()[0] == (
        "participant_id\tties_closeness\tties_setbacks"
    )
    traits = read_traits(file)
    # By hand: two of six items are reversed, so that 1 everywhere is (4 * 1 + 2 * 4) / 6.
    assert list(traits["ties_closeness"].dropna().round(6)) == [2.0, 2.666667, 3.0, 2.666667]
    assert list(traits["ties_setbacks"].round(6)) == [2.0, 2.333333, 3.0, 2.666667, 2.666667]
    warmth = Number("warmth", {None: 2 * traits["ties_closeness"]})
    (closeness,) = with_trait(traits["ties_closeness"], [warmth])
    assert closeness.value == pytest.approx(1.0)


GOOD = """\
title: A test
version: "1"
wording: lab
source: ours
licence: CC0
share_texts: true
languages: [en]
scale:
  kind: points
  points: 5
  anchors: {1: No, 5: Yes}
items:
  - {id: one, text: First}
  - {id: two, text: Second, reverse: true}
  - id: three
    text: Third
    scale: {kind: yes_no, yes: "Yes", no: "No"}
    show_if: {item: one, at_least: 4}
subscales:
  all: {items: [one, two], score: mean, least_answered: 1}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("points: 5", "points: five", "10: scale.points: a number is needed, not a text"),
        ("points: 5", "points: 50", "10: scale.points: {}at most 11"),
        ("5: Yes}", "6: Yes}", "8: scale: anchor at 6 of a scale from 1 to 5"),
        ("kind: points", "kind: pointz", "9: scale.kind: unknown 'pointz', allowed: points, "),
        ("  kind: points\n", "", "8: scale.kind: is missing"),
        ("licence: CC0\n", "", "licence: is missing"),
        ("licence: CC0\n", "licence:\n", "licence: nothing stands here; write a value"),
        ("title: A", "titel: A", "1: titel: not permitted, no such field"),
        ("id: two", "id: one", "14: items.1.id: 'one' is there twice"),
        ("id: two", "id: Two", "14: items.1.id: {}"),
        ("item: one, at", "item: two3, at", "18: items.2.show_if.item: no earlier item 'two3'"),
        ("at_least: 4", "at_least: 6", "18: items.2.show_if: 6 is no answer to 'one' (1 to 5)"),
        (", at_least: 4", "", "18: items.2.show_if: a rule has any_of"),
        ("items: [one, two]", "items: [one, four]", "20: subscales.all.items.1: no item 'four'"),
        ("least_answered: 1", "least_answered: 3", "20: subscales.all: {}has only 2 items"),
        ("languages: [en]", "languages: [en, de]", "items.0.text: a text for each language"),
        ("text: First", "text: {de: Erstens}", "13: items.0.text: lacks the language 'en'"),
        ("items:\n  - {id: one", "order: shuffled\nitems:\n  - {id: one", "needs the items in a"),
        ('no: "No"}', 'no: "No"}\n    reverse: true', "18: items.2.reverse: options can't be"),
        ("scale:\n  kind: points\n  points: 5\n  anchors: {1: No, 5: Yes}\n", "", "no scale: give"),
        ("title: A test", "title: [", "not readable as YAML"),
    ],
)
def test_errors_say_line_and_field(tmp_path: Path, old: str, new: str, expected: str) -> None:
    file = tmp_path / "q.yaml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(BadInput) as caught:
        read_questionnaire(file)
    told = str(caught.value)
    assert told.startswith(f"{file}:")
    assert "\n" not in told
    for part in expected.split("{}"):
        assert part in told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[mood, affect]", "[mood, moody]", "no file questionnaires/moody.yaml beside study.yaml"),
        ("task: daily\n", "task: messages\n", "no task 'messages' of kind questionnaire"),
        ('"02": 4}', '"03": 4}', "daily.days.03: no session '03'"),
        ("[feelings, daily]", "[feelings]", "the daily report 'daily' is to be under optional"),
        ("  item: 46\n", "", "needs a code for 'item'"),
    ],
)
def test_a_protocol_says_what_is_wrong_with_its_questionnaires(
    new_study: NewStudy, old: str, new: str, expected: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load_protocol(new_study((old, new), kit=False) / "study.yaml")
    assert expected in str(caught.value)


def test_a_template_refuses_to_run_until_it_is_filled_in(tmp_path: Path) -> None:
    make_study(tmp_path / "study", "hsu2013")
    request = SessionRequest(
        tmp_path / "study", "012", "01", task="traits", robot="typical", no_window=True, fast=True
    )
    with pytest.raises(BadInput, match=r"er89\.yaml: item 'er_01' still says FILL IN"):
        prepare(request)
    file = tmp_path / "study" / "questionnaires" / "er89.yaml"
    file.write_text(file.read_text("utf-8").replace("text: FILL IN", "text: Words"), "utf-8")
    assert list(prepare(request).plans) == ["traits"]


# --- one item ------------------------------------------------------------------------------------

POINTS = ScaleRange(1, 5)


def blank(*, required: bool = True, back: bool = True, given: int | None = None) -> Item:
    return Item("q.i", 3, 2, 9, given=given, required=required, back=back)


def pressed(item: Item, *actions: Action | tuple[Action, int | None]) -> Response | None:
    answer = item_answer(item, POINTS, earliest=0.5)
    for n, action in enumerate(actions):
        name, point = (action, None) if isinstance(action, str) else action
        answer = answer.after(Press(1.0 + n / 10, name, "robot", point), onset=0.0)
    return answer.response(0.0)


def test_the_first_press_puts_the_mark_on_the_scale_and_no_answer_is_given_without() -> None:
    assert pressed(blank(), "confirm") is None
    assert pressed(blank(), "right", "confirm") == Response(3, 1.1, confirmed=True)
    assert pressed(blank(), "left", "left", "confirm") == Response(2, 1.2, True, lefts=1)
    assert pressed(blank(), "move", "move", "confirm") == Response(4, 1.2, True, rights=1)
    assert pressed(blank(given=5), "confirm") == Response(5, 1.0, confirmed=True)


def test_an_item_is_left_out_or_gone_back_from_only_where_that_is_allowed() -> None:
    assert pressed(blank(required=False), "confirm") == Response(None, 1.0, confirmed=True)
    left_out = Response(None, 1.1, confirmed=True)
    assert pressed(blank(required=False), "right", ("pick", LEAVE_OUT)) == left_out
    assert pressed(blank(), ("pick", LEAVE_OUT)) is None
    assert pressed(blank(), "back") == Response(None, 1.0, confirmed=True, back=True)
    assert pressed(blank(), ("pick", BACK)) == Response(None, 1.0, confirmed=True, back=True)
    assert pressed(blank(back=False), "back", ("pick", BACK)) is None


def test_a_mouse_answers_with_one_press_on_the_scale() -> None:
    given = Response(4, 1.1, confirmed=True)
    assert pressed(blank(), ("point", 4), ("pick", 4)) == given
    assert pressed(blank(), ("point", BACK), ("pick", None)) is None


def test_on_a_page_a_press_on_another_row_goes_there_and_answers_nothing() -> None:
    item = Item("q.i", 3, 8, 9, page=(Row("q.h", 2), Row("q.i")))
    gone = Response(None, 1.1, confirmed=True, goes_to=7)
    assert pressed(item, "right", ("pick", row_of(7))) == gone
    assert gone.elsewhere
    assert pressed(item, ("pick", row_of(8)), ("pick", row_of(9))) is None  # itself; none of these
    assert pressed(item, ("point", row_of(7)), ("pick", None)) is None  # let go beside it


ACTIONS = st.tuples(
    st.floats(0, 3),
    st.sampled_from(["left", "right", "move", "confirm", "back", "point", "pick"]),
    st.sampled_from([None, BACK, LEAVE_OUT, 1, 3, 5]),
)


@given(st.lists(ACTIONS, max_size=30), st.booleans(), st.booleans(), st.sampled_from([None, 1, 5]))
def test_no_presses_make_an_answer_that_the_item_does_not_allow(
    presses: list[tuple[float, Action, int | None]], required: bool, back: bool, given: int | None
) -> None:
    item = blank(required=required, back=back, given=given)
    step = Step(item, OnResponse(None, 0.5), accepts=ResponseKind.RATING)
    answer = unanswered(step, {"q.i": POINTS})
    for t, action, point in sorted(presses, key=lambda press: press[0]):
        on_mouse = action in ("point", "pick")
        answer = answer.after(Press(t, action, "robot", point if on_mouse else None), 0.0)
        assert answer.cursor is None or 1 <= answer.cursor <= 5
    response = answer.response(0.0)
    if response is not None and response.confirmed:
        assert response.rt >= 0.5
        assert response.back <= back
        assert (response.value is None) <= (not required or response.back)


# --- the way through -----------------------------------------------------------------------------


def plan_of(task: str, participant: str = "012") -> QuestionnairePlan:
    kit = KitIndex("", ())
    return plan_questionnaire(PlanInputs(PROTOCOL, task, kit, "01", participant, 7))


def test_a_plan_is_the_same_again_and_shuffles_where_it_is_told_to() -> None:
    plan = plan_of("feelings")
    assert plan == plan_of("feelings")
    assert from_plain(QuestionnairePlan, to_plain(plan)) == plan
    orders = {tuple(t.item for t in plan_of("feelings", f"{n:03d}").trials) for n in range(20)}
    assert len(orders) == 20
    files = [item for name in ("mood", "affect") for item in PROTOCOL.questionnaires[name].items]
    assert all({item.split(".")[1] for item in order} == {i.id for i in files} for order in orders)
    assert all(order[0].startswith("mood.") and order[8].startswith("affect.") for order in orders)
    assert [trial.back for trial in plan.trials] == [False, *[True] * 7, False, *[True] * 9]


def paged_plan(page: int) -> QuestionnairePlan:
    daily = PROTOCOL.questionnaires["daily"].model_copy(update={"page": page})
    protocol = PROTOCOL.model_copy(update={"questionnaires": {"daily": daily}})
    return plan_questionnaire(PlanInputs(protocol, "daily", KitIndex("", ()), "01", "012", 7))


def test_pages_are_full_and_keep_apart_what_is_asked_by_a_rule_or_has_a_screen_of_its_own() -> None:
    pages = [trial.page for trial in paged_plan(4).trials]
    assert pages == [1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 5]  # met, if so how good, with whom of a list
    assert [trial.page for trial in plan_of("daily").trials] == list(range(1, 12))
    assert [len(screen.page) for screen in items_of(paged_plan(4)) if isinstance(screen, Item)] == [
        *[4] * 8,
        *[0] * 3,
    ]


@given(st.data(), st.sampled_from([1, 3, 6]))
def test_going_back_about_a_page_and_by_rules_never_loses_the_way(
    data: st.DataObject, page: int
) -> None:
    plan = paged_plan(page)
    places = {trial.item: trial for trial in plan.trials}
    known = {still(screen) for screen in items_of(plan)}
    task = questionnaire(plan)
    step = next(task)
    answers: dict[str, int] = {}
    markers: list[str | None] = []
    assert step.screen == Page("questionnaires.daily")
    step = task.send(Outcome(0.0, 1.0, Response(None, 1.0, confirmed=True)))
    while isinstance(screen := step.screen, Item):
        item = screen.rating
        assert still(screen) in known
        assert screen.given == answers.get(item)
        assert all(row.given == answers.get(row.rating) for row in screen.page)
        markers.append(step.marker)
        ways = [*([-1] if screen.back else []), *screen.others] if len(markers) < 30 else []
        way = data.draw(st.sampled_from([None, *ways])) if ways else None
        if way is not None:
            gone = Response(None, 1.0, True, back=way < 0, goes_to=None if way < 0 else way)
            step = task.send(Outcome(0.0, 1.0, gone))
            earlier = [t for t in plan.trials[: screen.number - 1] if t.asked(answers)]
            assert step.trial == (earlier[-1].number if way < 0 else way)
            continue
        span = PROTOCOL.scales[item]
        value = data.draw(st.integers(span.lowest, span.highest))
        answers[item] = value
        if item == "daily.met" and value == 0:
            answers.pop("daily.met_good", None)
        step = task.send(Outcome(0.0, 1.0, Response(value, 1.0, confirmed=True)))
        if isinstance(step.screen, Item) and places[step.screen.rating].page > places[item].page:
            assert all(row.rating in answers for row in screen.page)
    assert markers == ["run_start"] + ["item"] * (len(markers) - 1)
    assert step.marker == "run_end"
    hidden = set() if answers["daily.met"] == 1 else {"daily.met_good"}
    assert set(answers) == set(places) - hidden
    with pytest.raises(StopIteration):
        task.send(Outcome(0.0, 1.0))


def test_time_that_runs_out_makes_no_answer_and_takes_none_back() -> None:
    plan = paged_plan(1)
    task = questionnaire(plan)
    next(task)
    step = task.send(Outcome(0.0, 1.0, Response(None, 1.0, confirmed=True)))
    header = {
        "protocol": {"tasks": {"daily": {"kind": "questionnaire"}}},
        "plans": {"daily": to_plain(plan)},
    }
    events: list[dict[str, Any]] = [{"type": "run_begin", "task": "daily", "run": 1}]
    late, back = Response(2, 30.0, confirmed=False), Response(None, 1.0, True, back=True)
    ways = (
        *(Response(6, 1.0, confirmed=True), Response(5, 1.0, confirmed=True), back, back),
        *(late, None),  # moved and not touched, both answered before
        *(late, None),  # moved and not touched, for the first time
    )
    for n, response in enumerate((*ways, *[Response(1, 1.0, confirmed=True)] * 7)):
        outcome = Outcome(0.0, 1.0, response)
        events += [{"type": "step", "n": n, "step": to_plain(step)}]
        events += [{"type": "outcome", "n": n, "outcome": to_plain(outcome)}]
        step = task.send(outcome)
    assert step.marker == "run_end"
    (filled,) = filled_in(SessionLog(Path("x.jsonl"), header, events, False, None, ""))
    assert list(filled.answers.values()) == [6, 5, None, None, *[1] * 7]
