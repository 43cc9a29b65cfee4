"""A kit and its parts, and what may be known of them outside the kit."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from experiment.files import canonical

Condition: TypeAlias = Literal["kind", "neutral", "stranger"]
SCHEMA = 1


@dataclass(frozen=True)
class Writer:
    """Somebody who wrote messages. Name and relation are private."""

    writer_id: str
    name: str
    relation: str


@dataclass(frozen=True)
class KitMessage:
    """A message with its text, which is private."""

    message_id: str
    writer_id: str
    condition: Condition
    language: str
    text: str


@dataclass(frozen=True)
class IndexedMessage:
    """What may be known of a message outside the kit."""

    message_id: str
    writer_id: str
    condition: Condition
    language: str


@dataclass(frozen=True)
class KitIndex:
    """A kit without texts and names; this is what plans and logs see.

    Parameters
    ----------
    digest : str
        SHA-256 of the whole kit (hex), which ties a log to the kit that was shown.
    messages : tuple of IndexedMessage
        In the kit's order.
    """

    digest: str
    messages: tuple[IndexedMessage, ...]


@dataclass(frozen=True)
class Kit:
    """Everything that one participant's people wrote.

    Parameters
    ----------
    participant : str
        Label, without ``sub-``.
    writers : tuple of Writer
    messages : tuple of KitMessage
    """

    participant: str
    writers: tuple[Writer, ...]
    messages: tuple[KitMessage, ...]
    schema: int = SCHEMA

    def index(self) -> KitIndex:
        """Return the kit without anything private."""
        digest = hashlib.sha256(canonical(asdict(self)).encode()).hexdigest()
        return KitIndex(
            digest,
            tuple(
                IndexedMessage(m.message_id, m.writer_id, m.condition, m.language)
                for m in self.messages
            ),
        )

    def counts(self) -> dict[str, int]:
        """Return how many messages there are of each condition."""
        return dict(sorted(Counter(m.condition for m in self.messages).items()))

    def texts(self) -> dict[str, tuple[str, str]]:
        """Return text and language of each message, by its id."""
        return {m.message_id: (m.text, m.language) for m in self.messages}


@dataclass(frozen=True)
class LeftOut:
    """A row that was not imported; says why without saying anything private."""

    line: int
    reason: str


@dataclass(frozen=True)
class Imported:
    """A new kit and what was left out of it."""

    kit: Kit
    left_out: tuple[LeftOut, ...]
