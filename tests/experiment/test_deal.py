from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.examples import EXAMPLE
from experiment.kit import Condition, IndexedMessage, KitIndex
from experiment.kit.reading import Length
from experiment.plans.balance import balance, compare, smd
from experiment.plans.deal import Deal, deal
from experiment.plans.kit_check import check_kit
from experiment.plans.messages import plan_messages
from experiment.plans.plan import PlanInputs
from experiment.plans.sharing import cells_of, shortfall
from experiment.plans.shown import Shown
from experiment.protocol import Protocol, load_protocol

PROTOCOL, _ = load_protocol(EXAMPLE / "study.yaml")
Shares = dict[str, tuple[int, int | None]]


def crossover(shares: Shares, sessions: int = 2) -> Protocol:
    """Return a study whose sessions all show messages in the lab, so many of each condition."""
    data = PROTOCOL.model_dump(mode="json")
    task = data["tasks"]["messageslab"]
    task["messages"] = {c: {"total": n, "per_writer": most} for c, (n, most) in shares.items()}
    task["order"] = {"max_same_condition": 200, "writer_twice_in_a_row": True}
    data["daily"] = None
    data["sessions"] = {f"{i + 1:02d}": {"tasks": ["messageslab"]} for i in range(sessions)}
    return Protocol.model_validate(data)


def message(number: int, writer: str, condition: Condition, length: int) -> IndexedMessage:
    return IndexedMessage(
        f"m{number:03d}", writer, condition, "en", length, Length(1 + length // 5, 0)
    )


def kit(lengths: dict[tuple[str, Condition], list[int]]) -> KitIndex:
    found = [(w, c, n) for (w, c), several in lengths.items() for n in several]
    return KitIndex("", tuple(message(i, *each) for i, each in enumerate(found)))


def people(count: int, each: int, condition: Condition = "kind", letter: str = "w") -> KitIndex:
    """Return a kit of people who write messages of very different lengths."""
    return kit(
        {
            (f"{letter}{i:02d}", condition): [12 + (i * 37 + j * 53) % 180 for j in range(each)]
            for i in range(count)
        }
    )


def both(first: KitIndex, second: KitIndex) -> KitIndex:
    moved = tuple(
        replace(m, message_id=f"n{i:03d}") for i, m in enumerate(second.messages, start=1)
    )
    return KitIndex("", first.messages + moved)


@st.composite
def kits(draw: st.DrawFn) -> KitIndex:
    conditions: tuple[Condition, ...] = ("kind", "neutral", "stranger")
    lengths: dict[tuple[str, Condition], list[int]] = {}
    for condition in conditions:
        for i in range(draw(st.integers(0, 5))):
            writer = f"{'s' if condition == 'stranger' else 'w'}{i:02d}"
            lengths[writer, condition] = draw(st.lists(st.integers(1, 250), min_size=1, max_size=6))
    return kit(lengths)


SHARE = st.tuples(st.integers(1, 8), st.one_of(st.none(), st.integers(1, 3)))
SHARES = st.dictionaries(st.sampled_from(["kind", "neutral", "stranger"]), SHARE, min_size=1)


def rules_are_obeyed(dealt: Deal) -> None:
    shown = [m.message_id for messages in dealt.values() for m in messages]
    assert len(shown) == len(set(shown))
    for cell, messages in dealt.items():
        assert {m.condition for m in messages} <= {cell.condition}
        assert len(messages) <= cell.total
        by_writer = Counter(m.writer_id for m in messages)
        assert cell.per_writer is None or all(n <= cell.per_writer for n in by_writer.values())


@settings(max_examples=150, deadline=None)
@given(kits(), SHARES, st.integers(1, 3))
def test_no_message_comes_twice_and_no_limit_is_passed(
    index: KitIndex, shares: Shares, sessions: int
) -> None:
    protocol = crossover(shares, sessions)
    dealt = deal(protocol, index, "012")
    rules_are_obeyed(dealt)
    short = {m.cell: m.found for m in shortfall(protocol, index)}
    assert {cell: len(messages) for cell, messages in dealt.items()} == {
        cell: short.get(cell, cell.total) for cell in cells_of(protocol)
    }


@settings(max_examples=150, deadline=None)
@given(kits(), SHARES, st.integers(1, 3))
def test_what_is_asked_for_is_just_enough(index: KitIndex, shares: Shares, sessions: int) -> None:
    protocol = crossover(shares, sessions)
    missing = shortfall(protocol, index)
    more: list[IndexedMessage] = []
    for m in missing:
        assert m.found + sum(count for _, count in m.ask) + m.others == m.cell.total
        assert all(w in {x.writer_id for x in index.messages} for w, _ in m.ask)
        writers = [writer for writer, count in m.ask for _ in range(count)]
        # New people give one each, or as many as one may where that is more.
        writers += [f"new-{m.cell.session}-{m.cell.condition}-{i}" for i in range(m.others)]
        more += [
            replace(message(0, writer, m.cell.condition, 50), message_id=f"x{len(more) + i}")
            for i, writer in enumerate(writers)
        ]
    full = KitIndex("", index.messages + tuple(more))
    assert shortfall(protocol, full) == ()
    rules_are_obeyed(deal(protocol, full, "012"))
    for left_out in range(len(more)):
        less = tuple(m for i, m in enumerate(more) if i != left_out)
        assert shortfall(protocol, KitIndex("", index.messages + less)) != ()


@settings(max_examples=100, deadline=None)
@given(kits(), SHARES)
def test_writers_share_as_evenly_as_they_can(index: KitIndex, shares: Shares) -> None:
    protocol = crossover(shares, sessions=1)
    dealt = deal(protocol, index, "012")
    shown = {m.message_id for messages in dealt.values() for m in messages}
    for cell, messages in dealt.items():
        count = Counter(m.writer_id for m in messages)
        idle = [
            m.writer_id
            for m in index.messages
            if m.condition == cell.condition and m.message_id not in shown
        ]
        assert all(count[writer] >= max(count.values()) - 1 for writer in idle if count)


@settings(max_examples=60, deadline=None)
@given(kits(), SHARES, st.integers(0, 2**40))
def test_a_sessions_seed_changes_the_order_and_never_the_messages(
    index: KitIndex, shares: Shares, seed: int
) -> None:
    protocol = crossover(shares)
    if shortfall(protocol, index):
        return
    shown = [
        {
            t.message_id
            for t in plan_messages(
                PlanInputs(protocol, "messageslab", index, session, "012", any_seed)
            ).trials
        }
        for session in ("01", "02")
        for any_seed in (seed, protocol.seed)
    ]
    assert shown[0] == shown[1]
    assert shown[2] == shown[3]
    assert not shown[0] & shown[2]


def distance(dealt: Deal) -> float:
    """Return the mean of the absolute standardised differences."""
    return mean(abs(c.smd) for c in compare(dealt, PROTOCOL.kit.reading) if c.smd is not None)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(8, 250), min_size=24, max_size=24),
    st.lists(st.integers(8, 250), min_size=24, max_size=24),
)
def test_matched_sets_are_more_alike_than_those_of_chance(a: list[int], b: list[int]) -> None:
    kind = {(f"w{i:02d}", "kind"): a[4 * i : 4 * i + 4] for i in range(6)}
    stranger = {(f"s{i:02d}", "stranger"): b[4 * i : 4 * i + 4] for i in range(6)}
    index = kit({**kind, **stranger})  # type: ignore[dict-item]
    protocol = crossover({"kind": (6, 1), "stranger": (6, 1)})
    matched = distance(deal(protocol, index, "012"))
    by_chance = [distance(deal(protocol, index, f"{i}", matched=False)) for i in range(20)]
    assert matched <= mean(by_chance)


@pytest.mark.parametrize("control", ["neutral", "stranger"])
def test_both_sets_of_a_crossover_and_their_controls_are_matched(control: Condition) -> None:
    letter = "s" if control == "stranger" else "w"
    index = both(people(8, 12), people(8, 12, control, letter))
    protocol = crossover({"kind": (16, 2), control: (16, 2)})
    found = balance(protocol, index, "012")
    pairs = {tuple((s.session, s.condition) for s in c.sets) for c in found}
    assert pairs == {
        (("01", "kind"), ("01", control)),
        (("02", "kind"), ("02", control)),
        (("01", "kind"), ("02", "kind")),
        (("01", control), ("02", control)),
    }
    assert all(c.smd is not None and abs(c.smd) < 0.02 for c in found)


def test_the_same_people_write_in_both_sessions() -> None:
    dealt = deal(crossover({"kind": (6, 1)}), people(8, 12), "012")
    first, second = ({m.writer_id for m in messages} for messages in dealt.values())
    assert first == second


def test_long_messages_of_strangers_are_matched_by_the_longest_of_friends() -> None:
    friends: dict[tuple[str, Condition], list[int]] = {
        (f"w{i}", "kind"): [20, 200] for i in range(4)
    }
    strangers: dict[tuple[str, Condition], list[int]] = {("s0", "stranger"): [200] * 4}
    index = kit({**friends, **strangers})
    protocol = crossover({"kind": (4, 1), "stranger": (4, None)}, sessions=1)
    (comparison, _) = balance(protocol, index, "012")
    assert comparison.means == (200.0, 200.0)
    assert comparison.smd == 0.0


def test_the_difference_is_that_of_the_formula() -> None:
    # Means 4 and 6, sample variances 4 and 4: -2 / sqrt(4).
    assert smd([2, 4, 6], [4, 6, 8]) == -1.0
    assert smd([3, 3], [3, 3]) == 0.0
    assert smd([3, 3], [4, 4]) is None
    assert smd([3], [4, 5]) is None


def test_the_deal_is_the_same_on_every_machine() -> None:
    index = both(people(8, 12), people(8, 12, "neutral"))
    dealt = deal(crossover({"kind": (6, 1), "neutral": (6, 1)}), index, "012")
    shown = [" ".join(sorted(m.message_id for m in ms)) for ms in dealt.values()]
    assert shown == GOLDEN


GOLDEN = [
    "m006 m013 m031 m052 m064 m089",
    "n008 n024 n029 n050 n064 n086",
    "m002 m020 m033 m049 m063 m088",
    "n007 n022 n027 n055 n072 n088",
]


def test_what_is_missing_names_session_task_condition_and_writers() -> None:
    protocol = crossover({"kind": (3, 1), "stranger": (2, 1)})
    index = kit(
        {
            ("w01", "kind"): [30, 40],
            ("w02", "kind"): [35],
            ("w03", "neutral"): [20],
            ("s01", "stranger"): [30],
            ("s02", "stranger"): [30],
        }
    )
    lines = check_kit(protocol, index, "012").lines()
    assert [line for line in lines if line.startswith("missing")] == [
        "missing: session 01, task messageslab: 1 kind message missing (3 needed, 2 there); get 1 "
        "more by w03",
        "missing: session 02, task messageslab: 2 kind messages missing (3 needed, 1 there); get 1 "
        "more by w02, 1 more by w03",
        "missing: session 02, task messageslab: 2 stranger messages missing (2 needed, 0 there); "
        "get 2 by people who are not in the kit yet (at most 1 by each)",
    ]


def test_a_kit_whose_order_cannot_be_is_told_too() -> None:
    protocol = crossover({"kind": (3, None)}, sessions=1)
    data = protocol.model_dump(mode="json")
    data["tasks"]["messageslab"]["order"]["writer_twice_in_a_row"] = False
    checked = check_kit(Protocol.model_validate(data), kit({("w01", "kind"): [9, 8, 7]}), "012")
    assert checked.against == checked.impossible
    assert checked.missing == ()
    assert "session 01: task 'messageslab': no order of its 3 messages" in checked.impossible[0]


def test_sets_beyond_the_protocols_limit_are_marked() -> None:
    index = both(
        kit({(f"w{i}", "kind"): [100 + i] for i in range(4)}),
        kit({(f"s{i}", "stranger"): [20 + i] for i in range(4)}),
    )
    checked = check_kit(crossover({"kind": (4, 1), "stranger": (4, 1)}, 1), index, "012")
    assert checked.against == ()
    assert all(line.endswith("(beyond 0.25)") for line in checked.lines())


def test_a_run_is_refused_only_for_what_it_lacks_itself() -> None:
    protocol, index = crossover({"kind": (4, 1)}), people(4, 1)
    plan_messages(PlanInputs(protocol, "messageslab", index, "01", "012", 1))
    with pytest.raises(BadInput, match="session 02, task messageslab: 4 kind messages missing"):
        plan_messages(PlanInputs(protocol, "messageslab", index, "02", "012", 1))


def test_the_plan_holds_the_balance_of_its_run() -> None:
    index = both(people(8, 12), people(8, 12, "neutral"))
    protocol = crossover({"kind": (6, 1), "neutral": (6, 1)}, sessions=3)
    plan = plan_messages(PlanInputs(protocol, "messageslab", index, "02", "012", 1))
    assert len(plan.balance) == 2 * (1 + 2 * 2)  # its two conditions; each with two sessions'
    assert all("02" in {s.session for s in c.sets} for c in plan.balance)


def test_cells_do_not_depend_on_the_order_in_a_file() -> None:
    protocol = crossover({"kind": (4, 1)})
    turned = {
        **protocol.model_dump(mode="json"),
        "sessions": {"02": {"tasks": ["messageslab"]}, "01": {"tasks": ["messageslab"]}},
    }
    assert cells_of(Protocol.model_validate(turned)) == cells_of(protocol)


@settings(max_examples=80, deadline=None)
@given(kits(), SHARES, st.data())
def test_what_was_shown_never_comes_again_whatever_was_changed_since(
    index: KitIndex, shares: Shares, data: st.DataObject
) -> None:
    protocol = crossover(shares)
    first = [m for c, ms in deal(protocol, index, "012").items() if c.session == "01" for m in ms]
    repeated = data.draw(st.booleans())  # the first session is set aside, and done again
    shown = (Shown("01", "messageslab", tuple(m.message_id for m in first), set_aside=repeated),)
    gone = data.draw(st.sets(st.sampled_from([m.message_id for m in index.messages] or [""])))
    less = KitIndex("", tuple(m for m in index.messages if m.message_id not in gone))
    other = crossover(data.draw(SHARES))
    dealt = deal(other, less, "012", shown)
    later = {c: ms for c, ms in dealt.items() if c.session == "02"}
    assert not {m.message_id for ms in later.values() for m in ms} & set(shown[0].message_ids)
    rules_are_obeyed(dealt if repeated else later)
    short = {m.cell: m.found for m in shortfall(other, less, shown)}
    assert {c: len(ms) for c, ms in (dealt if repeated else later).items()} == {
        c: short.get(c, c.total) for c in cells_of(other) if repeated or c.session == "02"
    }
    if repeated and other == protocol:
        had = {m.message_id for m in first} - gone
        assert had <= {m.message_id for c, ms in dealt.items() if c.session == "01" for m in ms}


def test_a_second_session_is_matched_to_what_the_first_one_showed() -> None:
    protocol, index = crossover({"kind": (6, 1)}), people(8, 12)
    short = [m for m in index.messages if m.characters < 60]
    by_writer = {m.writer_id: m.message_id for m in short}
    shown = (Shown("01", "messageslab", tuple(list(by_writer.values())[:6])),)
    length, _ = balance(protocol, index, "012", shown)
    assert length.means[0] < 60
    assert length.smd is not None
    assert abs(length.smd) < 0.1
    dealt = list(deal(protocol, index, "012", shown).values())
    assert {m.writer_id for m in dealt[0]} == {m.writer_id for m in dealt[1]}
    assert tuple(sorted(m.message_id for m in dealt[0])) == tuple(sorted(shown[0].message_ids))


def test_pairs_are_compared_once() -> None:
    found = balance(crossover({"kind": (3, 1)}, sessions=3), people(5, 5), "012")
    pairs = [tuple(s.session for s in c.sets) for c in found if c.measure == "characters"]
    assert pairs == list(combinations(["01", "02", "03"], 2))
