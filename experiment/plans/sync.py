"""The pattern of ``sync`` markers by which list-mode data of a PET scan find their run again."""

from __future__ import annotations

from experiment.chance import dice

BEFORE_SYNC = 0.5  # s from the run's zero to the first marker
_SHORTEST, _STEP, _VALUES = 0.2, 0.05, 16  # s, s (three frames at 60 Hz), gaps to choose from


def sync_times(seed: int, participant: str, session: str, task: str, count: int) -> list[float]:
    """Return when the ``sync`` markers of a run go out.

    The gaps between the markers are the digits, to base 16, of a number that is drawn from a digest
    (SHA-256) of the study's seed and the labels of participant, session and task: every run of a
    study has a number of its own, whoever plans it and in whatever order.

    Two of ``n`` runs have the same pattern with a probability of at most ``n (n - 1) / 2`` in
    ``16 ** (count - 1)``. With the 8 markers that a protocol needs at least (7 gaps) that is 1 in
    13,000 for a study of 200 runs; with 12 markers it is 1 in 880 million.

    Parameters
    ----------
    seed : int
        The session's.
    participant, session, task : str
        Labels.
    count : int
        Markers: 0, or as many as the protocol allows.

    Returns
    -------
    list of float
        Seconds from the run's zero, whole milliseconds, 0.2 to 0.95 s apart.
    """
    chance = dice(seed, participant, session, task, "sync")
    times = [BEFORE_SYNC] if count else []
    for _ in range(count - 1):
        times.append(round(times[-1] + _SHORTEST + _STEP * chance.below(_VALUES), 3))
    return times
