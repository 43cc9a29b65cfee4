"""Cyberball: what can't be played, or can't keep its promise, is refused before the session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.games import changed, planned
from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.protocol import LabCyberball, ScannerCyberball, load_protocol
from tests.experiment.games import LAB, SCAN, SCANOUT, game


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("games") / "study"
    make_study(folder, "cyberball")
    return folder / "study.yaml"


@pytest.fixture
def study_file(whole_file: Path) -> Iterator[Path]:
    """Give the preset's protocol, to be edited; it is as it was afterwards."""
    text = whole_file.read_text("utf-8")
    yield whole_file
    whole_file.write_text(text, "utf-8")


FAIR = "schedule: {kind: {value: fair, source: L5}, of: 30, longest_without: 6}"


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        (FAIR, FAIR.replace("30", "29"), "included.rounds.0.schedule.of",
         "29 throws can't be shared evenly by 3 players; for example 30 can"),
        (FAIR, FAIR.replace("30", "9"), "included.rounds.0.schedule.of",
         "the round has 30 throws, which is no multiple of 9"),
        (FAIR, FAIR.replace("6}", "1}"), "included.rounds.0.schedule",
         "10 of 30 throws can't go to the participant, with at most 1 throws in a row to others"),
        (FAIR, "schedule: {kind: over_inclusion, receipts: 10, of: 30, longest_without: none}",
         "included.rounds.0.schedule.receipts",
         "10 of 30 throws is 33.3%; over_inclusion is more than an equal share, 33.3%"),
        (FAIR, "schedule: {kind: over_inclusion, receipts: 16, of: 30, longest_without: none}",
         "included.rounds.0.schedule", "16 of 30 throws can't go to the participant: nobody gets"),
        (FAIR, "schedule: {kind: partial_exclusion, receipts: 11, of: 30, longest_without: none}",
         "included.rounds.0.schedule.receipts", "partial_exclusion is less than an equal share"),
        ("          within: 8\n", "          within: 30\n", "excluded.rounds.0.schedule.within",
         "of 30 throws, 30 are before the exclusion: none is left for it"),
        ("          within: 8\n", "          within: 2\n", "excluded.rounds.0.schedule",
         "2 of 2 throws can't go to the participant"),
        (FAIR, "schedule: {kind: lists, players: {1: [0, 1], 2: [0]}, excludes: false}",
         "included.rounds.0.schedule.players.1.1", "player 1 can throw to 0, 2, not to 1"),
        (FAIR, "schedule: {kind: lists, players: {1: [0, 2]}, excludes: false}",
         "included.rounds.0.schedule.players", "needs players 1 to 2, found 1"),
        (FAIR, "schedule: {kind: table, to: {1: {0: 0.5, 2: 0.4}, 2: {0: 1}}}",
         "included.rounds.0.schedule.to.1", "probabilities of player 1 add up to 0.9, not to 1"),
        (FAIR, "schedule: {kind: table, to: {1: {0: 0.5, 3: 0.5}, 2: {0: 1}}}",
         "included.rounds.0.schedule.to.1.3", "player 1 can throw to 0, 2, each with"),
        ("throws: {value: 30, source: L5}\n    timing: &timing",
         "throws: 30\n        seconds: 60\n    timing: &timing",
         "included.rounds.0", "a round ends by throws or by seconds; give one of the two"),
        ("condition: included\n        schedule: {kind: {value: fair, source: L5}, of: 30",
         "condition: watch\n        schedule: {kind: {value: fair, source: L5}, of: 30",
         "included.rounds.0", "condition watch and a schedule of kind watch go together"),
        ("{player: 2, text", "{player: 3, text", "included.lobby.chat.0.player",
         "there are 2 others, no player 3"),
        ("text: cyberball.chat.hi}", "text: cyberball.chat.hey}", "language",
         "texts/en.yaml lacks 'cyberball.chat.hey', task 'included' needs it"),
        ("reminder: 8.0 ", "reminder: 15.0 ", "included.choice",
         "the reminder (15 s) comes before the limit (15 s)"),
        ("limit: 6.0, reminder: 3.5", "limit: none, reminder: 3.5", "scanincluded.rounds.0.seconds",
         "a round that ends by seconds needs a choice.limit"),
        ("turning: 0.3              #", "turning: 0.7 #", "included.timing",
         "the shortest delay (0.6 s) is longer than turning (0.7 s)"),
        ("arriving: &arriving {median: 4.0", "arriving: &arriving {median: 0.4",
         "included.lobby.arriving", "the median (0.4 s) lies between shortest (1.5 s)"),
        ("among: none               #", "among: [p43] #", "included.players",
         "2 players can't be drawn from 1 profiles"),
        ("among: none               #", "among: [p43, p43] #", "included.players.among",
         "name each profile once"),
        ("        seconds: 36\n      - *fair", "        throws: 12\n      - *fair",
         "scanincluded.rounds", "in the scanner each round ends by seconds, not by throws"),
        ("  folder: none  ", "  folders: none  ", "profiles.folders", "no such field"),
        ("afterexcluded, debriefing]\n\nprofiles", "afterexcluded]\n\nprofiles",
         "sessions.scanner.tasks",
         "the players of a ball game are made up: the last session ends with a task of kind pages"),
        ("  exclusion_begins: 88\n", "", "markers", "needs a code for 'exclusion_begins'"),
    ],
)  # fmt: skip
def test_a_protocol_that_can_t_be_played_is_refused_with_its_place(
    study_file: Path, old: str, new: str, place: str, problem: str
) -> None:
    text = study_file.read_text("utf-8")
    assert old in text
    study_file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BadInput) as refused:
        load_protocol(study_file)
    assert problem in str(refused.value)
    assert re.search(rf"study\.yaml:\d+: (tasks\.)?{re.escape(place)}: ", str(refused.value))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (game(kind="lists", players={1: (0,), 2: (0, 1)}, excludes=False),
         "round 1: the list of player"),
        (game("excluded", kind="lists", players={1: (0,) * 30, 2: (0,) * 30}, excludes=True),
         "the exclusion may never begin"),
        (changed(LAB, players={"count": 2, "among": ("p43", "w99")}),
         "players.among: the profile set has no profile 'w99'"),
        (changed(LAB, players={"count": 2, "among": ("p43", "n01")}),
         "players.among: the profile set has no profile 'n01'"),
        (changed(SCANOUT, rounds=[{"condition": "excluded", "seconds": 20,
                                   "schedule": {"kind": "ostracism", "receipts": 3, "within": 9}}]),
         "the exclusion may not begin in time"),
        (changed(SCANOUT, rounds=[{"condition": "excluded", "seconds": 36, "schedule":
                                   {"kind": "ostracism", "receipts": 2, "within": 100}}]),
         "its receipts are drawn within 100 throws, and in 36 s there are at most"),
        (changed(SCAN, rounds=[{"condition": "included", "seconds": 2.5,
                                "schedule": {"kind": "fair", "of": 3, "longest_without": None}}]),
         "no throw is sure to be made in its 2.5 s"),
        (changed(SCAN, rounds=[{"condition": "included", "seconds": 0.2,
                                "schedule": {"kind": "fair", "of": 3, "longest_without": None}}]),
         "no throw is sure to be made in its 0.2 s"),
    ],
)  # fmt: skip
def test_a_game_that_can_t_keep_its_promise_is_refused_before_the_session(
    spec: LabCyberball | ScannerCyberball, problem: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(problem)):
        planned(spec, 1)


def test_an_exclusion_that_one_way_through_a_timed_round_never_reaches_is_refused() -> None:
    """Where 2 doesn't begin, 2 may never have the ball, and always go on to give it."""
    lists = {1: (0,) + (3,) * 39, 2: (0,) + (1,) * 39, 3: (1,) * 40}
    schedule = {"kind": "lists", "players": lists, "excludes": True}
    spec = changed(
        SCANOUT,
        players={**SCANOUT.players.model_dump(), "count": 3},
        rounds=[{"condition": "excluded", "seconds": 36, "schedule": schedule}],
    )
    begin = set()
    for seed in range(16):
        with suppress(BadInput):
            begin.add(planned(spec, seed).trials[0].script.first)
    assert begin == {2}


def test_an_exclusion_that_can_t_be_thrown_in_time_is_refused() -> None:
    """A throw that can't land before the calm end of a round isn't made."""

    def lasting(seconds: float) -> ScannerCyberball:
        schedule = {"kind": "ostracism", "receipts": 1, "within": 2}
        rounds = [{"condition": "excluded", "seconds": seconds, "schedule": schedule}]
        spec: ScannerCyberball = changed(SCANOUT, rounds=rounds)
        return spec

    latest = planned(lasting(60.0), 1).trials[0].foreseen.latest_exclusion
    assert latest is not None
    with pytest.raises(BadInput, match="the exclusion may not begin in time"):
        planned(lasting(round(latest + SCANOUT.timing.settle / 2, 3)), 1)


def test_a_study_whose_texts_lack_one_is_told_what_to_add(tmp_path: Path) -> None:
    make_study(tmp_path / "study", "cyberball")
    texts = tmp_path / "study" / "texts" / "en.yaml"
    text = texts.read_text("utf-8")
    line = "players_here: All players are here\n"
    assert line in text
    texts.write_text(text.replace(line, ""), "utf-8")
    with pytest.raises(BadInput) as refused:
        load_protocol(tmp_path / "study" / "study.yaml")
    assert str(refused.value).endswith(
        "language: texts/en.yaml lacks 'players_here', task 'included' needs it; add it, a new "
        "study has there: All players are here"
    )
