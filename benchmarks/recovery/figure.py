"""The figure in docs: intervals of some studies, coverage of all estimates, power by effect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.science.palette import ARMS, INK, PALE, QUIET, new_figure, panels
from benchmarks.recovery.rows import share_interval
from benchmarks.recovery.studies import ARM, CROSSOVER, EFFECT, PARALLEL, PEOPLE, Study
from benchmarks.simulated import Truth

if TYPE_CHECKING:
    pass


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
