"""What an assistant is told of a kit: ids, counts and reasons, never a text or a name."""

from __future__ import annotations

from collections.abc import Iterable

from experiment.kit.importing import Imported
from experiment.kit.review import WATCHED, Looked, Review
from experiment.plans.kit_check import balance_lines

_HEADINGS = (
    *("message", "writer", "condition", "language", "dir", "words", "reads", "lines"),
    *("decision", "look at"),
)
_RIGHT = ("words", "reads", "lines")


def import_report(source: str, imported: Imported, review: Review) -> list[str]:
    """Return what an import found, line by line.

    Parameters
    ----------
    source : str
        The source's name.
    imported : Imported
    review : Review
        The new kit, looked through.
    """
    lines = [f"read {source} as {imported.read_as}"]
    lines += [f"left out: {source}:{row.line}: {row.reason}" for row in imported.left_out]
    lines += [f"look at: {note}" for note in imported.notes]
    for message in review.messages:
        place = imported.lines.get(message.message_id)
        where = "" if place is None else f" ({source}:{place})"
        lines += [f"can't be shown: {message.message_id}{where} {why}" for why in message.faults]
        lines += [
            f"look at: {message.message_id}{where} {note}"
            for note in message.notes
            if note.startswith(WATCHED)
        ]
    lines += [f"ask for {asked}" for asked in review.asked]
    writers = len({message.writer_id for message in review.messages})
    lines += [
        f"{count:4d} {condition} messages" for condition, count in imported.kit.counts().items()
    ]
    return [*lines, f"{writers:4d} writers", *review.outlook.lines()]


def check_report(review: Review, doubts: Iterable[str] = ()) -> list[str]:
    """Return a table of a kit's messages and whether sessions can be run with it.

    Parameters
    ----------
    review : Review
    doubts : iterable of str
        What the import left to look at.
    """
    rows = [_HEADINGS, *(_row(message) for message in review.messages)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADINGS))]
    lines = [
        "  ".join(
            cell.rjust(width) if heading in _RIGHT else cell.ljust(width)
            for cell, width, heading in zip(row, widths, _HEADINGS, strict=True)
        ).rstrip()
        for row in rows
    ]
    verdicts = [m.decision.verdict if m.decision else None for m in review.messages]
    lines += [
        "",
        f"{len(verdicts)} messages: {verdicts.count('accept')} accepted, "
        f"{verdicts.count('leave_out')} left out, {review.waiting} wait for review",
    ]
    lines += [f"look at: {doubt}" for doubt in doubts]
    lines += [f"ask for {asked}" for asked in review.asked]
    lines += balance_lines(review.checked.balance, review.checked.balance_within)
    lines += [f"no-go: {reason}" for reason in review.against]
    return [*lines, *(() if review.against else ("go",))]


def _decision(message: Looked) -> str:
    if message.decision is None:
        return "-"
    verdict = "accepted" if message.decision.verdict == "accept" else "left out"
    return f"{verdict} {message.decision.by}"


def _row(message: Looked) -> tuple[str, ...]:
    return (
        message.message_id,
        message.writer_id,
        message.condition,
        message.language,
        "rtl" if message.right_to_left else "ltr",
        str(message.length),
        f"{message.reading_time:.1f} s",
        "-" if message.lines is None else str(message.lines),
        _decision(message),
        _listed((*message.faults, *message.notes)),
    )


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(parts)
