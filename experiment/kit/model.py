"""A kit and its parts, and what may be known of them outside the kit."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

from experiment.files import canonical
from experiment.kit.reading import Length, length_of, visible_characters

Condition: TypeAlias = Literal["kind", "neutral", "stranger"]
SCHEMA = 1
_LABEL = re.compile(r"[A-Za-z0-9]+")
_ID = re.compile(r"[a-z]\d{2,6}")
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


@dataclass(frozen=True)
class Writer:
    """Somebody who wrote messages. Name and relation are private, and in no `repr`."""

    writer_id: str
    name: str = field(repr=False)
    relation: str = field(repr=False)


@dataclass(frozen=True)
class KitMessage:
    """A message with its text, which is private, and in no `repr`."""

    message_id: str
    writer_id: str
    condition: Condition
    language: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class IndexedMessage:
    """What may be known of a message outside the kit.

    Parameters
    ----------
    message_id, writer_id : str
    condition : str
    language : str
    characters : int
        What can be seen of its text: white space is not counted, in any script.
    length : Length
        What its reading time is worked out from.
    """

    message_id: str
    writer_id: str
    condition: Condition
    language: str
    characters: int
    length: Length


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
        Each wrote at least one of the messages.
    messages : tuple of KitMessage

    Raises
    ------
    ValueError
        If ids are not unique, or messages and writers don't belong together.
    """

    participant: str
    writers: tuple[Writer, ...]
    messages: tuple[KitMessage, ...]
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        self._check_public()
        message_ids = [message.message_id for message in self.messages]
        writer_ids = [writer.writer_id for writer in self.writers]
        for what, ids in (("message", message_ids), ("writer", writer_ids)):
            twice = [one for one, count in Counter(ids).items() if count > 1]
            if twice:
                raise ValueError(f"{what} {twice[0]} is in it twice")
        wrote = {message.writer_id for message in self.messages}
        for stray in (one for one in writer_ids if one not in wrote):
            raise ValueError(f"writer {stray} has no message")
        for message in self.messages:
            if message.writer_id not in writer_ids:
                raise ValueError(f"message {message.message_id} has no writer")
            if not message.text.strip():
                raise ValueError(f"message {message.message_id} is empty")

    def _check_public(self) -> None:
        """Make sure that nothing private stands where everybody will see it."""
        if not _LABEL.fullmatch(self.participant):
            raise ValueError("its participant is no label of letters and digits")
        ids = (*(m.message_id for m in self.messages), *(w.writer_id for w in self.writers))
        if not all(_ID.fullmatch(one) for one in ids):
            raise ValueError("an id is not a small letter and digits")
        if not all(_TAG.fullmatch(message.language) for message in self.messages):
            raise ValueError("a language is no tag such as en or zh-hans")

    def index(self) -> KitIndex:
        """Return the kit without anything private."""
        digest = hashlib.sha256(canonical(asdict(self)).encode()).hexdigest()
        return KitIndex(
            digest,
            tuple(
                IndexedMessage(
                    m.message_id,
                    m.writer_id,
                    m.condition,
                    m.language,
                    visible_characters(m.text),
                    length_of(m.text),
                )
                for m in self.messages
            ),
        )

    def counts(self) -> dict[str, int]:
        """Return how many messages there are of each condition."""
        return dict(sorted(Counter(m.condition for m in self.messages).items()))

    def texts(self) -> dict[str, tuple[str, str]]:
        """Return text and language of each message, by its id."""
        return {m.message_id: (m.text, m.language) for m in self.messages}
