"""Simulated studies whose truth is known: people, their ratings, and the logs of whole studies.

The published figures are means and SDs of participants (Inagaki et al. 2019: close others 4.671,
0.871; strangers 1.966, 0.720; F(1, 76) = 612.6 between them). People are drawn so that ratings *on
the scale*, rounded and cut off at its ends, have these figures. How much single answers, and
sessions of the same person, vary is not published: lab defaults below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from analysis.science.arms import Arms, Given
from analysis.science.gather import frame_of
from benchmarks.studies import WORDS
from experiment.blinding.making import make_allocation, receive_allocation
from experiment.blinding.sealed_list import read_sealed_list
from experiment.blinding.sealing import make_keys, read_private
from experiment.blinding.unblinding import Key, unblind_all
from experiment.chance import Dice, dice
from experiment.examples import make_study
from experiment.kit import Kit, KitMessage, Writer, save_kit
from experiment.kit.decisions import accepting, record
from experiment.register import open_register
from experiment.register.changes import enrol
from experiment.robot import TEMPERS, Temper, wish
from experiment.screens import ScaleRange
from experiment.session import SessionRequest, prepare
from experiment.session import run as run_session
from experiment.study import open_study

if TYPE_CHECKING:
    from pandas import DataFrame

PUBLISHED = {"kind": (4.671, 0.871), "stranger": (1.966, 0.720)}  # L2: M and SD of participants
F_PUBLISHED = 612.6  # L2: close others against strangers, F(1, 76)
TRIAL_SD, SESSION_SD = 1.0, 0.3  # lab defaults
TWO_KINDS_SD = 0.5  # of one kind in one session beside the other, where a crossover has two
SCALE = ScaleRange(1, 7)
ARM_NAMES = {"A": "placebo", "B": "naltrexone"}
_WHEN = "2026-09-20T08:00:00+00:00"


@dataclass(frozen=True)
class Truth:
    """A study to simulate.

    Parameters
    ----------
    preset : str
        ``inagaki2016`` (crossover, kind messages) or ``inagaki2019`` (parallel, strangers too).
    people : int
    effect : float
        Of the drug on ratings of kind messages, in points of the scale: 0 for none.
    two_kinds : bool
        Whether a crossover shows strangers' messages too, as it lets people hold two objects: each
        kind then varies from session to session in a way of its own. Drawn straight only.
    """

    preset: str
    people: int
    effect: float
    two_kinds: bool = False

    @property
    def crossover(self) -> bool:
        """Whether each participant has both arms."""
        return self.preset == "inagaki2016"

    @property
    def messages(self) -> Mapping[str, int]:
        """How many of each kind a session shows."""
        if self.crossover:
            return {"kind": 6, "stranger": 6} if self.two_kinds else {"kind": 6}
        return {"kind": 24, "stranger": 24}

    @property
    def sequences(self) -> tuple[str, str]:
        """What can be drawn for a participant."""
        return ("AB", "BA") if self.crossover else ("A", "B")

    @property
    def misses(self) -> float:
        """The share of timed questions that are left without an answer."""
        return 0.0 if self.crossover else TEMPERS["typical"].misses

    def expected(self, what: str) -> float:
        """Return the true value of an estimate of the models, by its name."""
        contrast = PUBLISHED["kind"][0] - PUBLISHED["stranger"][0]
        return {
            "naltrexone − placebo": self.effect / len(self.messages),
            "naltrexone − placebo: kind": self.effect,
            "naltrexone − placebo: stranger": 0.0,
            "kind − stranger": contrast + self.effect / 2,
            "(naltrexone − placebo) × (kind − stranger)": self.effect,
        }[what]


@dataclass(frozen=True)
class Person:
    """What a person would rate at the middle, on a scale without ends, by kind of message."""

    middle: Mapping[str, float]

    def temper(self, session: Mapping[str, float], shift: float, misses: float) -> Temper:
        """Return a robot's temper for one session.

        Parameters
        ----------
        session : mapping of str to float
            How much higher this person rates each kind of message in this session.
        shift : float
            How much higher they rate kind messages with what they were given.
        misses : float
        """
        rating = {
            kind: (middle + session[kind] + (shift if kind == "kind" else 0.0), TRIAL_SD)
            for kind, middle in self.middle.items()
        }
        typical = TEMPERS["typical"]
        return replace(typical, rating={**typical.rating, **rating}, misses=misses)


# --- people --------------------------------------------------------------------------------------


@cache
def _on_scale() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return middles (1-d), and mean and variance of a single answer on the scale at each."""
    middles = np.linspace(-6.0, 14.0, 2001)
    points = np.arange(SCALE.lowest, SCALE.highest + 1)
    edges = np.concatenate([[-np.inf], points[:-1] + 0.5, [np.inf]])
    shares = np.diff(stats.norm.cdf((edges[None, :] - middles[:, None]) / TRIAL_SD), axis=1)
    means = shares @ points
    return middles, means, shares @ points**2 - means**2


def _seen(middle: float, sd: float, answers: int) -> tuple[float, float]:
    """Return mean and SD of participants' means on the scale, where their middles are normal."""
    middles, means, variances = _on_scale()
    weights = stats.norm.pdf(middles, middle, sd)
    weights /= weights.sum()
    mean = float(weights @ means)
    spread = weights @ (means - mean) ** 2 + (weights @ variances) / answers
    return mean, float(np.sqrt(spread))


@cache
def _middle(kind: str, mean: float, answers: int) -> tuple[float, float]:
    """Return mean and SD of people's middles (sessions in it) that give the published figures."""

    def off(at: np.ndarray) -> np.ndarray:
        seen = _seen(at[0], math.exp(at[1]), answers)
        return np.array([seen[0] - mean, seen[1] - PUBLISHED[kind][1]])

    found = optimize.root(off, np.array([mean, math.log(0.7)]))
    if not found.success:
        raise RuntimeError(f"no people with such ratings of {kind}: {found.message}")
    return float(found.x[0]), math.exp(float(found.x[1]))


@cache
def _shift(effect: float, answers: int) -> float:
    """Return the shift of middles that changes the mean on the scale by an effect."""
    mean = PUBLISHED["kind"][0]
    middle, sd = _middle("kind", mean, answers)
    low, high = middle - 4.0, middle + 4.0

    def off(at: float) -> float:
        return _seen(at, sd, answers)[0] - (mean + effect)

    return float(optimize.brentq(off, low, high, xtol=1e-9)) - middle


@cache
def _together() -> float:
    """Return the correlation of a person's ratings of close others and of strangers.

    F = (difference of means)^2 / (variance of differences / participants), two arms of 78.
    """
    (m1, s1), (m2, s2) = PUBLISHED["kind"], PUBLISHED["stranger"]
    variance = 78 * (m1 - m2) ** 2 / F_PUBLISHED
    return (s1**2 + s2**2 - variance) / (2 * s1 * s2)


def draw_person(truth: Truth, die: Dice) -> Person:
    """Draw a person."""
    shared = die.normal()
    r = _together()
    middle = {}
    for place, (kind, answers) in enumerate(truth.messages.items()):
        own = shared if place == 0 else r * shared + math.sqrt(1 - r * r) * die.normal()
        mean, sd = _middle(kind, PUBLISHED[kind][0], answers)
        of_sessions = SESSION_SD**2 + (TWO_KINDS_SD**2 if truth.two_kinds else 0.0)
        middle[kind] = mean + math.sqrt(sd**2 - of_sessions) * own
    return Person(middle)


def _tempers(truth: Truth, sequence: str, die: Dice) -> list[Temper]:
    """Draw a person, and return how they answer in each of their sessions."""
    person = draw_person(truth, die)
    shift = _shift(truth.effect, truth.messages["kind"]) if truth.effect else 0.0
    return [
        person.temper(_session(truth, die), shift if arm == "B" else 0.0, truth.misses)
        for arm in sequence
    ]


def _session(truth: Truth, die: Dice) -> dict[str, float]:
    """Draw how much higher each kind of message is rated in a session."""
    shared = SESSION_SD * die.normal()
    if not truth.two_kinds:
        return dict.fromkeys(truth.messages, shared)
    return {kind: shared + TWO_KINDS_SD * die.normal() for kind in truth.messages}


# --- a study straight from the robot's model -----------------------------------------------------


def ratings_of(truth: Truth, seed: int) -> tuple[DataFrame, Arms]:
    """Draw a study's table of answers from the robot's own model, without its sessions.

    Returns
    -------
    DataFrame, Arms
        The table as `analysis.science.gather` makes it from logs.
    """
    rows: list[tuple[object, ...]] = []
    given: dict[tuple[str, str], Given] = {}
    die = dice(seed, "simulated study")
    half = [truth.sequences[n % 2] for n in range(truth.people)]
    for number, sequence in enumerate(die.shuffled(half), start=1):
        label = f"{number:03d}"
        tempers = _tempers(truth, sequence, die)
        for period, (arm, temper) in enumerate(zip(sequence, tempers, strict=True), start=1):
            session = f"{period:02d}"
            given[(label, session)] = Given(ARM_NAMES[arm], sequence, period)
            for kind, count in truth.messages.items():
                for trial in range(1, count + 1):
                    missed = temper.misses > 0 and die.uniform() < temper.misses
                    value = None if missed else wish(temper, kind, SCALE, die)
                    rows.append(
                        (label, session, "messages", trial, kind, None, None, "connection", value)
                        + ((None, None) if missed else (1.0, True))
                    )
    return frame_of(rows), Arms(given)


# --- a study by way of plan, session and log -----------------------------------------------------


def whole_study(folder: Path, truth: Truth, seed: int) -> tuple[Path, Path]:
    """Run a whole study with robots: sealed list, enrolment, kits, sessions, unblinding.

    Returns
    -------
    Path, Path
        The study's folder, and the table of arms that ``unblind --all`` wrote.
    """
    place = folder / "study"
    make_study(place, truth.preset)
    protocol = place / "study.yaml"
    text = protocol.read_text("utf-8").replace("name: inagaki", f"name: simulated{seed}-inagaki")
    protocol.write_text(text, "utf-8")
    study = open_study(place)
    private, public = folder / "private.pem", folder / "public.pem"
    make_keys(private, public, None)
    sealed, packing = folder / "sealed.json", folder / "packing.tsv"
    make_allocation(study, public, ARM_NAMES, sealed, packing, rehearsal=True, seed=seed)
    receive_allocation(study, sealed, "SIM", rehearsal=True)
    listed, key = read_sealed_list(sealed)[0], read_private(private, None)
    die = dice(seed, "simulated study")
    for number in range(1, truth.people + 1):
        label = f"{number:03d}"
        enrol(study, label, "SIM")
        slot = open_register(place).participant(label).slot
        assert slot is not None
        _kit(place, label)
        # The keeper of the key alone could do this: nothing at the desk knows the sequence.
        sequence = listed.open_slot(slot, key).sequence
        for period, mind in enumerate(_tempers(truth, sequence, die), start=1):
            request = SessionRequest(
                place,
                label,
                f"{period:02d}",
                robot="typical",
                fast=True,
                no_window=True,
                scanner="none" if truth.crossover else "mock:",
            )
            result = run_session(prepare(request), mind=mind)
            if result.status != "complete":
                raise RuntimeError(f"{result.log}: {result.status}, {result.reason}")
    arms = folder / "arms.tsv"
    unblind_all(study, Key(private), who="SIM", reason="simulated study is over", out=arms)
    return place, arms


def _kit(place: Path, label: str) -> None:
    """Give a participant a kit that is large enough for every preset."""
    writers = [Writer(f"w{n:02d}", f"Writer {n}", "friend") for n in range(8)]
    writers += [Writer(f"s{n:02d}", "", "stranger") for n in range(24)]
    messages = [
        KitMessage(f"m{n:03d}", f"w{n % 8:02d}", "kind", "en", _text(n)) for n in range(48)
    ] + [KitMessage(f"m{n:03d}", f"s{n - 100:02d}", "stranger", "en", _text(n))
         for n in range(100, 124)]  # fmt: skip
    kit = Kit(label, tuple(writers), tuple(messages))
    folder = place / "participants" / label / "kit"
    save_kit(kit, folder)
    record(folder, kit, accepting(kit), "SIM", _WHEN)


def _text(number: int) -> str:
    return f"{' '.join(WORDS[: 6 + number % 9])} ({number})."
