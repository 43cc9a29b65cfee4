"""The whole list: what is looked at, side by side, and in which order it is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment.devices import Wires
from experiment.errors import KindredError
from experiment.kit import Kit
from experiment.plain import to_plain
from experiment.preflight.copies import judge_copies
from experiment.preflight.disk import gather_disk, judge_disk
from experiment.preflight.line import Line
from experiment.preflight.live import judge_live, stand_ins
from experiment.preflight.materials import (
    PictureFacts,
    gather_dealt,
    gather_kit,
    gather_pictures,
    judge_kit,
    judge_pictures,
)
from experiment.preflight.person import gather_person, judge_person
from experiment.preflight.power import gather_power, judge_power
from experiment.preflight.software import judge_version
from experiment.preflight.sound import gather_sound, judge_sound
from experiment.preflight.time import gather_time, judge_time
from experiment.preflight.wiring import (
    HeardFacts,
    gather_echo,
    gather_ports,
    judge_echo,
    judge_marks,
    judge_ports,
    listen,
)
from experiment.running import running_sessions
from experiment.said import Said, listed
from experiment.study import Study

_NEVER_OVERRIDDEN = ("stand_ins",)
_ORDER = (
    "screen_size",
    "refresh",
    "vertical_blank",
    "second_screen",
    "sound",
    "ports",
    "latency",
    "echo",
    "pulses",
    "marks",
    "buttons",
    "person",
    "kit",
    "pictures",
    "disk",
    "folder",
    "clock",
    "battery",
    "power_plan",
    "copies",
    "stand_ins",
    "version",
)


@dataclass(frozen=True)
class Subject:
    """The session that is looked at beforehand.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels.
    tasks : tuple of str
    folder : Path
        Of its log.
    wires : Wires
    live : bool
        Whether data are taken: neither a robot takes part, nor is it a rehearsal.
    resumed : bool
    """

    study: Study
    participant: str
    session: str
    tasks: tuple[str, ...]
    folder: Path
    wires: Wires
    live: bool
    resumed: bool = False


class Checks:
    """What is looked at beside the opening of the window, each in a thread of its own.

    Parameters
    ----------
    subject : Subject
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="preflight")
        self._wiring = self._pool.submit(_wiring, subject)
        study = subject.study
        self._others: list[Future[list[Line]]] = [
            self._pool.submit(look)
            for look in (
                lambda: judge_disk(gather_disk(subject.folder)),
                lambda: [
                    judge_person(gather_person(study, subject.participant), live=subject.live)
                ],
                lambda: [judge_sound(gather_sound())],
                lambda: [judge_time(gather_time(study))],
                lambda: judge_power(gather_power(), kept_awake=study.protocol.devices.keep_awake),
                lambda: [judge_copies(running_sessions(study.folder))],
                lambda: [judge_live(stand_ins(subject.wires), live=subject.live)],
                lambda: [judge_version(study.protocol.study.software)],
            )
        ]

    def listen(self, seconds: float) -> Future[HeardFacts]:
        """Listen to the scanner's port, once the ports were looked at."""
        protocol, wires = self._subject.study.protocol, self._subject.wires

        def after_wiring() -> HeardFacts:
            self._wiring.result()
            return listen(wires, protocol, seconds, self._subject.tasks)

        return self._pool.submit(after_wiring)

    def wait_for_ports(self) -> None:
        """Return once nothing here holds a port open any more."""
        self._wiring.result()

    def lines(self, more: Iterable[Line] = ()) -> list[Line]:
        """Return all lines, in the order in which they are told.

        Parameters
        ----------
        more : iterable of Line
            About display, pulses, buttons and materials.
        """
        found = [*self._wiring.result(), *more]
        found += [line for other in self._others for line in other.result()]
        return sorted(found, key=lambda line: _ORDER.index(line.subject))

    def close(self) -> None:
        """Wait for what is still being looked at."""
        self._pool.shutdown(wait=True)


def _wiring(subject: Subject) -> list[Line]:
    ports = judge_ports(gather_ports(subject.wires))
    # Whether a run that goes on waits again depends on where it was left; its session looks itself.
    marks = judge_marks(
        subject.wires, subject.study.protocol, () if subject.resumed else subject.tasks
    )
    if any(line.verdict == "no-go" for line in ports):
        return [*ports, *marks]  # the test codes could not be sent
    return [*ports, *marks, judge_echo(gather_echo(subject.wires, resumed=subject.resumed))]


def material_lines(subject: Subject) -> list[Line]:
    """Return the lines about kit and pictures. Call it in the main thread: texts are laid out."""
    whose = (subject.study, subject.participant, subject.tasks)
    return [judge_kit(gather_kit(*whose)), judge_pictures(gather_pictures(*whose))]


def dealt_lines(
    study: Study, kit: Kit, message_ids: Collection[str], *, pictures: bool
) -> list[Line]:
    """Return the lines about what a session is about to show, and nothing else.

    Parameters
    ----------
    study : Study
    kit : Kit
    message_ids : collection of str
        Of all messages that its runs can show.
    pictures : bool
        Whether they show people. Each picture is decoded when the screens are laid out, and one
        that can't be is refused then.
    """
    return [
        judge_kit(gather_dealt(study, kit, message_ids)),
        judge_pictures(PictureFacts(pictures)),
    ]


def for_header(lines: Sequence[Line], override: str | None) -> dict[str, Any]:
    """Return what a log's header says of the list: verdicts and values, no words."""
    return {"lines": [to_plain(line) for line in lines], "override": override}


def stop_at_no_go(lines: Sequence[Line], override: str | None) -> None:
    """End a session before it begins, if anything says no.

    Parameters
    ----------
    lines : sequence of Line
    override : str or None
        Why it is to go on all the same. It goes into the log.

    Raises
    ------
    KindredError
        With all reasons.
    """
    against = [line for line in lines if line.verdict == "no-go"]
    for_good = [line for line in against if line.subject in _NEVER_OVERRIDDEN]
    if not against or (override is not None and not for_good):
        return
    told = (
        Said("reason", subject=line.name, found=line.found, remedy=line.remedy)
        for line in for_good or against
    )
    key = "no_go" if for_good else "no_go_yet"
    raise KindredError(Said(f"refused.{key}", why=listed(told, by="also")))
