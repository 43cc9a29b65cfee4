"""From a template and figures to one HTML file that needs nothing else.

All words of the reports are in ``templates/``; figures are put into the page itself.
"""

from __future__ import annotations

import base64
import math
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from analysis.science.effects import Estimate, Size

_TEMPLATES = Path(__file__).parent / "templates"
_SMALLEST = 0.001


def render(template: str, **facts: Any) -> str:
    """Return the page that a template makes of facts."""
    return _environment().get_template(template).render(**facts)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "num": number,
        "p": p_value,
        "p_words": p_words,
        "interval": interval,
        "size": size,
        "words": words,
        "plural": plural,
    }
    made.globals["figure"] = figure
    return made


def figure(data: bytes, alt: str, *, width: str = "") -> Markup:
    """Return an image that is part of the page.

    Parameters
    ----------
    data : bytes
        SVG or PNG.
    alt : str
        What it shows, in words.
    width : str
        Of the page, as CSS says it; as wide as it was drawn if empty.
    """
    kind = "png" if data.startswith(b"\x89PNG") else "svg+xml"
    style = f' style="width:{width}"' if width else ""
    code = base64.b64encode(data).decode("ascii")
    return Markup('<img src="data:image/{}" alt="{}"{}>').format(
        Markup(f"{kind};base64,{code}"), alt, Markup(style)
    )


def number(value: float | None, places: int = 2) -> str:
    """Return a number as papers print it, with a true minus; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{places}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def p_value(p: float) -> str:
    """Return a p-value with three digits, or how small it is."""
    return "< .001" if p < _SMALLEST else f"{p:.3f}".removeprefix("0")


def p_words(p: float) -> Markup:
    """Return a p-value as it stands in a sentence."""
    told = p_value(p)
    return Markup("<i>p</i> {}").format(told if told.startswith("<") else f"= {told}")


def interval(one: Estimate | Size, places: int = 2) -> str:
    """Return an interval."""
    return f"{number(one.low, places)} to {number(one.high, places)}"


def size(one: Size | None) -> Markup:
    """Return an effect size with its interval; nothing where there is none."""
    if one is None:
        return Markup("")
    name, _, index = one.name.partition("_")
    label = Markup("<i>{}</i>").format(name)
    if index:
        label += Markup("<sub>{}</sub>").format(index)
    return label + escape(f" = {number(one.value)} [{interval(one)}]")


def words(name: str) -> str:
    """Return a name of the protocol as words."""
    return name.replace("_", " ")


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"
