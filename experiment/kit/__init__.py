"""A participant's kit: the messages that their own people wrote, and control messages.

The kit is the only place where texts and names are. Everything else refers to a message and its
writer by opaque ids and sees the `KitIndex`. How one is
imported (`experiment.kit.importing`) is not loaded here: every protocol knows of kits, and few who
read one import any.
"""

from experiment.kit.model import (
    SCHEMA,
    Condition,
    IndexedMessage,
    Kit,
    KitIndex,
    KitMessage,
    Writer,
)
from experiment.kit.store import KIT_FILE, load_kit, save_kit

__all__ = [
    "KIT_FILE",
    "SCHEMA",
    "Condition",
    "IndexedMessage",
    "Kit",
    "KitIndex",
    "KitMessage",
    "Writer",
    "load_kit",
    "save_kit",
]
