"""What the study and the kit say, that screens show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ScaleLook:
    """What a rating scale says.

    Parameters
    ----------
    question : str
        The question above the line.
    lowest, highest : int
        Positions at the line's left and right end.
    anchors : mapping of int to str
        Texts below positions.
    continuous : bool
        Whether the line is shown without points.
    """

    question: str
    lowest: int
    highest: int
    anchors: Mapping[int, str]
    continuous: bool = False

    def __post_init__(self) -> None:
        if self.highest <= self.lowest:
            raise ValueError(f"a scale from {self.lowest} to {self.highest} has no two positions")
        outside = [point for point in self.anchors if not self.lowest <= point <= self.highest]
        if outside:
            raise ValueError(
                f"anchors stand at points {self.lowest} to {self.highest}, not at {outside[0]}"
            )


@dataclass(frozen=True)
class Contents:
    """Everything that screens name by a key. A kind of screen with things of its own adds a field.

    Parameters
    ----------
    texts : mapping of str to str
        The study's texts; ``go_on`` and ``confirm`` are the footers of pages and scales.
    scales : mapping of str to ScaleLook
        The study's ratings by name.
    message : callable
        Gives the text and the language tag of a message id.
    language : str
        Language tag of `texts` and `scales`.
    """

    texts: Mapping[str, str]
    scales: Mapping[str, ScaleLook]
    message: Callable[[str], tuple[str, str]]
    language: str = "en"
