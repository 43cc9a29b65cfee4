"""What an assistant does with a participant's kit, as the commands call it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from experiment.errors import BadInput
from experiment.kit.decisions import (
    Verdict,
    check_initials,
    load_decisions,
    record,
)
from experiment.kit.for_session import shown_before
from experiment.kit.importing import import_kit
from experiment.kit.mapping import layout_from
from experiment.kit.model import Kit
from experiment.kit.origin import Origin, doubts_about, save_origin
from experiment.kit.report import check_report, import_report
from experiment.kit.review import Review, look_through, text_faults
from experiment.kit.store import (
    forget,
    load_kit,
    readable_by_others,
    save_kit,
)
from experiment.said import Said
from experiment.study import Study, check_label, check_writable


def import_answers(
    study: Study,
    participant: str,
    source: Path,
    *,
    mapping: Path | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    again: bool = False,
) -> list[str]:
    """Make a participant's kit and return what is to be told.

    What is missing is told, and the kit is saved all the same: people can still be asked.

    Parameters
    ----------
    study : Study
    participant : str
        Label.
    source : Path
        What their people answered.
    mapping : Path or None
        Says which column is which.
    sheet : str or None
        Sheet of an XLSX file.
    encoding : str or None
        Of a text file, as Python names it; found if None.
    again : bool
        Whether a kit that no session has been run with is destroyed and made anew.

    Raises
    ------
    BadInput
        If a file can't be used, or there is a kit already. Nothing was changed.
    """
    folder = study.kit_folder(check_label("participant", participant))
    if again and _logs(study, participant):
        raise BadInput(Said("refused.kit_in_use", folder=folder))
    strangers = study.protocol.kit.stranger_messages
    imported = import_kit(
        source,
        participant,
        None if strangers is None else study.folder / strangers,
        sheet=sheet,
        encoding=encoding,
        lay_out=None if mapping is None else lambda table: layout_from(mapping, table),
    )
    check_writable(folder)
    review = look_through(imported.kit, study.protocol, {})
    file = save_kit(imported.kit, folder, replace=again)
    save_origin(folder, Origin(imported.kit.index().digest, imported.doubts))
    return [
        *import_report(source.name, imported, review),
        Said("kit.kept", file=file),
        Said("kit.source_left", source=source.name),
    ]


def check(study: Study, participant: str, language: str = "en") -> tuple[list[str], bool]:
    """Look a kit through; return what is to be told, and whether it is a go."""
    kit, folder, review = _opened(study, participant)
    against = _against(folder, review)
    doubts = doubts_about(folder, kit.index().digest)
    return check_report(review, doubts, against, language), not against


def stands(study: Study, participant: str) -> tuple[tuple[str, ...], int]:
    """Tell how a whole kit stands.

    Returns
    -------
    tuple of str
        Why no session can be run with it; nothing is a go.
    int
        How many of its messages may be shown though nobody has decided about them.
    """
    _, folder, review = _opened(study, participant)
    free = study.protocol.kit.review == "optional"
    return _against(folder, review), review.waiting if free else 0


def stands_for(study: Study, kit: Kit, message_ids: Collection[str]) -> tuple[tuple[str, ...], int]:
    """Tell how those messages of a kit stand that a session shows, as far as needs no window.

    What depends on the computer in front of the participant (size, fonts, ink) is found when they
    are laid out there.

    Parameters
    ----------
    study : Study
    kit : Kit
    message_ids : collection of str

    Returns
    -------
    tuple of str
        What is against showing them.
    int
        How many of them nobody has decided about.
    """
    folder = study.kit_folder(kit.participant)
    dealt = [message for message in kit.messages if message.message_id in message_ids]
    decisions = load_decisions(folder, kit.index().digest)
    against = tuple(
        Said("kit.fault", message=message.message_id, why=fault)
        for message in dealt
        for fault in text_faults(message.text)
    )
    undecided = sum(message.message_id not in decisions for message in dealt)
    return (*against, *_open_to_others(folder)), undecided


def decide(
    study: Study,
    participant: str,
    by: str,
    *,
    accept: Sequence[str],
    leave_out: Sequence[str],
    accept_all: bool,
) -> list[str]:
    """Record decisions about messages and return what is to be told.

    Parameters
    ----------
    study : Study
    participant : str
    by : str
        Initials of who decides.
    accept, leave_out : sequence of str
        Ids of messages; each several by commas or spaces.
    accept_all : bool
        Whether to accept all that nobody has decided about and that can be shown.

    Raises
    ------
    BadInput
        If an id isn't in the kit, is in both lists, or its message can't be shown. Nothing was
        recorded.
    """
    check_initials(by)
    kit, folder, review = _opened(study, participant)
    looked = {message.message_id: message for message in review.messages}
    verdicts: dict[str, Verdict] = {}
    if accept_all:
        free = [m for m in review.messages if m.decision is None and not m.faults]
        verdicts = {message.message_id: "accept" for message in free}
    told = set[str]()
    for verdict, ids in (("accept", _ids(accept)), ("leave_out", _ids(leave_out))):
        for message_id in ids:
            if message_id not in looked:
                raise BadInput(Said("refused.no_message", folder=folder, message=repr(message_id)))
            if message_id in told:
                raise BadInput(Said("refused.decided_twice", message=repr(message_id)))
            told.add(message_id)
            if verdict == "accept" and looked[message_id].faults:
                why = looked[message_id].faults[0]
                faulty = {"message": repr(message_id), "why": why}
                raise BadInput(Said("refused.faulty", **faulty))
            verdicts[message_id] = "accept" if verdict == "accept" else "leave_out"
    if not verdicts:
        raise BadInput(Said("refused.nothing_decided"))
    record(folder, kit, verdicts, by, _now())
    after = _opened(study, participant)[2]
    accepted = sum(verdict == "accept" for verdict in verdicts.values())
    counts = {"accepted": accepted, "left_out": len(verdicts) - accepted}
    return [
        Said("kit.decided", **counts, by=by, waiting=after.waiting),
        *(
            Said("kit.fault", message=m.message_id, why=why)
            for m in after.messages
            for why in m.faults
            if m.decision is None
        ),
        *(Said("kit.no_go", why=reason) for reason in after.against),
    ]


def forget_texts(study: Study, participant: str) -> list[str]:
    """Destroy a participant's texts and names and return what is to be told.

    Ids, the kit's digest and decisions stay, so that logs can still be replayed and exported.

    Raises
    ------
    BadInput
        If there is no kit, or a file can't be destroyed.
    """
    folder = study.kit_folder(check_label("participant", participant))
    count = forget(participant, folder, _now())
    key = "forgotten_one" if count == 1 else "forgotten"
    return [Said(f"kit.{key}", count=count, folder=folder), Said("kit.not_reached")]


def _opened(study: Study, participant: str) -> tuple[Kit, Path, Review]:
    folder = study.kit_folder(check_label("participant", participant))
    kit = load_kit(folder)
    decisions = load_decisions(folder, kit.index().digest)
    return (
        kit,
        folder,
        look_through(kit, study.protocol, decisions, shown_before(study, participant)),
    )


def _against(folder: Path, review: Review) -> tuple[str, ...]:
    return (*review.against, *_open_to_others(folder))


def _open_to_others(folder: Path) -> tuple[str, ...]:
    return (Said("kit.others_can_read", folder=folder),) if readable_by_others(folder) else ()


def _ids(given: Sequence[str]) -> Iterator[str]:
    for one in given:
        yield from one.replace(",", " ").split()


def _logs(study: Study, participant: str) -> bool:
    return bool(study.logs_of(participant) or study.logs_set_aside(participant))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
