"""What all tests share: a home of their own, a display, and studies to run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PyQt6.QtCore import QLoggingCategory
from PyQt6.QtWidgets import QApplication

from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit import save_kit
from experiment.kit.decisions import accepting, record
from experiment.kit.importing import import_kit
from experiment.readlog import SessionLog
from stimuli.virtual_display import some_display
from tests.studies import Edit, edited_study

# No test says how fast this machine is; each has its time limit.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

# The example's scanner session in some six seconds: two trials, short times.
QUICK: tuple[Edit, ...] = (
    ("tr: 2.0", "tr: 0.5"),
    ("{total: 4, per_writer: 1}", "{total: 1, per_writer: 1}"),
    ("lead_in: 2.0", "lead_in: 0.4"),
    ("fixation: [1.0, 3.0]", "fixation: [0.2, 0.3]"),
    ("reading: 5.0", "reading: 0.5"),
    ("answer: 4.0", "answer: 0.9"),
    ("      closing: 4.0\n  messageslab", "      closing: 0.4\n  messageslab"),
)


BUSY = {"frames_dropped", "pulse_off_grid"}
"""Faults of a machine that other programs keep busy: no test claims that it isn't."""


def faults_of(log: SessionLog) -> list[str]:
    """Return the faults of a session's own, in order."""
    return [fault["what"] for fault in log.of("fault") if fault["what"] not in BUSY]


LINUX_ALONE = "needs Linux: a device behind a pseudo-terminal, xdotool at an X display, or /proc"
AS_ROOT = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="needs root to become somebody else"
)


def let_others_in(folder: Path) -> None:
    """Open a folder, and those above it that are closed, to whoever a test becomes."""
    for one in (folder, *folder.parents):
        mode = one.stat().st_mode & 0o7777
        if not mode & 0o001:
            one.chmod(mode | 0o055)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Linux elsewhere; tests that use the one screen run one after the other."""
    if sys.platform != "linux":
        for item in items:
            if item.get_closest_marker("linux"):
                item.add_marker(pytest.mark.skip(reason=LINUX_ALONE))
    if not os.environ.get("DISPLAY"):
        return  # each worker starts a display of its own
    for item in items:
        if "display" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("screen"))


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """PsychoPy writes into its user's home; tests give it one of their own."""
    before = os.environ.get("HOME")
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))
    yield
    if before is not None:
        os.environ["HOME"] = before


@pytest.fixture(scope="session", autouse=True)
def qt() -> Iterator[QApplication]:
    """Qt's one application of this process, on a screen, real or virtual.

    The launcher's widgets need this kind; setting text would make a smaller one, without a screen,
    and a process can have but one.
    """
    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    with some_display():
        platform = "xcb" if sys.platform == "linux" else "offscreen"
        made = QApplication(["kindred", "-platform", platform])
        made.setStyle("Fusion")
        yield made


@pytest.fixture(scope="session")
def display(qt: QApplication) -> None:
    """Asked for by tests that have the one screen to themselves."""


@pytest.fixture
def new_study(tmp_path: Path) -> Callable[..., Path]:
    """Make a copy of the example study, its texts edited, with participant 012's kit."""

    def make(*edits: Edit, kit: bool = True) -> Path:
        folder = edited_study(tmp_path / "study", None, *edits)
        if kit:
            strangers = EXAMPLE / "stranger_messages.csv"
            imported = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", strangers)
            place = folder / "participants" / "012" / "kit"
            save_kit(imported.kit, place)
            record(place, imported.kit, accepting(imported.kit), "KR", "2026-09-20T08:00:00+00:00")
        return folder

    return make


@pytest.fixture
def quick_study(new_study: Callable[..., Path]) -> Path:
    """A study whose scanner session takes some six seconds."""
    return new_study(*QUICK)


class Terminal:
    """A pseudo-terminal: `path` is opened by the code under test, `far` is the device's end.

    The path is a link, which goes when the plug is pulled: the system may give the terminal's own
    name to somebody else's the next moment.
    """

    def __init__(self) -> None:
        if sys.platform != "linux":
            pytest.skip(LINUX_ALONE)
        import tty

        self.far, self._near = os.openpty()
        tty.setraw(self._near)
        self.device = os.ttyname(self._near)
        self._folder = tempfile.TemporaryDirectory(prefix="terminal-")
        self.path = str(Path(self._folder.name) / "port")
        Path(self.path).symlink_to(self.device)
        self._open = True

    def read(self, count: int) -> bytes:
        """Return so many bytes as the device got them."""
        data = b""
        while len(data) < count:
            data += os.read(self.far, count - len(data))
        return data

    def write(self, data: bytes) -> None:
        os.write(self.far, data)

    @contextmanager
    def held(self) -> Iterator[int]:
        """Have another program, which locks nothing, hold the port open; give its process."""
        with subprocess.Popen(["cat", self.path], stdout=subprocess.DEVNULL) as program:
            try:
                while self.device not in {
                    os.path.realpath(link) for link in Path(f"/proc/{program.pid}/fd").iterdir()
                }:
                    time.sleep(0.01)
                yield program.pid
            finally:
                program.kill()

    def unplug(self) -> None:
        if self._open:
            self._open = False
            self._folder.cleanup()
            os.close(self._near)
            os.close(self.far)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.unplug()


@pytest.fixture
def second_terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.unplug()
