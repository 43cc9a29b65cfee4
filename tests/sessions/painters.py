"""A painter that counts what it lays out."""

from __future__ import annotations

from experiment.screens import Screen
from stimuli.painter import Painter
from stimuli.pictures import Picture


class CountingPainter(Painter):
    """Lays screens out, and counts how often.

    Attributes
    ----------
    painted : int
    """

    painted = 0

    def paint(self, screen: Screen) -> Picture:
        """Lay a screen out, and count it."""
        self.painted += 1
        return super().paint(screen)
