"""A participant's kit: the messages that their own people wrote, and control messages.

The kit is the only place where texts and names are. Everything else refers to a message and its
writer by opaque ids and sees the `KitIndex`.
"""

from __future__ import annotations

from experiment.kit.model import (
    SCHEMA,
    Condition,
    Imported,
    IndexedMessage,
    Kit,
    KitIndex,
    KitMessage,
    LeftOut,
    Writer,
)
from experiment.kit.qualtrics import import_qualtrics
from experiment.kit.store import KIT_FILE, load_kit, save_kit

__all__ = [
    "KIT_FILE",
    "SCHEMA",
    "Condition",
    "Imported",
    "IndexedMessage",
    "Kit",
    "KitIndex",
    "KitMessage",
    "LeftOut",
    "Writer",
    "import_qualtrics",
    "load_kit",
    "save_kit",
]
