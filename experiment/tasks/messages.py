"""Kind messages: the participant reads what people close to them wrote, and rates each message.

Inagaki et al. 2016 (lab, self-paced), Inagaki & Eisenberger 2013 and Inagaki et al. 2019 (scanner,
timed). The plan says when each thing ends, so one generator serves both.
"""

from __future__ import annotations

from experiment.plans.messages import MessagesPlan
from experiment.screens import Closing, Fixation, Message, Scale
from experiment.steps import ResponseKind, Step, Task
from experiment.tasks.opening import key_that_ends, opening


def messages(plan: MessagesPlan) -> Task:
    """Show each message, then ask how connected the reader feels and how good it felt."""
    marker = yield from opening(plan)
    yield Step(Fixation(), ends=plan.lead_in_ends, marker=marker)
    for trial in plan.trials:
        yield Step(Fixation(), ends=trial.fixation_ends, marker="fixation", trial=trial.number)
        yield Step(
            Message(trial.message_id),
            ends=trial.reading_ends,
            marker=trial.condition,
            accepts=key_that_ends(trial.reading_ends),
            trial=trial.number,
        )
        for question in trial.questions:
            yield Step(
                Scale(question.rating, question.start),
                ends=question.ends,
                marker=f"rate_{question.rating}",
                accepts=ResponseKind.RATING,
                trial=trial.number,
            )
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")
