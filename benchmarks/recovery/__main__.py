"""Does the analysis recover the truth? Simulate, analyse, and write table and figure."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from analysis.science.classical import BY_PERIODS
from benchmarks import table
from benchmarks.recovery.docs import RESULTS, put_in_docs
from benchmarks.recovery.figure import draw
from benchmarks.recovery.rows import both_ways, estimates_rows, rows_of, rows_of_design
from benchmarks.recovery.studies import (
    ARM,
    CROSSOVER,
    DESIGNS,
    EFFECT,
    PARALLEL,
    PEOPLE,
    POWER,
    Study,
    straight,
    tests_alone,
    whole_way,
)
from benchmarks.simulated import Truth

How = Callable[[tuple[Truth, int]], Study]
"""Makes and analyses one study: of a truth, by the number of its seed."""
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "recovery.png"
_ABOUT = (
    "`make recovery` writes this. Studies are simulated with the published ratings (Inagaki et al. "
    "2019: close others M 4.671, SD 0.871; strangers M 1.966, SD 0.720) and analysed as "
    "`report` analyses a study. What the drug changes is published nowhere: 0.5 points of the "
    "scale is a lab default, and so is how much single answers (SD 1.0), sessions of a person "
    "(SD 0.3), and one of two kinds of message in a session (SD 0.5) vary. Intervals in brackets "
    "are 95 % ones, by chance of the simulation."
)


def main() -> None:
    """Simulate, analyse, and write table and figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400, help="for each mixed model")
    parser.add_argument(
        "--empty", type=int, default=2000, help="of parallel groups without an effect"
    )  # 400 don't tell 5 % of false positives from 7 %
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

        def many(truth: Truth, count: int, how: How = straight) -> list[Study]:
            jobs: Iterable[tuple[Truth, int]] = [(truth, 1000 + n) for n in range(count)]
            chunk = 1 if how is whole_way else 4  # a whole study takes a minute
            return list(pool.map(how, jobs, chunksize=chunk))

        def section(title: str, measure: Callable[[], list[table.Row]]) -> None:
            order.append(title)
            sections.append(table.measured(title, measure))
            print(table.write([sections[-1]], asked.to, order, _ABOUT), flush=True)

        for preset, two_kinds, name in DESIGNS:
            for effect in (EFFECT, 0.0):
                truth = Truth(preset, PEOPLE[preset], effect, two_kinds)

                count = asked.studies if effect or truth.crossover else asked.empty

                def measure(truth: Truth = truth, count: int = count) -> list[table.Row]:
                    studies = many(truth, count)
                    simulated[truth] = studies
                    return rows_of_design(truth, studies)

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


if __name__ == "__main__":
    main()
