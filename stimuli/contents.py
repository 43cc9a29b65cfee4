"""What the study and the kit say, that screens show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
    reading : str
        How the number at which the mark stands is read out above it, with ``{position}`` for the
        number; empty if it isn't.
    """

    question: str
    lowest: int
    highest: int
    anchors: Mapping[int, str]
    continuous: bool = False
    reading: str = ""

    def __post_init__(self) -> None:
        if self.highest <= self.lowest:
            raise ValueError(f"a scale from {self.lowest} to {self.highest} has no two positions")
        outside = [point for point in self.anchors if not self.lowest <= point <= self.highest]
        if outside:
            raise ValueError(
                f"anchors stand at points {self.lowest} to {self.highest}, not at {outside[0]}"
            )


@dataclass(frozen=True)
class ItemLook:
    """What an item of a questionnaire says, besides its scale.

    Parameters
    ----------
    text : str
        The question or statement.
    stem : str
        What stands above each item of the questionnaire; empty for nothing.
    lowest : int
        Position of the first option.
    options : tuple of str
        Options from which one is chosen, in place of a scale; empty where there is a scale.
    """

    text: str
    stem: str = ""
    lowest: int = 1
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileLook:
    """What a person's profile says and shows. Name and text are private, and in no `repr`.

    Parameters
    ----------
    name : str
    age : int or None
        Years; None where it isn't shown.
    text : str
        What the person says of themselves; empty where nothing is.
    photo : Path or None
        File of the picture (PNG, JPEG or WebP), decoded when the screen is made, before a run; None
        where a drawn head stands for it, which only games have.
    language : str or None
        Language tag of `name` and `text`, in place of the contents' own.
    """

    name: str = field(repr=False)
    age: int | None
    text: str = field(repr=False)
    photo: Path | None
    language: str | None = None


NOBODY = ProfileLook("", None, "", None)
"""Who is shown in a game without a name or a picture."""


def no_profiles(profile_id: str) -> ProfileLook:
    """Refuse to show a profile: what stands in for a set where there is none.

    Raises
    ------
    ValueError
        Always.
    """
    raise ValueError(
        f"profile {profile_id!r} is to be shown, and no profile set is loaded: name its folder in"
        " the study"
    )


@dataclass(frozen=True)
class Contents:
    """Everything that screens name by a key. A kind of screen with things of its own adds a field.

    Parameters
    ----------
    texts : mapping of str to str
        The study's texts; ``go_on`` and ``confirm`` are the footers of pages and scales.
    scales : mapping of str to ScaleLook
        The study's ratings by name, and the scales of items.
    message : callable
        Gives the text and the language tag of a message id.
    language : str
        Language tag of `texts` and `scales`.
    profile : callable
        Gives what a profile id stands for; neutral faces' ids too.
    own : ProfileLook or None
        The participant's own profile; None as long as they have made none.
    items : mapping of str to ItemLook
        Items of the study's questionnaires by name.
    """

    texts: Mapping[str, str]
    scales: Mapping[str, ScaleLook]
    message: Callable[[str], tuple[str, str]]
    language: str = "en"
    profile: Callable[[str], ProfileLook] = no_profiles
    own: ProfileLook | None = None
    items: Mapping[str, ItemLook] = field(default_factory=dict)
