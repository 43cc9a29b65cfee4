"""The protocol: `study.yaml` as typed data, with a source for every value.

A value is written plainly, or as ``{value: 6, source: S0}``. A mapping may carry ``source: ...``
for all that stands below it. A value that no source covers is an error: a number is either from a
document named under ``sources`` or it says that it is the lab's own (``lab default``).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from experiment.errors import BadInput
from experiment.kit import Condition
from experiment.steps import MarkName

LAB_DEFAULT = "lab default"
_UNSOURCED = {"study", "language", "sources"}  # names, not choices of the experiment
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Pixels = Annotated[int, Field(ge=200, le=16384)]
Seconds = Annotated[float, Field(ge=0, le=7200)]
Span = tuple[Seconds, Seconds]


class Strict(BaseModel):
    """Frozen, and no key that isn't known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Study(Strict):
    """What the data set's description says about the study."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]
    title: str
    authors: tuple[str, ...] = Field(min_length=1)
    institution: str
    department: str
    address: str
    ethics: str
    license: str = "CC0"


class ScreenSettings(Strict):
    """The participant's display."""

    size_px: tuple[Pixels, Pixels]
    refresh_hz: float = Field(gt=20, lt=500)
    width_cm: float = Field(gt=5, lt=1000)
    distance_cm: float = Field(gt=10, lt=2000)
    text_height_deg: float = Field(gt=0.1, lt=5)
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    ink: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Abort(Strict):
    """Two keys, held together, that end the session."""

    keys: tuple[str, str]
    hold: Seconds


class Buttons(Strict):
    """Keys (keyboard or button box) and what they mean.

    `marks` are the operator's: with one key each, the start of a PET scan and the injection are
    marked at the moment they happen.
    """

    left: tuple[str, ...] = Field(min_length=1)
    right: tuple[str, ...] = Field(min_length=1)
    confirm: tuple[str, ...] = Field(min_length=1)
    pause: tuple[str, ...] = Field(min_length=1)
    abort: Abort
    marks: dict[MarkName, str]

    def keys(self) -> set[str]:
        """Return all keys and buttons that mean something."""
        answers = {*self.left, *self.right, *self.confirm}
        return answers | {*self.pause, *self.abort.keys, *self.marks.values()}

    @model_validator(mode="after")
    def _each_key_once(self) -> Buttons:
        keys = [*self.left, *self.right, *self.confirm, *self.pause, *self.marks.values()]
        keys += self.abort.keys
        twice = sorted({k for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"key {twice[0]!r} has two meanings; give each key one")
        return self


class Devices(Strict):
    """What is plugged in. ``none`` where there is no such device."""

    trigger: str | None
    scanner: str | None
    mouse: bool
    buttons: Buttons


class Scanner(Strict):
    """The scanner's rhythm."""

    tr: float = Field(gt=0.05, lt=30)
    dummy_volumes: int = Field(ge=0, le=100)


class PetFrame(Strict):
    """A frame of a PET scan, in seconds from the zero of the run."""

    start: Annotated[float, Field(ge=-36000, le=36000)]
    duration: Annotated[float, Field(gt=0, le=36000)]


class Rating(Strict):
    """One rating scale."""

    question: str
    points: int = Field(ge=2, le=101)
    anchors: dict[int, str] = Field(min_length=2)

    @model_validator(mode="after")
    def _anchors_on_scale(self) -> Rating:
        off = [p for p in self.anchors if not 1 <= p <= self.points]
        if off:
            raise ValueError(f"anchor at point {off[0]} of a scale from 1 to {self.points}")
        return self


class Order(Strict):
    """Rules for the order of trials."""

    max_same_condition: int = Field(ge=1)
    writer_twice_in_a_row: bool


class ScannerTiming(Strict):
    """Fixed times of a trial (s), in the scanner."""

    lead_in: Seconds
    fixation: Span
    reading: Annotated[float, Field(gt=0, le=600)]
    answer: Annotated[float, Field(gt=0, le=600)]
    closing: Seconds

    @field_validator("fixation")
    @classmethod
    def _rising(cls, span: Span) -> Span:
        return _rising(span)


class LabTiming(Strict):
    """Times of a self-paced trial (s). ``none`` for a limit means: as long as it takes."""

    fixation: Span
    reading_at_least: Seconds
    reading_limit: Seconds | None
    answer_limit: Seconds | None
    closing: Seconds

    @field_validator("fixation")
    @classmethod
    def _rising(cls, span: Span) -> Span:
        return _rising(span)


def _rising(span: Span) -> Span:
    if span[1] < span[0]:
        raise ValueError(f"the shortest time comes first, got {span[0]} before {span[1]}")
    return span


class _Messages(Strict):
    """What both versions of the kind-messages task share."""

    kind: Literal["messages"]
    messages: dict[Condition, Annotated[int, Field(ge=1, le=200)]] = Field(min_length=1)
    ratings: tuple[Name, ...] = Field(min_length=1)
    order: Order
    practice: bool
    instructions: tuple[str, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Conditions in a fixed order."""
        return tuple(sorted(self.messages))


class ScannerMessages(_Messages):
    """The kind-messages task, timed by the scanner.

    `begins` names what is the run's zero: the first volume pulse (MRI), or a mark (PET). With
    `sync_pattern`, that many markers ``sync`` go out in the lead-in at intervals that no other
    session has, so that list-mode data can be aligned without doubt. `frames` is the table of PET
    frames; the run must lie within it.
    """

    version: Literal["scanner"]
    begins: Literal["pulse", "scan_start", "injection"]
    sync_pattern: Annotated[int, Field(ge=0, le=32)]
    frames: tuple[PetFrame, ...]
    timing: ScannerTiming

    @field_validator("frames")
    @classmethod
    def _in_line(cls, frames: tuple[PetFrame, ...]) -> tuple[PetFrame, ...]:
        for before, after in pairwise(frames):
            if abs(before.start + before.duration - after.start) > 1e-3:
                raise ValueError(
                    f"the frame from {before.start:g} s ends at "
                    f"{before.start + before.duration:g} s, the next one starts at "
                    f"{after.start:g} s; frames follow each other without gap or overlap"
                )
        return frames


class LabMessages(_Messages):
    """The kind-messages task, self-paced, in the lab."""

    version: Literal["lab"]
    timing: LabTiming


MessagesTask = Annotated[ScannerMessages | LabMessages, Field(discriminator="version")]


class KitSettings(Strict):
    """Where control messages come from: a file beside ``study.yaml``, or none."""

    stranger_messages: str | None


FaultName = Literal[
    "marker_not_sent",
    "trigger_port_lost",
    "scanner_port_lost",
    "pulses_before_wait",
    "begun_late",
    "pulse_missed",
    "pulse_extra",
    "pulse_doubled",
    "late_first",
    "toggled",
    "wrong_tr",
    "stopped",
    "keyboard_pulses",
    "unknown_byte",
]
Policy = Literal["stop", "hold", "go_on"]


class Session(Strict):
    """One visit: its tasks, in order."""

    tasks: tuple[Label, ...] = Field(min_length=1)


class Protocol(Strict):
    """A whole study, as `study.yaml` tells it."""

    study: Study
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    screen: ScreenSettings
    devices: Devices
    scanner: Scanner
    faults: dict[FaultName, Policy]
    kit: KitSettings
    markers: dict[Name, Annotated[int, Field(ge=1, le=255)]]
    ratings: dict[Name, Rating]
    tasks: dict[Label, MessagesTask]
    sessions: dict[Label, Session]
    texts: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hangs_together(self) -> Protocol:
        codes: dict[int, str] = {}
        for name, code in self.markers.items():
            if code in codes:
                raise Located(
                    ("markers", name),
                    f"code {code} is also that of {codes[code]!r}; each marker needs its own",
                )
            codes[code] = name
        for label, session in self.sessions.items():
            for i, task in enumerate(session.tasks):
                if task not in self.tasks:
                    raise Located(
                        ("sessions", label, "tasks", i),
                        f"no task {task!r}; allowed: {_names(self.tasks)}",
                    )
        for label, spec in self.tasks.items():
            for i, rating in enumerate(spec.ratings):
                if rating not in self.ratings:
                    raise Located(
                        ("tasks", label, "ratings", i),
                        f"no rating {rating!r}; allowed: {_names(self.ratings)}",
                    )
            for marker in required_markers(spec):
                if marker not in self.markers:
                    raise Located(("markers",), f"task {label!r} needs a code for {marker!r}")
            for i, page in enumerate(spec.instructions):
                if page not in self.texts:
                    raise Located(
                        ("tasks", label, "instructions", i),
                        f"no text {page!r} in texts/{self.language}.yaml",
                    )
        missing = [key for key in REQUIRED_TEXTS if key not in self.texts]
        if missing:
            raise Located(("language",), f"texts/{self.language}.yaml lacks {missing[0]!r}")
        return self


REQUIRED_TEXTS = (
    "go_on",
    "confirm",
    "paused",
    "practice.prompt",
    "practice.again",
    "ready",
    "waiting_scanner",
    "waiting_scan_start",
    "waiting_injection",
    "waiting_start",
    "closing",
)


class Located(ValueError):
    """A fault at a known place of the protocol."""

    def __init__(self, loc: tuple[str | int, ...], problem: str) -> None:
        super().__init__(problem)
        self.loc = loc


def required_markers(task: _Messages) -> tuple[str, ...]:
    """Return the names of all markers that a task can send."""
    scales = tuple(f"rate_{rating}" for rating in task.ratings)
    if isinstance(task, ScannerMessages) and task.sync_pattern:
        scales = ("sync", *scales)
    return ("run_start", "run_end", "waiting", "fixation", *task.conditions, *scales)


def _names(names: Any) -> str:
    return ", ".join(sorted(names))


# --- reading -------------------------------------------------------------------------------------

Path_ = tuple[str | int, ...]


def load_protocol(file: Path) -> tuple[Protocol, dict[str, str]]:
    """Read `study.yaml` and the study's texts.

    Parameters
    ----------
    file : Path
        The study's ``study.yaml``; ``texts/LANGUAGE.yaml`` is looked for beside it.

    Returns
    -------
    protocol : Protocol
        The checked protocol, texts included.
    sources : dict of str to str
        Where each value comes from: dotted path to a key of ``sources`` or ``lab default``.

    Raises
    ------
    BadInput
        If a file is missing or anything in it is wrong; names file, line, field, the value found
        and what is allowed.
    """
    tree = read_yaml(file)
    if not isinstance(tree, CommentedMap):
        raise BadInput(f"{file}:1: a study file is a mapping of sections, found {_shown(tree)}")
    known = tree.get("sources") or {}
    if not isinstance(known, dict):
        raise BadInput(f"{file}:{_line(tree, ('sources',))}: sources: a mapping is needed")
    allowed = {LAB_DEFAULT, *known}
    sources: dict[str, str] = {}
    plain = _unsource(tree, file, tree, (), None, allowed, sources)
    plain.pop("sources", None)
    language = plain.get("language")
    if isinstance(language, str) and (file.parent / "texts" / f"{language}.yaml").is_file():
        plain["texts"] = read_texts(file.parent / "texts" / f"{language}.yaml")
    elif isinstance(language, str):
        line = _line(tree, ("language",))
        raise BadInput(
            f"{file}:{line}: language: no text file texts/{language}.yaml beside study.yaml"
        )
    try:
        return Protocol.model_validate(plain), sources
    except ValidationError as error:
        raise BadInput(_first_problem(error, file, tree)) from None


def read_yaml(file: Path) -> Any:
    """Read a YAML file, keeping line numbers.

    Raises
    ------
    BadInput
        If it is missing, is not UTF-8 or is not YAML.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file") from None
    except IsADirectoryError:
        raise BadInput(f"{file}: is a folder, a file is needed") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    try:
        return YAML(typ="rt").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not YAML"
        raise BadInput(f"{file}:{line}: not readable as YAML: {problem}") from None


def read_texts(file: Path) -> dict[str, str]:
    """Read a text file: nested mappings of texts, returned with dotted keys."""
    tree = read_yaml(file)
    texts: dict[str, str] = {}

    def walk(node: Any, key: str) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                walk(value, f"{key}.{name}" if key else str(name))
        elif isinstance(node, str):
            texts[key] = node.strip()
        else:
            raise BadInput(f"{file}: {key or 'file'}: a text is needed, found {_shown(node)}")

    walk(tree, "")
    return texts


def _unsource(
    node: Any,
    file: Path,
    root: CommentedMap,
    path: Path_,
    inherited: str | None,
    allowed: set[str],
    sources: dict[str, str],
) -> Any:
    """Strip sources off a YAML tree and note them by path."""
    if isinstance(node, dict):
        own = node.get("source")
        if own is not None:
            if not isinstance(own, str) or own not in allowed:
                raise BadInput(
                    f"{file}:{_line(root, (*path, 'source'))}: {_dotted((*path, 'source'))}: "
                    f"unknown source {_shown(own)}, allowed: {', '.join(sorted(allowed))}"
                )
            inherited = str(own)
        if set(node) == {"value", "source"}:
            return _unsource(node["value"], file, root, path, inherited, allowed, sources)
        plain = {}
        for key, value in node.items():
            if key == "source" or (not path and key in _UNSOURCED):
                if key != "source":
                    plain[key] = value
                continue
            plain[key] = _unsource(value, file, root, (*path, key), inherited, allowed, sources)
        return plain
    if isinstance(node, CommentedSeq | list):
        return [
            _unsource(item, file, root, (*path, i), inherited, allowed, sources)
            for i, item in enumerate(node)
        ]
    if inherited is None:
        raise BadInput(
            f"{file}:{_line(root, path)}: {_dotted(path)}: no source for {_shown(node)}; write "
            f"{{value: {node}, source: ...}} with one of: {', '.join(sorted(allowed))}"
        )
    sources[_dotted(path)] = inherited
    return None if node == "none" else node


def _first_problem(error: ValidationError, file: Path, root: CommentedMap) -> str:
    # A key that isn't known is told first: it is why another one is missing.
    detail = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    loc = detail["loc"]
    if loc[:1] == ("tasks",) and len(loc) > 2:
        loc = (*loc[:2], *loc[3:])  # pydantic puts the task's version in between
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Located):
        loc, problem = cause.loc, str(cause)
        return f"{file}:{_line(root, loc)}: {_dotted(loc)}: {problem}"
    found = "" if detail["type"] == "missing" else f" (found {_shown(detail['input'])})"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{file}:{_line(root, loc)}: {_dotted(loc)}: {message}{found}"


def _line(root: Any, path: Path_) -> int:
    """Return the line (from 1) of the deepest part of `path` that the tree has."""
    node, line = root, 1
    for part in path:
        while isinstance(node, dict) and set(node) == {"value", "source"} and part != "source":
            node = node["value"]
        try:
            if isinstance(node, CommentedMap) and part in node:
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line = node.lc.item(part)[0] + 1
            else:
                break
        except (KeyError, AttributeError, TypeError):
            break
        node = node[part]
    return line


def _dotted(path: Path_) -> str:
    return ".".join(str(part) for part in path)


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, dict | list) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."
