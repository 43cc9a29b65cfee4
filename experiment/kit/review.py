"""Looking a kit through before anybody sees it: what each message is, and whether it can be shown.

Nothing here shows a text; messages and writers are told by their ids.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from experiment.kit.decisions import Decision, usable
from experiment.kit.duplicates import find_duplicates
from experiment.kit.model import Condition, Kit, KitMessage
from experiment.kit.reading import Length, length_of, reading_time
from experiment.looks import Looks, looks_of
from experiment.plans.kit_check import KitCheck, check_kit
from experiment.plans.shown import Shown
from experiment.protocol import Protocol, ScannerMessages
from experiment.said import Said, listed
from experiment.screens import Message
from stimuli.screens.message import MessageLook

WATCHED = "watch list"
# Persons joined without a heart between them: Noto Color Emoji draws them as a pictogram, since
# Unicode 15.1 no longer recommends families of people with a look of their own.
_PERSON = "[👦-👩🧑🧒][🏻-🏿]?"
_FAMILY = re.compile(f"{_PERSON}(?:\u200d{_PERSON})+")
_PREFIXING = re.compile("[\u0590-\u06ff\u0750-\u077f]")  # Hebrew and Arabic letters


@dataclass(frozen=True)
class Looked:
    """What there is to know of a message, without its text.

    Parameters
    ----------
    message_id, writer_id : str
    condition : str
    language : str
    right_to_left : bool
    length : Length
    reading_time : float
        As estimated (s).
    lines : int or None
        Lines on the screen at the protocol's size; None where it does not fit.
    faults : tuple of str
        Why it can't be shown.
    notes : tuple of str
        What somebody should look at.
    decision : Decision or None
    """

    message_id: str
    writer_id: str
    condition: Condition
    language: str
    right_to_left: bool
    length: Length
    reading_time: float
    lines: int | None
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    decision: Decision | None


@dataclass(frozen=True)
class Review:
    """A kit that was looked through.

    Parameters
    ----------
    messages : tuple of Looked
        In the kit's order.
    asked : tuple of str
        What is missing of what each writer was asked for.
    against : tuple of str
        Why no session can be run with it; none means go.
    checked : KitCheck
        What the study can do with it as it is.
    outlook : KitCheck
        What it could do if all messages that wait and can be shown were accepted.
    """

    messages: tuple[Looked, ...]
    asked: tuple[str, ...]
    against: tuple[str, ...]
    checked: KitCheck
    outlook: KitCheck

    @property
    def waiting(self) -> int:
        """How many messages nobody has decided about."""
        return sum(message.decision is None for message in self.messages)


def look_through(
    kit: Kit,
    protocol: Protocol,
    decisions: Mapping[str, Decision],
    shown: tuple[Shown, ...] = (),
) -> Review:
    """Look a kit through.

    Parameters
    ----------
    kit : Kit
    protocol : Protocol
    decisions : mapping of str to Decision
        Last decision about each message, by its id.
    shown : tuple of Shown
        What earlier runs showed.
    """
    looks = looks_of(protocol, protocol.screen.size_px, kit.texts(), draft=True)
    messages = look_at(kit, protocol, looks, decisions)
    required = protocol.kit.review == "required"
    index = usable(kit, decisions, review_required=required)
    usable_now = {message.message_id for message in index.messages}
    against: list[str] = [
        Said("kit.fault", message=message.message_id, why=fault)
        for message in messages
        if message.message_id in usable_now
        for fault in message.faults
    ]
    waiting = {m.message_id for m in messages if m.decision is None} - usable_now
    checked = check_kit(protocol, index, kit.participant, shown)
    hopeful = usable_now | {
        m.message_id for m in messages if m.message_id in waiting and not m.faults
    }
    whole = kit.index()
    hoped = replace(whole, messages=tuple(m for m in whole.messages if m.message_id in hopeful))
    outlook = checked if hoped == index else check_kit(protocol, hoped, kit.participant, shown)
    if checked.missing and waiting:  # what is missing even if all of them are accepted
        against += outlook.against
        against.append(Said("kit.waiting", count=len(waiting)))
    else:
        against += checked.against
    return Review(
        messages,
        _asked(protocol, kit, messages),
        tuple(against),
        checked,
        outlook,
    )


# --- the messages ---------------------------------------------------------------------------------


def look_at(
    kit: Kit, protocol: Protocol, looks: Looks, decisions: Mapping[str, Decision]
) -> tuple[Looked, ...]:
    """Look at each message by itself, and whether it is like another.

    Parameters
    ----------
    kit : Kit
    protocol : Protocol
    looks : Looks
        How messages look, in a window of some size; a draft.
    decisions : mapping of str to Decision
        Last decision about each message, by its id.
    """
    alike: dict[str, list[str]] = {}
    for duplicate in find_duplicates(kit.messages):
        alike.setdefault(duplicate.message_id, []).append(duplicate.said())
    return tuple(
        _look(message, protocol, looks, alike.get(message.message_id, []), decisions)
        for message in kit.messages
    )


def _look(
    message: KitMessage,
    protocol: Protocol,
    looks: Looks,
    alike: Sequence[str],
    decisions: Mapping[str, Decision],
) -> Looked:
    length = length_of(message.text)
    speed = protocol.kit.reading
    time = reading_time(length, speed.words_per_minute, speed.characters_per_minute)
    faults: list[str] = []
    look = looks.painter.look_of_message(message.message_id)
    notes = [*alike, *_notes(message, protocol, length, time), *_emoji_notes(message.text, look)]
    if not look.fits:
        faults.append(Said("kit.does_not_fit"))
    elif look.size < 1:
        notes.append(Said("kit.set_smaller", percent=f"{100 * look.size:.0f}"))
    faults += text_faults(message.text)
    if look.fits and not _has_ink(looks, message.message_id):
        faults.append(Said("kit.no_ink"))
    if look.missing:
        signs = listed(f"U+{ord(box):04X}" for box in look.missing[:5])
        faults.append(Said("kit.no_font", signs=signs))
    return Looked(
        message.message_id,
        message.writer_id,
        message.condition,
        message.language,
        look.right_to_left,
        length,
        time,
        look.lines or None,
        tuple(faults),
        tuple(notes),
        decisions.get(message.message_id),
    )


def text_faults(text: str) -> tuple[str, ...]:
    """Return why a text can't be shown on any computer."""
    return (Said("kit.lost_letter"),) if "\ufffd" in text else ()


def _has_ink(looks: Looks, message_id: str) -> bool:
    picture = looks.painter.paint(Message(message_id))
    return any(bool(sprite.image[..., 3].any()) for sprite in picture.sprites)


def _notes(message: KitMessage, protocol: Protocol, length: Length, time: float) -> list[str]:
    watched = (term for term in protocol.kit.watch_list if hits(term, message.text))
    notes: list[str] = [Said("kit.watched", term=term) for term in watched]
    if length.words + length.characters == 0:
        notes.append(Said("kit.no_words"))
    if message.text.startswith("="):
        notes.append(Said("kit.formula"))
    shown = [
        spec.timing.reading
        for spec in protocol.tasks.values()
        if isinstance(spec, ScannerMessages) and message.condition in spec.messages
    ]
    if shown and time > min(shown):
        notes.append(Said("kit.shown_for", seconds=f"{min(shown):g}"))
    return notes


def _emoji_notes(text: str, look: MessageLook) -> Iterator[str]:
    if look.parted:
        yield Said("kit.parted")
    if any(family[0] not in look.parted for family in _FAMILY.finditer(text)):
        yield Said("kit.family")


def hits(term: str, text: str) -> bool:
    """Tell whether a text has a word that begins like a term, in any case of letters.

    Anywhere in a word if the term begins with ``*``, in Arabic and Hebrew, which put "the" and
    "and" before it, and in scripts without spaces between words.
    """
    anywhere = term.startswith("*") or length_of(term).characters > 0 or _PREFIXING.search(term)
    sought, there = _folded(term.removeprefix("*")), _folded(text)
    pattern = re.escape(sought) if anywhere else rf"(?<!\w){re.escape(sought)}"
    return re.search(pattern, there) is not None


def _folded(text: str) -> str:
    """Return a text without case, full-width forms and what nobody sees in a word (soft hyphens).

    Hebrew and Arabic lose vowels and stretched letters too.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    unseen = {"Cf", "Mn"} if _PREFIXING.search(folded) else {"Cf"}
    return "".join(c for c in folded if c != "\u0640" and unicodedata.category(c) not in unseen)


# --- the whole kit -------------------------------------------------------------------------------


def _asked(protocol: Protocol, kit: Kit, messages: Sequence[Looked]) -> tuple[str, ...]:
    """Say what each writer could still be asked for; messages that can't be shown don't count."""
    good = Counter(
        (message.writer_id, message.condition)
        for message in messages
        if not message.faults and (message.decision is None or message.decision.verdict == "accept")
    )
    strangers = {m.writer_id for m in kit.messages if m.condition == "stranger"}
    found = []
    for writer in kit.writers:
        for condition, count in protocol.kit.per_writer.items():
            missing = count - good[(writer.writer_id, condition)]
            if missing > 0 and (writer.writer_id in strangers) == (condition == "stranger"):
                more = {"writer": writer.writer_id, "count": missing, "condition": condition}
                found.append(Said("kit.more_messages", **more))
    return tuple(found)
