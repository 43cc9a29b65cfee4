"""Reading a log that is still being written, also over a network share. It only ever reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from experiment.readlog import Event

_CHUNK = 1 << 20  # bytes that one poll reads at most
_PATIENCE = 20  # polls for which a damaged line may still become whole


class Follower:
    """Reads what is new in a log, also over a network share.

    The file is opened anew at each poll, which is what makes a share look again. Only complete
    lines count; reading goes on behind the last one, whatever size the share reports. A complete
    line that can't be read (a share may show zeros for a moment) is read again before it is given
    up.

    Parameters
    ----------
    file : Path
        Need not exist yet.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.trouble: str | None = None  # why the last poll could not read
        self.damaged = 0  # lines given up
        self._offset = 0
        self._reach = _CHUNK
        self._tries = 0

    def poll(self) -> list[Event]:
        """Return the events since the last call; its cost does not depend on the log's length."""
        try:
            with self.file.open("rb", buffering=0) as stream:
                stream.seek(self._offset)
                data = stream.read(self._reach)
        except OSError as error:
            self.trouble = error.strerror or type(error).__name__
            return []
        self.trouble = None
        *lines, rest = data.split(b"\n")
        if not lines and len(rest) == self._reach:
            self._reach *= 2  # a header longer than that
        return list(self._events(lines))

    def _events(self, lines: list[bytes]) -> Iterable[Event]:
        for line in lines:
            event = _event(line)
            if event is None:
                self._tries += 1
                if self._tries <= _PATIENCE:
                    return
                self.damaged += 1
            else:
                yield event
            self._tries = 0
            self._offset += len(line) + 1


def newest_log(study: Path, since: float = 0.0) -> Path | None:
    """Return the log of a study that was written to last.

    Parameters
    ----------
    study : Path
        The study's folder.
    since : float
        Logs not written to since then (s, UTC epoch) don't count.
    """
    found: list[tuple[float, Path]] = []
    for file in study.glob("sourcedata/sub-*/ses-*/*.jsonl"):
        try:
            found.append((file.stat().st_mtime, file))
        except OSError:  # gone, or the share is
            continue
    written, newest = max(found, default=(0.0, None))
    return newest if written >= since else None


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or "type" not in event or "seq" not in event:
        return None
    event.pop("digest", None)  # of the line: `read_log` leaves it out too
    return event
