"""What a participant has seen already."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """What was shown in a run that took place.

    Parameters
    ----------
    session, task : str
        Labels.
    message_ids : tuple of str
        As planned: a run that was cut short counts as a whole one.
    profile_ids : tuple of str
        People whose answers were shown, as planned too.
    set_aside : bool
        Whether its session is done again: the run is still to come and shows the same messages
        once more; to all others they are seen.
    """

    session: str
    task: str
    message_ids: tuple[str, ...]
    profile_ids: tuple[str, ...] = ()
    set_aside: bool = False
