"""What all kinds of survey export come down to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from experiment.kit.columns import Columns

# Answers that are consent. Anything else is none: a refusal must never pass for it. What begins
# with "I agree" can go on, as the sentence of a form's box does, but with no negation or condition.
_UNLESS = (
    r"(?!.*(\b(no|not|none|never|nor|neither|cannot|without|but|except|unless|only|if|however"
    r"|refuse|withdraw|disagree)\b|n['’]t\b))"
)
AGREED = rf"{_UNLESS}(yes,? )?i (agree|consent)\b.*|agreed?|yes\.?|1|true|checked"
DONE = r"true|1|2|yes|complete"


@dataclass(frozen=True)
class Layout:
    """How a table of answers is to be read.

    Parameters
    ----------
    tool : str
        What wrote it, in words.
    header : int
        Index of the row that names the columns.
    first : int
        Index of the first answer's row.
    columns : Columns
    agreed, done : str
        Patterns of whole answers, in small letters, that are consent, and that mean that an answer
        is finished.
    status : int or None
        Number of a column that marks rows which nobody sent.
    not_answers : mapping of str to str
        What it says then, in small letters, and the reason to leave the row out.
    language : str or None
        Language of all messages, where no column says it.
    conditions : tuple of (str, str)
        What the column of conditions says, and which condition it is.
    notices : tuple of str
        What the person who imports it should know.
    """

    tool: str
    header: int
    first: int
    columns: Columns
    agreed: str = AGREED
    done: str = DONE
    status: int | None = None
    not_answers: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    conditions: tuple[tuple[str, str], ...] = ()
    notices: tuple[str, ...] = ()
