"""Pages of text: instructions, waiting, the end, and the fixation cross between them."""

from __future__ import annotations

from experiment.screens import Closing, Fixation, Page, Prompt, Waiting
from stimuli.layout import Layout
from stimuli.pictures import Picture
from stimuli.sprites import merge, strokes


def page(screen: Page, layout: Layout) -> Picture:
    """Lay out a page that is left with a key."""
    body = layout.centred_text(screen.text, layout.style.ink)
    return Picture((merge((body, layout.footer("go_on"))),))


def waiting(screen: Waiting, layout: Layout) -> Picture:
    """Lay out the screen while something outside has to happen."""
    return Picture((layout.centred_text(screen.text, layout.soft),))


def prompt(screen: Prompt, layout: Layout) -> Picture:
    """Lay out a text that says what to do now."""
    return Picture((layout.centred_text(screen.text, layout.style.ink),))


def closing(screen: Closing, layout: Layout) -> Picture:
    """Lay out the last screen of a run."""
    return Picture((layout.centred_text(screen.text, layout.style.ink),))


def fixation(screen: Fixation, layout: Layout) -> Picture:  # noqa: ARG001
    """Lay out the fixation cross."""
    x, y = layout.width // 2, layout.height // 2
    arm = round(0.55 * layout.style.text_px)
    arms = (((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm)))
    return Picture((strokes(arms, 0.055 * layout.style.text_px, layout.soft),))
