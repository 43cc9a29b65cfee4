"""The patch in a corner for a photodiode: white on the first frame of a marked step, else black."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stimuli.sprites import Sprite


@dataclass(frozen=True)
class Patch:
    """Where the patch is, and how large.

    Parameters
    ----------
    corner : str
        ``top_left``, ``top_right``, ``bottom_left`` or ``bottom_right``.
    size_px : int
        Its side.
    """

    corner: str
    size_px: int

    def sprite(self, window_px: tuple[int, int], *, lit: bool) -> Sprite:
        """Give it as it is in a window of a size (width, height)."""
        down, across = self.corner.split("_")
        image = np.full((self.size_px, self.size_px, 4), 255 if lit else 0, np.uint8)
        image[..., 3] = 255
        left = 0 if across == "left" else window_px[0] - self.size_px
        return Sprite(image, left, 0 if down == "top" else window_px[1] - self.size_px)
