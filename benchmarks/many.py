"""Thousands of logs of few: real robots' sessions under other participants' labels.

A relabelled log is a whole log with a chain of digests that holds, and everything that is read from
it is as in the session that it was made of. Its plan is still that of the first participant, so
that a replay would rightly say that it is not what this one's seed gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiment.log import link


def relabelled(log: bytes, participant: str, session: str, *, person: bool = True) -> bytes:
    """Return a log as if it were another participant's.

    Parameters
    ----------
    log : bytes
        Of a whole session, its chain of digests unbroken.
    participant, session : str
        Labels.
    person : bool
        Whether it is to pass as a person's: reports leave robots out.
    """
    first, *rest = log.decode().splitlines()
    header = json.loads(first)
    del header["digest"]
    header |= {"participant": participant, "session": session}
    header["robot"] = None if person else header["robot"]
    bodies = [json.dumps(header, separators=(",", ":"), ensure_ascii=False)]
    bodies += [line.rpartition(',"digest":"')[0] + "}" for line in rest]
    lines, digest = [], ""
    for body in bodies:
        digest = link(digest, body)
        lines.append(f'{body[:-1]},"digest":"{digest}"}}\n')
    return "".join(lines).encode()


def many(templates: Sequence[Path], sourcedata: Path, sessions: int) -> Iterator[Path]:
    """Write so many sessions, two for each participant, and yield their logs.

    Parameters
    ----------
    templates : sequence of Path
        Logs of whole sessions, each used for every so many-th.
    sourcedata : Path
        Of a study.
    sessions : int
    """
    originals = [log.read_bytes() for log in templates]
    for number in range(sessions):
        participant, session = f"{number // 2 + 1:06d}", f"{number % 2 + 1:02d}"
        folder = sourcedata / f"sub-{participant}" / f"ses-{session}"
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"sub-{participant}_ses-{session}.jsonl"
        original = originals[number % len(originals)]
        log.write_bytes(relabelled(original, participant, session))
        yield log
