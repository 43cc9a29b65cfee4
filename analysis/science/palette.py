"""How all figures look: one palette that colour-blind readers can tell apart, and print."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, PALE = "#333333", "#8c8c8c", "#d5d5d5"
ARMS = ("#3b6ea5", "#d08b2c")  # the reference, the other
POOLED = "#3b6ea5"
_CONDITIONS = {
    "kind": "#2e7d5b",
    "acceptance": "#2e7d5b",
    "inclusion": "#2e7d5b",
    "hold_warm": "#2e7d5b",
    "stranger": "#8a5fa8",
    "rejection": "#8a5fa8",
    "exclusion": "#8a5fa8",
    "neutral": "#7a7a7a",
    "baseline": "#7a7a7a",
    "hold_neutral": "#7a7a7a",
}
_OTHERS = ("#3b6ea5", "#d08b2c", "#b5534a", "#2e7d5b", "#8a5fa8", "#7a7a7a")
_STYLE: Any = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.hashsalt": "kindred",  # the same data give the same bytes
    "svg.fonttype": "path",  # and the same picture on every machine
}


def colour_of(condition: str, place: int = 0) -> str:
    """Return a condition's colour, the same in all figures."""
    return _CONDITIONS.get(condition, _OTHERS[place % len(_OTHERS)])


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure (inches) in our style; 6.9 inches fill a printed page."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        return Figure(figsize=(width, height), layout="constrained")


def panels(
    figure: Figure, count: int, *, share_y: bool = False, stacked: bool = False
) -> list[Axes]:
    """Return axes side by side, or below each other, in our style."""
    from matplotlib import rc_context

    rows, columns = (count, 1) if stacked else (1, count)
    with rc_context(_STYLE):
        return list(figure.subplots(rows, columns, sharey=share_y, squeeze=False).ravel())


def svg(figure: Figure) -> bytes:
    """Return a figure as SVG, without date or version."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
