"""The painter: lays out any screen, by the kind it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from experiment.screens import (
    Closing,
    Court,
    Feedback,
    Fixation,
    Item,
    Lobby,
    Message,
    NeutralFace,
    Page,
    ProfileScale,
    Prompt,
    Rated,
    Scale,
    Screen,
    Throw,
    Waiting,
)
from stimuli.contents import Contents
from stimuli.layout import Layout
from stimuli.pictures import Picture, Style
from stimuli.screens import court, item, lobby, message, pages, profile, scale
from stimuli.screens.message import MessageLook
from stimuli.sprites import Sprite

Kinds: TypeAlias = Mapping[type, Callable[[Any, Layout], Picture]]

# A kind of screen is a module of stimuli/screens and a row here.
KINDS: Kinds = {
    Page: pages.page,
    Waiting: pages.waiting,
    Prompt: pages.prompt,
    Closing: pages.closing,
    Fixation: pages.fixation,
    Message: message.message,
    Scale: scale.scale,
    ProfileScale: profile.profile_scale,
    Item: item.item,
    Feedback: profile.feedback,
    NeutralFace: profile.neutral_face,
    Lobby: lobby.lobby,
    Court: court.court,
    Throw: court.throw,
}


def still(screen: Screen) -> Screen:
    """Give what stands still of a screen: it looks alike wherever its cursor begins."""
    if isinstance(screen, Court):
        return replace(screen, cursor=None)
    if isinstance(screen, Item):
        page = tuple(replace(row, given=None) for row in screen.page)
        return replace(screen, start=0, given=None, page=page)
    return replace(screen, start=0) if isinstance(screen, Rated) else screen


def given_beside(screen: Screen) -> tuple[int | None, ...]:
    """Give the answers of the other items of its page, which are marked in the same picture."""
    return tuple(row.given for row in screen.others.values()) if isinstance(screen, Item) else ()


class Painter:
    """Lays screens out; needs no window.

    Parameters
    ----------
    style : Style
        Sizes and colours.
    contents : Contents
        What there is to show.
    draft : bool
        Whether it is only looked at, not shown to a participant: characters that no font has are
        drawn as boxes then, in place of an error.
    """

    def __init__(self, style: Style, contents: Contents, *, draft: bool = False) -> None:
        self._layout = Layout(style, contents, draft=draft)

    @property
    def style(self) -> Style:
        """Sizes and colours that it lays out in."""
        return self._layout.style

    def paint(self, screen: Screen) -> Picture:
        """Lay a screen out.

        Raises
        ------
        ValueError
            Where a text does not fit in the window, no font on this computer has all of it, a
            message leaves no ink, or a photo can't be shown; it says which, by its id.
        """
        picture = KINDS[type(screen)](screen, self._layout)
        return replace(picture, given=given_beside(screen))

    def card_of_profile(self, profile_id: str) -> tuple[Sprite, ...]:
        """Lay out a profile's photo, name and text without a scale, to know whether they fit.

        Raises
        ------
        ValueError
            If a text does not fit or the photo can't be shown; it says which, by the id.
        """
        return profile.card(profile_id, self._layout)

    def look_of_message(self, message_id: str) -> MessageLook:
        """Find out in a draft how a message will look: lines, size, direction, what no font has."""
        return message.look_of_message(message_id, self._layout)
