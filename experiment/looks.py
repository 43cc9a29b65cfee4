"""How a protocol's screens look: its settings, brought to the stimuli room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from experiment.item_looks import item_looks, item_scales
from experiment.profiles import OwnProfile, ProfileSet, look_of, looks_of_set
from experiment.protocol import Protocol, worded
from stimuli.contents import Contents, ProfileLook, ScaleLook, no_profiles
from stimuli.painter import Painter
from stimuli.patch import Patch
from stimuli.pictures import Style, degrees_to_px


@dataclass(frozen=True)
class Looks:
    """A style and the painter that works in it."""

    style: Style
    painter: Painter


def looks_of(
    protocol: Protocol,
    size_px: tuple[int, int],
    texts: Mapping[str, tuple[str, str]],
    profiles: ProfileSet | None = None,
    own: OwnProfile | None = None,
    unknown: Callable[[str], ProfileLook] = no_profiles,
    *,
    draft: bool = False,
) -> Looks:
    """Return how a protocol's screens look in a window.

    Parameters
    ----------
    protocol : Protocol
    size_px : tuple of int
        Width and height of the window.
    texts : mapping of str to (str, str)
        Text and language of each message, by its id.
    profiles : ProfileSet or None
        Where the study shows people.
    own : OwnProfile or None
        The participant's own profile.
    unknown : callable
        Gives what a profile id stands for where there is no set.
    draft : bool
        Whether it is only looked at (review, preview, replay): what no font has is drawn as a box.
        A session refuses it.
    """
    screen, language = protocol.screen, protocol.language
    px = degrees_to_px(screen.text_height_deg, screen.width_cm, screen.distance_cm, size_px[0])
    diode = screen.photodiode
    patch = None if diode is None else Patch(diode.corner, diode.size_px)
    style = Style(size_px, round(px), screen.background, screen.ink, screen.accent, patch)
    scales = {
        name: ScaleLook(
            worded(rating.question, language),
            rating.range.lowest,
            rating.range.highest,
            {point: worded(text, language) for point, text in rating.anchors.items()},
            continuous=rating.kind == "continuous",
        )
        for name, rating in protocol.ratings.items()
    }
    contents = Contents(
        protocol.shown_texts,
        scales | item_scales(protocol),
        texts.__getitem__,
        language,
        profile=unknown,
        items=item_looks(protocol),
    )
    if profiles is not None:
        contents = replace(contents, profile=looks_of_set(profiles))
    if own is not None:
        contents = replace(contents, own=look_of(own))
    return Looks(style, Painter(style, contents, draft=draft))
