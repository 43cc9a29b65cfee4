"""What a participant has seen already."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """Messages of a run that took place.

    Parameters
    ----------
    session, task : str
        Labels.
    message_ids : tuple of str
        As planned: a run that was cut short counts as a whole one.
    """

    session: str
    task: str
    message_ids: tuple[str, ...]
