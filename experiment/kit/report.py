"""What an assistant is told of a kit: ids, counts and reasons, never a text or a name."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from experiment.kit.importing import Imported
from experiment.kit.review import WATCHED, Looked, Review
from experiment.plans.kit_check import balance_lines
from experiment.said import Said, in_words, listed

_HEADINGS = (
    *("message", "writer", "condition", "language", "dir", "words", "reads", "lines"),
    *("decision", "look_at"),
)
_RIGHT = ("words", "reads", "lines")
_REASONS = {"not finished": "not_finished", "no consent": "no_consent", "no message": "no_message"}


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
    lines: list[str] = [Said("kit.read", source=source, kind=imported.read_as)]
    for row in imported.left_out:
        why = Said(f"kit.{_REASONS[row.reason]}") if row.reason in _REASONS else row.reason
        lines.append(Said("kit.row_left_out", source=source, line=row.line, why=why))
    lines += [Said("kit.look_at", what=note) for note in imported.notes]
    for message in review.messages:
        place = imported.lines.get(message.message_id)
        which = message.message_id + ("" if place is None else f" ({source}:{place})")
        lines += [Said("kit.not_shown", message=which, why=why) for why in message.faults]
        lines += [
            Said("kit.look_at", what=Said("kit.noted", message=which, what=note))
            for note in message.notes
            if note.startswith(WATCHED)
        ]
    lines += [Said("kit.ask_for", what=asked) for asked in review.asked]
    writers = len({message.writer_id for message in review.messages})
    lines += [
        Said("kit.of_condition", count=f"{count:4d}", condition=condition)
        for condition, count in imported.kit.counts().items()
    ]
    return [*lines, Said("kit.writers", count=f"{writers:4d}"), *review.outlook.lines()]


def check_report(
    review: Review, doubts: Iterable[str] = (), against: Iterable[str] = (), language: str = "en"
) -> list[str]:
    """Return a table of a kit's messages and whether sessions can be run with it.

    Parameters
    ----------
    review : Review
    doubts : iterable of str
        What the import left to look at.
    against : iterable of str
        Why no session can be run; nothing is a go.
    language : str
        The assistant's, by which the columns are set.
    """
    head = tuple(Said(f"kit.head.{name}") for name in _HEADINGS)
    rows = [
        tuple(in_words(cell, language) for cell in row)
        for row in (head, *map(_row, review.messages))
    ]
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(_HEADINGS))]
    lines = ["  ".join(map(_set, row, widths, _HEADINGS)).rstrip() for row in rows]
    verdicts = [m.decision.verdict if m.decision else None for m in review.messages]
    counts = {"accepted": verdicts.count("accept"), "left_out": verdicts.count("leave_out")}
    lines += [
        "",
        Said("kit.counted", count=len(verdicts), **counts, waiting=review.waiting),
        *(Said("kit.look_at", what=doubt) for doubt in doubts),
        *(Said("kit.ask_for", what=asked) for asked in review.asked),
        *balance_lines(review.checked.balance, review.checked.balance_within),
    ]
    reasons = [Said("kit.no_go", why=reason) for reason in against]
    return [*lines, *(reasons or [Said("kit.go")])]


def _set(cell: str, width: int, heading: str) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if heading in _RIGHT else cell + space


def _decision(message: Looked) -> str:
    if message.decision is None:
        return "-"
    verdict = "accepted_by" if message.decision.verdict == "accept" else "left_out_by"
    return Said(f"kit.{verdict}", by=message.decision.by)


def _row(message: Looked) -> tuple[str, ...]:
    found = (*message.faults, *message.notes)
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
        listed(found, by="also") if found else "",
    )
