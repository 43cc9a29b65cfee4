"""Does the analysis recover the truth? Simulated studies with known effects, and with none.

``python -m benchmarks.recovery`` writes RESULTS-RECOVERY.md and docs/pictures/recovery.png. Most
studies are drawn straight from the robot's own model of ratings; some go the whole way: sealed
list, enrolment, kits, plans, sessions, logs, unblinding, tables. `benchmarks.simulated` says what
the truth is.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy import stats

from analysis.science.arms import read_arms
from analysis.science.classical import BY_PERIODS, WELCH
from analysis.science.effects import Array
from analysis.science.gather import gather
from analysis.science.palette import ARMS, INK, PALE, QUIET, new_figure, panels
from analysis.science.ratings import Outcome, outcome
from benchmarks import table
from benchmarks.simulated import F_PUBLISHED, PUBLISHED, Truth, ratings_of, whole_study
from experiment.study import open_study

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS-RECOVERY.md"
DOCS = HERE.parent / "docs" / "analysis.md"
PICTURE = HERE.parent / "docs" / "pictures" / "recovery.png"
CROSSOVER, PARALLEL = "inagaki2016", "inagaki2019"
PEOPLE = {CROSSOVER: 31, PARALLEL: 80}  # S0; L2: 40 per arm
EFFECT = -0.5  # points of the scale; no document tells one: lab default
DESIGNS = (
    (CROSSOVER, False, "Crossover, 31"),
    (CROSSOVER, True, "Crossover of two kinds, 31"),
    (PARALLEL, False, "Parallel, 40 per arm"),
)
POWER = (-0.8, -0.65, -0.5, -0.35, -0.2, 0.0)
ARM = "naltrexone − placebo"
_ABOUT = (
    "`make recovery` writes this. Studies are simulated with the published ratings (Inagaki et al. "
    "2019: close others M 4.671, SD 0.871; strangers M 1.966, SD 0.720) and analysed as "
    "`report` analyses a study. What the drug changes is published nowhere: 0.5 points of the "
    "scale is a lab default, and so is how much single answers (SD 1.0), sessions of a person "
    "(SD 0.3), and one of two kinds of message in a session (SD 0.5) vary. Intervals in brackets "
    "are 95 % ones, by chance of the simulation."
)


@dataclass(frozen=True)
class Found:
    """One estimate of one simulated study, and the truth."""

    what: str
    how: str
    truth: float
    value: float
    low: float
    high: float
    p: float
    converged: bool

    @property
    def covers(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class Study:
    """All estimates of one simulated study, and means and SDs of its participants."""

    found: tuple[Found, ...]
    described: dict[str, tuple[float, float]]
    answers: tuple[float, ...]


def analysed(truth: Truth, one: Outcome) -> Study:
    """Return what the analysis says, beside the truth."""
    found = []
    fit = one.fit
    for estimate in (*(() if fit is None else fit.estimates), *one.beside):
        if any(told in estimate.what for told in ("period", "sequence", "carry-over")):
            continue
        found.append(
            Found(
                estimate.what,
                estimate.how,
                truth.expected(estimate.what),
                estimate.value,
                estimate.low,
                estimate.high,
                estimate.p,
                fit is not None and fit.converged,
            )
        )
    means = {row.message: (row.mean, row.sd) for row in one.described}
    values = one.table["value"].dropna()
    return Study(tuple(found), means, tuple(values))


def straight(job: tuple[Truth, int]) -> Study:
    """Draw and analyse a study by the robot's model alone."""
    truth, seed = job
    rows, arms = ratings_of(truth, seed)
    return analysed(truth, outcome("messages", "connection", rows, arms))


def tests_alone(job: tuple[Truth, int]) -> Study:
    """Draw a study and analyse it by the classical tests alone, which takes no time."""
    from analysis.science.classical import groups, period_differences
    from analysis.science.models import Design

    truth, seed = job
    rows, arms = ratings_of(truth, seed)
    known = arms.joined(rows[rows["value"].notna()])
    design = Design(arms.names, tuple(truth.messages), truth.crossover)
    if truth.crossover:
        estimate = period_differences(known, arms.names).arm
        estimates = [] if estimate is None else [estimate]
    else:
        estimates = groups(known, design)
    return Study(
        tuple(
            Found(e.what, e.how, truth.expected(e.what), e.value, e.low, e.high, e.p, True)
            for e in estimates
        ),
        {},
        tuple(rows["value"].dropna()),
    )


def whole_way(job: tuple[Truth, int]) -> Study:
    """Run and analyse a study by way of its sessions and logs."""
    truth, seed = job
    with tempfile.TemporaryDirectory() as name:
        folder, file = whole_study(Path(name), truth, seed)
        answers = gather(open_study(folder).logs(), folder, rehearsals=True)
        rated = answers.table[answers.table["rating"] == "connection"]
        return analysed(truth, outcome("messages", "connection", rated, read_arms(file)))


# --- rows of the table ---------------------------------------------------------------------------


def rows_of(
    truth: Truth, studies: Sequence[Study], what: str, how: str, told: str, *, effect: bool
) -> list[table.Row]:
    """Return bias, coverage and power (or false positives) of one estimate over studies."""
    own = [one for study in studies for one in study.found if (one.what, one.how) == (what, how)]
    errors = np.array([one.value - one.truth for one in own])
    reach = 1.96 * errors.std(ddof=1) / math.sqrt(len(own))
    bias = float(errors.mean())
    rows = [
        table.Row(
            f"{told}: bias, of {truth.expected(what):.3f}",
            f"{bias:+.3f} [{bias - reach:+.3f}, {bias + reach:+.3f}]",
            "0 within the interval of 99.9 %",
            bool(abs(bias) <= reach * 3.29 / 1.96),
        ),
        _share_row(f"{told}: coverage of the 95 % interval", [one.covers for one in own], 0.95),
    ]
    hits = [one.p < 0.05 for one in own]
    if effect:
        low, high = share_interval(sum(hits), len(hits))
        power = f"{100 * np.mean(hits):.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
        rows.append(table.Row(f"{told}: power", power))
    else:
        rows.append(_share_row(f"{told}: false positives", hits, 0.05))
    return rows


def _share_row(what: str, hits: Sequence[bool], truth: float) -> table.Row:
    """Return a row for a share that should be `truth`; held against an exact binomial test."""
    low, high = share_interval(sum(hits), len(hits))
    p = float(stats.binomtest(sum(hits), len(hits), truth).pvalue)
    measured = f"{100 * np.mean(hits):.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    return table.Row(
        f"{what}, {len(hits)} studies", measured, f"{100 * truth:g} %, binomial p > .001", p > 0.001
    )


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    found = stats.binomtest(hits, of).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def published_rows(studies: Sequence[Study]) -> list[table.Row]:
    """Return how well the published means, SDs and F come back in the placebo and drug arms."""
    rows = []
    for kind, (mean, sd) in PUBLISHED.items():
        means = np.array([study.described[kind][0] for study in studies])
        sds = np.array([study.described[kind][1] for study in studies])
        told = "close others" if kind == "kind" else "strangers"
        rows.append(
            table.Row(
                f"{told}: mean and SD of participants, published {mean}, {sd}",
                f"{means.mean():.3f}, {sds.mean():.3f}",
                "mean within 0.03, SD within 0.03",
                bool(abs(means.mean() - mean) <= 0.03 and abs(sds.mean() - sd) <= 0.03),
            )
        )
    f = [
        stats.t.ppf(0.975, 79) ** 2 * (one.value / ((one.high - one.low) / 2)) ** 2
        for study in studies
        for one in study.found
        if one.what == "kind − stranger" and one.how.startswith("paired")
    ]
    low, high = np.percentile(f, [2.5, 97.5])
    rows.append(
        table.Row(
            f"close others against strangers: F, published {F_PUBLISHED}",
            f"median {np.median(f):.0f}, 95 % of studies {low:.0f} to {high:.0f}",
            "published one among them",
            bool(low <= F_PUBLISHED <= high),
        )
    )
    return rows


def both_ways(whole: Sequence[Study], drawn: Sequence[Study], told: str) -> list[table.Row]:
    """Return whether answers by way of sessions and logs are distributed as those drawn straight.

    Answers of one person are alike, so no test of single answers would do: the difference is held
    against that of as many studies, drawn straight, from all that were drawn.
    """
    points = np.arange(1, 8)

    def shares(studies: Sequence[Study]) -> Array:
        answers = np.concatenate([study.answers for study in studies])
        return np.array([(answers <= point).mean() for point in points])

    pool = shares(drawn)
    apart = float(np.abs(shares(whole) - pool).max())
    step = len(whole)
    groups = [drawn[start : start + step] for start in range(0, len(drawn) - step + 1, step)]
    usual = np.array([np.abs(shares(group) - pool).max() for group in groups])
    further = int((usual >= apart).sum())
    p = (1 + further) / (1 + len(groups))  # of a Monte Carlo test: never below what it resolves
    logs = np.concatenate([study.answers for study in whole])
    model = np.concatenate([study.answers for study in drawn])
    spread = np.std([np.mean(study.answers) for study in drawn], ddof=1)
    z = float((logs.mean() - model.mean()) / (spread / math.sqrt(len(whole))))
    return [
        table.Row(
            f"{told}: mean and SD of single answers, by way of {len(whole)} studies' logs "
            f"({len(logs)} answers) and straight ({len(model)})",
            f"{logs.mean():.3f}, {logs.std():.3f} and {model.mean():.3f}, {model.std():.3f}",
            "means within 3.3 SE",
            abs(z) < 3.3,
        ),
        table.Row(
            f"{told}: largest difference of the two cumulative distributions",
            f"{apart:.3f}; {further} of {len(groups)} groups of as many drawn studies lie further "
            f"off (half of them above {np.median(usual):.3f}), so p = {p:.3f}",
            "Monte Carlo p > .005",
            p > 0.005,
        ),
    ]


def estimates_rows(whole: Sequence[Study], what: str, how: str, told: str) -> list[table.Row]:
    """Return the estimates of the studies that went the whole way."""
    own = [one for study in whole for one in study.found if (one.what, one.how) == (what, how)]
    return [
        table.Row(
            f"{told}: estimates of whole studies, truth {one.truth:.3f}",
            f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]",
            "" if one.covers else "(one in 20 misses it)",
            None,
        )
        for one in own
    ]


# --- the table in docs ---------------------------------------------------------------------------

_BEGIN, _END = "<!-- written by benchmarks.recovery -->\n", "<!-- up to here -->\n"
_SECTION = re.compile(
    r"^## (?P<name>(?:Crossover|Parallel)[^:]*): (?P<drug>the drug .*|no effect)$"
)
_ROW = re.compile(r"^\| (?P<what>mixed[^:]*): (?P<figure>[^|]*?) \| (?P<measured>[^|]*?) \|")
_HEAD = (
    "| study | estimate | truth | studies | bias | coverage (%) | power (%) "
    "| false positives (%) |\n| --- | --- | --: | --: | --- | --- | --- | --- |\n"
)


def short_table(results: str) -> str:
    """Return what the mixed models come to, of the results' file, as a table for the docs."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    section = None
    for line in results.splitlines():
        if line.startswith("## "):
            section = _SECTION.match(line)
        row = _ROW.match(line)
        if section is None or row is None:
            continue
        figures = found.setdefault((section["name"], f"{section['drug']}|{row['what']}"), {})
        name, _, more = row["figure"].partition(", ")
        figures[name.split(" of ")[0]] = row["measured"].replace(" %", "")
        if name == "bias":
            figures["truth"] = more.removeprefix("of ")
        elif more:
            figures["studies"] = more.removesuffix(" studies")
    lines = []
    for (name, key), figures in found.items():
        what = key.partition("|")[2].removeprefix("mixed, ")
        what = {"mixed model": "arm", "close others": "arm, close others"}.get(what, what)
        cells = [figures.get(one, "") for one in ("truth", "studies", "bias", "coverage",
                                                  "power", "false positives")]  # fmt: skip
        lines.append(f"| {' | '.join([name, what, *cells])} |".replace("|  |", "| |"))
    return _HEAD + "\n".join(lines) + "\n"


def put_in_docs(results: str) -> None:
    """Put the table into docs/analysis.md, in the place of the one there."""
    before, _, rest = DOCS.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    DOCS.write_text(f"{before}{_BEGIN}\n{short_table(results)}\n{_END}{after}", "utf-8")


# --- all of it -----------------------------------------------------------------------------------


def main() -> None:
    """Simulate, analyse, and write table and figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400, help="for each mixed model")
    parser.add_argument("--tests", type=int, default=1000, help="studies for the classical tests")
    parser.add_argument(
        "--whole", type=int, default=3, help="whole crossover studies; half as many parallel ones"
    )
    parser.add_argument("--to", type=Path, default=RESULTS)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    parser.add_argument(
        "--docs", action="store_true", help="only put the table of the last results into docs"
    )
    asked = parser.parse_args()
    if asked.docs:
        put_in_docs(RESULTS.read_text("utf-8"))
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before the workers load numpy
    order: list[str] = []
    sections: list[table.Section] = []
    simulated: dict[Truth, list[Study]] = {}
    power: dict[float, list[Study]] = {}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:

        def many(truth: Truth, count: int, how: object = straight) -> list[Study]:
            jobs: Iterable[tuple[Truth, int]] = [(truth, 1000 + n) for n in range(count)]
            chunk = 1 if how is whole_way else 4  # a whole study takes a minute
            return list(pool.map(how, jobs, chunksize=chunk))  # type: ignore[arg-type]

        def section(title: str, measure: object) -> None:
            order.append(title)
            sections.append(table.measured(title, measure))  # type: ignore[arg-type]
            print(table.write([sections[-1]], asked.to, order, _ABOUT), flush=True)

        for preset, two_kinds, name in DESIGNS:
            for effect in (EFFECT, 0.0):
                truth = Truth(preset, PEOPLE[preset], effect, two_kinds)

                def measure(truth: Truth = truth) -> list[table.Row]:
                    studies = many(truth, asked.studies)
                    simulated[truth] = studies
                    return _rows(truth, studies)

                told = f"the drug takes {abs(effect)} points" if effect else "no effect"
                section(f"{name}: {told}", measure)

        def by_tests() -> list[table.Row]:
            rows = []
            for effect in POWER:
                truth = Truth(CROSSOVER, PEOPLE[CROSSOVER], effect)
                power[effect] = many(truth, asked.tests, tests_alone)
                told = f"effect {effect:g}"
                rows += rows_of(truth, power[effect], ARM, BY_PERIODS, told, effect=effect != 0)
            return rows

        section("Crossover, 31: two-sample test on period differences, power by effect", by_tests)

        def by_logs() -> list[table.Row]:
            rows = []
            for preset, told in ((CROSSOVER, "crossover"), (PARALLEL, "parallel")):
                truth = Truth(preset, PEOPLE[preset], EFFECT)
                whole = many(truth, asked.whole if truth.crossover else asked.whole // 2, whole_way)
                if not whole:
                    continue
                what = ARM if truth.crossover else f"{ARM}: kind"
                drawn = power[EFFECT] if truth.crossover else simulated[truth]
                rows += both_ways(whole, drawn, told)
                rows += estimates_rows(whole, what, "mixed model", told)
            return rows

        draw(simulated, power, asked.picture)
        if asked.whole > 0:
            section(
                "The whole way: sessions, logs, tables, and the robot's model beside them", by_logs
            )
    if asked.to == RESULTS:
        put_in_docs(RESULTS.read_text("utf-8"))


def _rows(truth: Truth, studies: Sequence[Study]) -> list[table.Row]:
    effect = truth.effect != 0
    fits = [study.found[0].converged for study in studies if study.found]
    rows = [table.Row("mixed model converged", f"{sum(fits)} of {len(studies)} studies")]
    if truth.two_kinds:
        both = f"({ARM}) × (kind − stranger)"
        rows += rows_of(truth, studies, both, "mixed model", "mixed, arm × message", effect=effect)
        told = "period differences, arm × message"
        return rows + rows_of(truth, studies, both, BY_PERIODS, told, effect=effect)
    if truth.crossover:
        rows += rows_of(truth, studies, ARM, "mixed model", "mixed model", effect=effect)
        told = "period differences"
        return rows + rows_of(truth, studies, ARM, BY_PERIODS, told, effect=effect)
    if not effect:
        rows = [*published_rows(studies), *rows]
    kind, both = f"{ARM}: kind", f"({ARM}) × (kind − stranger)"
    rows += rows_of(truth, studies, kind, "mixed model", "mixed, close others", effect=effect)
    rows += rows_of(truth, studies, kind, WELCH, "Welch's test, close others", effect=effect)
    rows += rows_of(truth, studies, both, "mixed model", "mixed, arm × message", effect=effect)
    contrast = "kind − stranger"
    return rows + rows_of(truth, studies, contrast, "mixed model", "mixed, message", effect=True)


def draw(
    simulated: dict[Truth, list[Study]],
    power: dict[float, list[Study]],
    file: Path,
) -> None:
    """Draw intervals of some studies, coverage of all estimates, and power by effect."""
    figure = new_figure(11, 4.1)
    first, second, third = panels(figure, 3)
    crossover = Truth(CROSSOVER, PEOPLE[CROSSOVER], EFFECT)
    own = [study.found[0] for study in simulated[crossover]][:60]
    for place, one in enumerate(sorted(own, key=lambda one: one.value)):
        colour = ARMS[0] if one.covers else "#b5534a"
        first.plot([one.low, one.high], [place, place], color=colour, lw=1.3)
        first.plot(one.value, place, ".", ms=4, color=colour)
    first.axvline(EFFECT, color=INK, lw=1)
    first.set_yticks([])
    first.spines["left"].set_visible(False)
    first.set_title(f"{len(own)} crossover studies of 31")
    first.set_xlabel("estimate, 95 % interval; line: truth")
    _coverage(second, simulated)
    shares = {
        effect: [one.p < 0.05 for study in studies for one in study.found]
        for effect, studies in power.items()
    }
    x = sorted(shares)
    y = [100 * float(np.mean(shares[effect])) for effect in x]
    third.axhline(5, color=QUIET, lw=1, ls="--")
    third.annotate("5 %", (x[0], 6.5), fontsize=8.5, color=QUIET)
    third.plot(x, y, "o-", color=ARMS[0], ms=5)
    for at, share in zip(x, y, strict=True):
        third.annotate(
            f"{share:.0f}",
            (at, share),
            (0, 7),
            textcoords="offset points",
            fontsize=8.5,
            ha="center",
        )
    third.set_ylim(0, 110)
    third.set_xlabel("true effect, points of the scale")
    third.set_ylabel("studies with p < .05 (%)")
    third.set_title("Power of a crossover of 31")
    for ax in (first, second, third):
        ax.title.set_fontweight("bold")
        ax.title.set_fontsize(10.5)
    figure.savefig(file, dpi=110, metadata={"Software": None})


def _coverage(ax: object, simulated: dict[Truth, list[Study]]) -> None:
    from matplotlib.axes import Axes

    assert isinstance(ax, Axes)
    both = f"({ARM}) × (kind − stranger)"
    wanted = [
        (CROSSOVER, False, ARM, "crossover, arm"),
        (CROSSOVER, True, both, "crossover, arm × message"),
        (PARALLEL, False, f"{ARM}: kind", "parallel, arm"),
        (PARALLEL, False, both, "parallel, arm × message"),
        (PARALLEL, False, "kind − stranger", "parallel, message"),
    ]
    names, place = [], 0
    for preset, two_kinds, what, told in wanted:
        for effect in (EFFECT, 0.0):
            hits = [
                one.covers
                for study in simulated[Truth(preset, PEOPLE[preset], effect, two_kinds)]
                for one in study.found
                if (one.what, one.how) == (what, "mixed model")
            ]
            low, high = share_interval(sum(hits), len(hits))
            ax.plot([100 * low, 100 * high], [place, place], color=ARMS[0], lw=2)
            ax.plot(100 * np.mean(hits), place, "o", ms=5.5, color=ARMS[0])
            names.append(f"{told}, effect {effect:g}")
            place += 1
    ax.axvline(95, color=INK, lw=1)
    ax.set_yticks(range(place), names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(place - 0.4, -0.6)
    ax.set_xlim(75, 100)
    ax.grid(axis="x", color=PALE, lw=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel("intervals that hold the truth (%)")
    ax.set_title("Coverage, mixed models")


if __name__ == "__main__":
    main()
