"""Pictures that look the same: a hash of what is seen, not of the file.

The difference hash (Krawetz 2013, "Kind of like that"): the picture is made small and grey, and
each bit says whether a pixel is brighter than its neighbour; here by more than what compression
does to an even wall. Another size, format or brightness changes few bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

GRID = 16
"""Bits along a row and along a column."""
BITS = 2 * GRID * GRID
MARGIN = 4
"""Grey levels (of 255) by which neighbours must differ."""
NEAR = 28
"""Two pictures are nearly the same where at most so many of `BITS` differ. Copies of the demo
set's pictures in another size, format, crop (1 %) and brightness (15 %) differ in 24 bits at most;
no two of its people, though drawn by one hand, in fewer than 36."""


def fingerprint(picture: Image) -> int:
    """Return the difference hash of a picture, `BITS` long."""
    from PIL import Image

    grey = picture.convert("L")
    wide = np.asarray(grey.resize((GRID + 1, GRID), Image.Resampling.BOX), dtype=np.int16)
    tall = np.asarray(grey.resize((GRID, GRID + 1), Image.Resampling.BOX), dtype=np.int16)
    bits = np.concatenate(
        [(np.diff(wide, axis=1) > MARGIN).ravel(), (np.diff(tall, axis=0) > MARGIN).ravel()]
    )
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """Return in how many bits two hashes differ."""
    return (one ^ other).bit_count()
