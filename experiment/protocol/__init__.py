"""The protocol: `study.yaml` as typed data, with a source for every value.

A value is written plainly, or as ``{value: 6, source: S0}``. A mapping may carry ``source: ...``
for all that stands below it. A value that no source covers is an error: a number is either from a
document named under ``sources`` or it says that it is the lab's own (``lab default``).
"""

from experiment.protocol.cyberball import CyberballTask, LabCyberball, ScannerCyberball
from experiment.protocol.design import Design, Window
from experiment.protocol.kit import KitSettings, ReadingSpeed
from experiment.protocol.messages import LabMessages, MessagesTask, Order, ScannerMessages
from experiment.protocol.objects import ObjectCondition, ObjectTask
from experiment.protocol.questionnaire import DailySettings, Questionnaire, QuestionnaireTask
from experiment.protocol.ratings import Rating, worded
from experiment.protocol.reading import LAB_DEFAULT, load_protocol
from experiment.protocol.rig import Buttons, FaultName, PetFrame, Policy
from experiment.protocol.social import ChoosingTask, FeedbackTask, PagesTask
from experiment.protocol.task import Share, TaskSpec
from experiment.protocol.whole import AnyTask, Protocol

__all__ = [
    "LAB_DEFAULT",
    "AnyTask",
    "Buttons",
    "ChoosingTask",
    "CyberballTask",
    "DailySettings",
    "Design",
    "FaultName",
    "FeedbackTask",
    "KitSettings",
    "LabCyberball",
    "LabMessages",
    "MessagesTask",
    "ObjectCondition",
    "ObjectTask",
    "Order",
    "PagesTask",
    "PetFrame",
    "Policy",
    "Protocol",
    "Questionnaire",
    "QuestionnaireTask",
    "Rating",
    "ReadingSpeed",
    "ScannerCyberball",
    "ScannerMessages",
    "Share",
    "TaskSpec",
    "Window",
    "load_protocol",
    "worded",
]
