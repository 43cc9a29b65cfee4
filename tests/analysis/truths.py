"""What simulated studies are made of, and how the effect of their arm is named."""

from __future__ import annotations

from benchmarks.simulated import Truth

ARM = "naltrexone − placebo"
TRUTHS = {
    "crossover": Truth("inagaki2016", 31, -0.5),
    "two_kinds": Truth("inagaki2016", 31, -0.5, two_kinds=True),
    "parallel": Truth("inagaki2019", 24, -0.5),
}
