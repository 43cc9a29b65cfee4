"""What a session's ball games will come to, told beforehand: nothing is run, nothing is written."""

from __future__ import annotations

from experiment.catalogue import plan_task
from experiment.choices import social_of
from experiment.kit.for_session import open_kit, shown_before
from experiment.plans.cyberball import foreseen_lines
from experiment.plans.plan import PlanInputs
from experiment.study import Study


def game_lines(study: Study, participant: str, session: str, task: str | None = None) -> list[str]:
    """Return the planned shares and the span of exclusion's onset of each round, as lines.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels.
    task : str or None
        The one that is to be run by itself; None for all that the session needs.

    Raises
    ------
    BadInput
        If a round can't be played as the protocol says it.
    """
    protocol = study.protocol
    games = tuple(
        game
        for game in study.session_tasks(session, task)
        if protocol.tasks[game].kind == "cyberball"
    )
    if not games:
        return []
    _, index = open_kit(study, participant, needed=False)
    shown = shown_before(study, participant)
    social = social_of(study, participant, games)
    people = None if social is None else social.people
    lines = []
    for game in games:
        inputs = PlanInputs(protocol, game, index, session, participant, study.seed, shown, people)
        lines += foreseen_lines(game, plan_task(inputs).plan)
    return lines
