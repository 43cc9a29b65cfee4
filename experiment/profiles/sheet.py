"""A whole profile set on one picture, to look at before participants do. It is private."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from experiment.errors import BadInput
from experiment.profiles.looks import look_of
from experiment.profiles.model import ProfileSet
from stimuli.contents import ProfileLook
from stimuli.photos import Photos
from stimuli.pictures import Picture, Style, compose
from stimuli.sprites import Image, Sprite
from stimuli.typeset import Typesetter

COLUMNS = 8
_PHOTO = 220  # px, as all that follows
_CELL = (250, 372)
_MARGIN = 30
_NAME, _TEXT, _ID = 19, 13, 12
_PAPER, _INK, _SOFT, _QUIET = "#f7f4ee", "#2b2825", "#5b5650", "#8f8a82"


def profile_sheet(profiles: ProfileSet) -> npt.NDArray[np.uint8]:
    """Draw all profiles with names, ages and texts, and below them the neutral faces.

    Returns
    -------
    array
        Shape (height, width, 3), red, green, blue.

    Raises
    ------
    BadInput
        If a picture can't be decoded.
    """
    width, height = _CELL
    setter, photos = Typesetter(), Photos(_PAPER)
    sprites: list[Sprite] = []
    for i, (profile_id, person) in enumerate(profiles.by_id.items()):
        left = _MARGIN + (i % COLUMNS) * width
        top = _MARGIN + (i // COLUMNS) * height
        look = look_of(person)
        try:
            sprites.append(Sprite(photos.square(look.photo, _PHOTO), left, top))
        except (OSError, SyntaxError, ValueError):
            raise BadInput(
                f"{profiles.folder}: the picture of profile {profile_id} can't be decoded; "
                "profiles check says more"
            ) from None
        sprites += _words(setter, profile_id, look, left, top + _PHOTO + 8)
    rows = -(-len(profiles.by_id) // COLUMNS)
    size = (2 * _MARGIN + COLUMNS * width - (width - _PHOTO), _MARGIN + rows * height)
    return compose(Picture(tuple(sprites)), Style(size, _TEXT, _PAPER, _INK))


def _words(
    setter: Typesetter, profile_id: str, look: ProfileLook, left: int, top: int
) -> list[Sprite]:
    """Set name, age, text and id below a photo."""
    name = look.name if look.age is None else f"{look.name}  {look.age}"
    placed: list[Sprite] = []
    for words, px, colour in (
        (name, _NAME, _INK),
        (look.text, _TEXT, _SOFT),
        (profile_id, _ID, _QUIET),
    ):
        if words:
            image: Image = setter.set(words, px=px, colour=colour, max_width=_PHOTO).image
            placed.append(Sprite(image, left + (_PHOTO - int(image.shape[1])) // 2, top))
            top += int(image.shape[0]) + 9
    return placed
