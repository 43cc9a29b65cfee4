"""Showing again what was shown: one picture of a moment, or a contact sheet of a session.

The pictures are made by the same painter as in the session, without a window. Message texts are
private: they appear only if the participant's kit is given, grey bars stand for them otherwise.
Of a game without it, the players are seen without their names and pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from analysis.runs import runs_of
from analysis.sheets import Frame, png, sheet
from experiment.errors import BadInput
from experiment.kit import load_kit
from experiment.kit.own_profile import load_own_profile
from experiment.looks import Looks, looks_of
from experiment.outputs import Output
from experiment.plain import from_plain
from experiment.profiles import DEMO, OwnProfile, ProfileSet, load_profiles
from experiment.protocol import Protocol
from experiment.readlog import SessionLog
from experiment.screens import (
    Closing,
    Feedback,
    Item,
    Message,
    NeutralFace,
    ProfileScale,
    Rated,
    Screen,
    Throw,
    Waiting,
)
from experiment.steps import After, Step
from stimuli.contents import NOBODY, ProfileLook, no_profiles
from stimuli.painter import given_beside, still
from stimuli.pictures import Picture, compose
from stimuli.sprites import Sprite

PICTURE = Output((".png",), mode=0o600)
"""Readable by its owner only: it may show private texts."""

_COLUMNS, _WIDTH = 6, 400
_SETTLED = 60.0  # s after which nothing moves any more but what never rests
_OF_PEOPLE = (ProfileScale, Feedback, NeutralFace)


@dataclass(frozen=True)
class Moment:
    """What was on the screen for a while.

    Parameters
    ----------
    number : int
        The step's, in the session; -1 for what the session itself shows: a pause, or the last
        screen of a participant who asked to stop.
    t : float
        When it appeared (s, session clock).
    zero : float
        The run's zero (s, session clock).
    step : Step
    cursor : int or None
    confirmed : bool
    age : float
        How long the step had been shown (s): where things are that move.
    """

    number: int
    t: float
    zero: float
    step: Step
    cursor: int | None
    confirmed: bool
    age: float = 0.0


def moments(log: SessionLog) -> list[Moment]:
    """Return every change of the screen, in order."""
    found: list[Moment] = []
    for run in runs_of(log):
        zero = float(run.zeros[-1]["t"]) if run.zeros else 0.0
        for event in run.steps:
            onset = run.onsets.get(event["n"])
            if onset is None:
                continue
            step = from_plain(Step, event["step"])
            cursor = _first_cursor(step.screen)
            found.append(Moment(event["n"], float(onset["t"]), zero, step, cursor, confirmed=False))
            found += [
                Moment(
                    event["n"],
                    float(press["t"]),
                    zero,
                    step,
                    press["cursor"],
                    press["confirmed"],
                    age=float(press["t"]) - float(onset["t"]),
                )
                for press in run.presses.get(event["n"], [])
                if press.get("used", True)
            ]
            paused = run.paused_after.get(event["n"])
            if paused is not None:
                pause = Step(Waiting("paused"), After(0.0))
                found.append(Moment(-1, float(paused["t"]), zero, pause, None, confirmed=False))
    zero = found[-1].zero if found else 0.0
    stopped = Step(Closing("stopped"), After(0.0))
    found += [
        Moment(-1, float(event["t"]), zero, stopped, None, confirmed=False)
        for event in log.of("stop_shown")
    ]
    return sorted(found, key=lambda moment: moment.t)


def _first_cursor(screen: Screen) -> int | None:
    """Return where the cursor of a screen stands at first, if there is one."""
    if isinstance(screen, Item):
        return screen.given
    return screen.start if isinstance(screen, Rated) else None


def picture_at(log: SessionLog, t: float, kit_folder: Path | None) -> Frame:
    """Return what was on the screen at a time.

    Parameters
    ----------
    log : SessionLog
    t : float
        Session clock (s).
    kit_folder : Path or None
        The participant's kit; without it grey bars stand for messages.

    Raises
    ------
    BadInput
        If nothing was on the screen then, or the kit is another one.
    """
    before = [moment for moment in moments(log) if moment.t <= t]
    end = log.events[-1]["t"] if log.events else 0.0
    if not before or t > end:
        raise BadInput(f"{log.file}: nothing was on the screen at {t:g} s (it ends at {end:g} s)")
    last = before[-1]
    return Projector(log, kit_folder).frame(replace(last, age=last.age + t - last.t))


def contact_sheet(log: SessionLog, kit_folder: Path | None) -> Frame:
    """Return a sheet of every step of a session as it stood at its end, with times and markers.

    A ball that flies is shown half-way. Pauses are on it too, and the last screen of a participant
    who asked to stop.
    """
    shown: dict[tuple[int, float], Moment] = {}
    for moment in moments(log):
        key = (moment.number, 0.0 if moment.number >= 0 else moment.t)
        since, screen = shown.get(key, moment).t, moment.step.screen
        age = screen.flight / 2 if isinstance(screen, Throw) else _SETTLED
        shown[key] = replace(moment, t=since, age=age)
    if not shown:
        raise BadInput(f"{log.file}: nothing was shown; the session ended before its first screen")
    projector = Projector(log, kit_folder)
    codes = log.header["protocol"]["markers"]

    def caption(moment: Moment) -> str:
        marker = moment.step.marker
        note = "" if marker is None else f"   marker {codes[marker]} {marker}"
        if moment.number < 0:
            note = "   pause" if isinstance(moment.step.screen, Waiting) else "   asked to stop"
        return f"{moment.t - moment.zero:8.3f} s{note}"

    pictures = ((projector.frame(moment), [caption(moment)]) for moment in shown.values())
    return sheet(pictures, _COLUMNS, _WIDTH)


def write_png(frame: Frame, file: Path, kit_folder: Path | None = None) -> None:
    """Write a picture.

    Parameters
    ----------
    frame : array
    file : Path
    kit_folder : Path or None
        The kit whose texts it shows.

    Raises
    ------
    BadInput
        As for `Output.write`: nothing is overwritten.
    """
    PICTURE.write(file, png(frame), kit_folder)


class Projector:
    """Paints moments of one session."""

    def __init__(self, log: SessionLog, kit_folder: Path | None) -> None:
        self._log = log
        self._with_kit = kit_folder is not None
        self._extents = log.header.get("extents", {})
        texts: dict[str, tuple[str, str]] = {}
        if kit_folder is not None and log.header["kit"]["messages"]:
            kit = load_kit(kit_folder)
            if kit.index().digest != log.header["kit"]["digest"]:
                raise BadInput(
                    f"{kit_folder}: this is not the kit that {log.file.name} was run with"
                )
            texts = kit.texts()
        width, height = log.header["display"]["size_px"]
        protocol = Protocol.model_validate(log.header["protocol"])
        profiles, own = self._people(kit_folder, protocol)
        self._shown_own = own is not None
        # Without the kit a game is shown with drawn heads and without names.
        unknown = no_profiles if self._with_kit else _nobody
        self._looks: Looks = looks_of(
            protocol, (width, height), texts, profiles, own, unknown, draft=True
        )
        self._pictures: dict[Screen, Picture] = {}

    def _people(
        self, kit_folder: Path | None, protocol: Protocol
    ) -> tuple[ProfileSet | None, OwnProfile | None]:
        """Return the profile set and the participant's own profile, if the session had any."""
        known = self._log.header.get("people")
        if kit_folder is None or known is None or protocol.profiles is None:
            return None, None
        own_set = protocol.profiles.folder
        # A kit lies in participants/P/kit of the study, and the set beside its study.yaml.
        folder = DEMO if own_set is None else kit_folder.resolve().parents[2] / own_set
        profiles = load_profiles(folder)
        if profiles.digest != known["digest"]:
            raise BadInput(
                f"{folder}: this is not the profile set that {self._log.file.name} was run with"
            )
        found = load_own_profile(kit_folder)
        return profiles, None if found is None else found[0]

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of its frames."""
        return self._looks.style.size_px

    def moves(self, moment: Moment) -> bool:
        """Whether anything moves on a screen by itself."""
        return bool(self._picture(moment).moving)

    def frame(self, moment: Moment) -> Frame:
        """Return a moment as an RGB array (height, width, 3)."""
        picture = self._picture(moment)
        cursor = None if picture.track is None else moment.cursor  # bars stand for a private card
        lit = self.lit(moment)
        return compose(picture, self._looks.style, cursor, moment.confirmed, moment.age, lit)

    def lit(self, moment: Moment) -> bool:
        """Whether the photodiode's patch is white: in the first frame of a marked step.

        The frame is taken to be as long as the protocol says.
        """
        marked = moment.number >= 0 and moment.step.marker is not None
        period = 1.0 / self._log.header["display"]["nominal_hz"]
        return self._looks.style.patch is not None and marked and moment.age < 0.99 * period

    def empty(self) -> Frame:
        """Return what is seen while nothing is shown."""
        return compose(Picture(()), self._looks.style)

    def _picture(self, moment: Moment) -> Picture:
        screen = still(moment.step.screen)
        if screen not in self._pictures:
            self._pictures[screen] = self._paint(screen)
        return replace(self._pictures[screen], given=given_beside(moment.step.screen))

    def _paint(self, screen: Screen) -> Picture:
        if isinstance(screen, Message) and not self._with_kit:
            return _bars(self._looks, self._extents.get(screen.message_id))
        if isinstance(screen, _OF_PEOPLE) and not self._with_kit:
            return _bars(self._looks, None)
        if isinstance(screen, Feedback) and not self._shown_own:  # forgotten since
            return _bars(self._looks, None)
        return self._looks.painter.paint(screen)


def _nobody(_: str) -> ProfileLook:
    return NOBODY


def _bars(looks: Looks, extent: list[int] | None) -> Picture:
    """Return grey bars where a message stood: (left, top, width, height) if the log has it."""
    columns, rows = looks.style.size_px
    line = looks.style.text_px
    left, top, width, height = extent or (columns // 4, (rows - line) // 2, columns // 2, line)
    count = max(round(height / (1.35 * line)), 1)
    image = np.zeros((height, width, 4), np.uint8)
    for i in range(count):
        begin = round(i * height / count)
        image[begin : begin + max(int(0.7 * height / count), 1)] = (140, 140, 140, 255)
    return Picture((Sprite(image, left, top),))
