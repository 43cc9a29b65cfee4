"""Photos become images of the right size before a run: upright, cropped, with round corners."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stimuli.sprites import Floats, Image, rgb

CORNER = 0.06
"""Radius of a photo's corners in units of its side."""

ABOVE = 0.35
"""Share of what a tall photo has too much that is cropped above: faces are in the upper half."""


UNREADABLE = (OSError, SyntaxError, ValueError)
"""What PIL raises for files that are no pictures."""


def unreadable(whose: str) -> ValueError:
    """Say whose photo can't be read, by the id, since a file's name may be a person's."""
    return ValueError(
        f"the photo of {whose} can't be read as a picture: run_session.py profiles check FOLDER"
        " says more"
    )


class Photos:
    """Photos made ready, each size of each file once.

    Parameters
    ----------
    background : str
        Colour (``#rrggbb``) behind photos that let something through.
    """

    def __init__(self, background: str) -> None:
        self._background = rgb(background)
        self._ready: dict[tuple[Path, int, float], Image] = {}

    def square(self, file: Path | None, side: int) -> Image:
        """Give a photo as a round-cornered square.

        Parameters
        ----------
        file : Path or None
        side : int
            Width and height (px).

        Raises
        ------
        OSError
            If it can't be read, or is no picture.
        ValueError
            If there is none.
        """
        return self._cropped(file, side, CORNER * side)

    def round(self, file: Path | None, side: int) -> Image:
        """Give a photo as a disc of diameter `side` (px); else like `square`."""
        return self._cropped(file, side, side / 2)

    def _cropped(self, file: Path | None, side: int, radius: float) -> Image:
        if file is None:
            raise ValueError("there is no photo")
        key = (file, side, radius)
        if key not in self._ready:
            self._ready[key] = _square(file, side, radius, self._background)
        return self._ready[key]


def _square(file: Path, side: int, radius: float, background: tuple[int, int, int]) -> Image:
    from PIL import Image as Pil
    from PIL import ImageOps

    with Pil.open(file) as opened:
        seen = ImageOps.exif_transpose(opened).convert("RGBA")
    behind = Pil.new("RGBA", seen.size, (*background, 255))
    whole = Pil.alpha_composite(behind, seen).convert("RGB")
    fitted = ImageOps.fit(whole, (side, side), Pil.Resampling.LANCZOS, centering=(0.5, ABOVE))
    image = np.empty((side, side, 4), dtype=np.uint8)
    image[..., :3] = np.asarray(fitted)
    image[..., 3] = np.rint(rounded(side, radius))
    image.flags.writeable = False
    return image


def rounded(side: int, radius: float) -> Floats:
    """Give the alpha (0-255) of a square with round corners, smooth-edged; shape (side, side)."""
    along = np.arange(side) + 0.5
    into = np.maximum(radius - np.minimum(along, side - along), 0.0)  # into a corner's quarter
    distance = np.hypot(into[:, None], into[None, :])
    alpha: Floats = 255.0 * np.clip(radius - distance + 0.5, 0.0, 1.0)
    return alpha
