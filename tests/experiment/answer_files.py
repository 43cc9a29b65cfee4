"""Files of answers, imported for tests."""

from __future__ import annotations

from pathlib import Path

from experiment.kit import Kit
from experiment.kit.importing import Imported, import_kit

ANSWERS = Path(__file__).parent / "answers"


def imported(name: str, **options: str) -> Imported:
    return import_kit(ANSWERS / name, "012", None, **options)  # type: ignore[arg-type]


def told(kit: Kit) -> list[tuple[str, str, str, str]]:
    """Writer, condition, language and text of each message."""
    return [(m.writer_id, m.condition, m.language, m.text) for m in kit.messages]
