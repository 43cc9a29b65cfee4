"""The daily page in real browsers: Chromium (by DevTools) and Firefox (by WebDriver BiDi).

Slow: run by `make faults`, which installs the browsers.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from experiment.daily.days import daily_of, day_of, set_first_day
from experiment.daily.importing import import_reports
from experiment.daily.page import write_page
from experiment.daily.reports import reports_of
from experiment.study import Study, open_study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NewStudy = Callable[..., Path]
PHONE, DESK = (390, 844), (1280, 900)


class Browser(ABC):
    """A browser that is told what to do over a web socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def call(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=90))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    @abstractmethod
    def open(self, file: Path) -> None: ...

    @abstractmethod
    def run(self, script: str) -> Any:
        """Return the value of an expression of strings, numbers and truth values."""

    @abstractmethod
    def resize(self, size: tuple[int, int]) -> None: ...

    @abstractmethod
    def picture(self) -> bytes: ...

    @abstractmethod
    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of an element."""

    @abstractmethod
    def press(self, key: str) -> None: ...

    def middle(self, selector: str) -> tuple[int, int]:
        found = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); "
            "e.scrollIntoView({block: 'center', behavior: 'instant'}); "
            "const r = e.getBoundingClientRect(); "
            "return `${Math.round(r.x + r.width / 2)} ${Math.round(r.y + r.height / 2)}`; })()"
        )
        x, y = found.split()
        return int(x), int(y)


class Chromium(Browser):
    """Told what to do with the DevTools protocol."""

    @classmethod
    def start(cls, folder: Path, stack: ExitStack) -> Chromium:
        profile = folder / "chromium"
        program = next(p for p in ("chromium", "chromium-browser") if shutil.which(p))
        process = subprocess.Popen(
            [
                *(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-dev-shm-usage", "--remote-debugging-port=0"),
                *(f"--user-data-dir={profile}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        stack.callback(end, process)
        told = profile / "DevToolsActivePort"
        wait_for(lambda: told.is_file() and "\n" in told.read_text())
        port = told.read_text().split("\n")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            pages = json.load(answer)
        url = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        browser = cls(stack.enter_context(connect(url, max_size=None)))
        browser.call("Page.enable")
        browser.call(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder / "downloads")
        )
        return browser

    def open(self, file: Path) -> None:
        self.run("window.before = true")
        self.call("Page.navigate", url=file.as_uri())
        wait_for(lambda: self.run("document.readyState == 'complete' && !window.before"))

    def run(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script)["result"].get("value")

    def resize(self, size: tuple[int, int]) -> None:
        phone = size == PHONE
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=phone,
        )

    def picture(self) -> bytes:
        return base64.b64decode(
            self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        )

    def click(self, selector: str) -> None:
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        codes = {"ArrowRight": 39, "ArrowDown": 40, "Tab": 9}
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes[key]
            )


class Firefox(Browser):
    """Told what to do with WebDriver BiDi."""

    _KEYS = {"ArrowRight": "\ue014", "ArrowDown": "\ue015", "Tab": "\ue004"}  # noqa: RUF012

    @classmethod
    def start(cls, folder: Path, stack: ExitStack) -> Firefox:
        profile, downloads = folder / "firefox", folder / "downloads"
        profile.mkdir()
        (profile / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                for name, value in {
                    "browser.download.folderList": 2,
                    "browser.download.dir": str(downloads),
                    "browser.download.alwaysOpenPanel": False,
                    "browser.shell.checkDefaultBrowser": False,
                    "datareporting.policy.dataSubmissionEnabled": False,
                }.items()
            )
        )
        process = subprocess.Popen(
            [
                *("firefox-esr", "--headless", "--no-remote", "--remote-debugging-port", "0"),
                *("--profile", str(profile), "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"HOME": str(folder), "MOZ_HEADLESS": "1"},
        )
        stack.callback(end, process)
        assert process.stderr is not None
        found = (re.search(r"BiDi listening on (ws://\S+)", line) for line in process.stderr)
        url = next(match[1] for match in found if match)
        browser = cls(stack.enter_context(connect(f"{url}/session", max_size=None)))
        browser.call("session.new", capabilities={})
        tree = browser.call("browsingContext.getTree")
        browser.context = tree["contexts"][0]["context"]
        return browser

    context = ""

    def open(self, file: Path) -> None:
        self.call(
            "browsingContext.navigate", context=self.context, url=file.as_uri(), wait="complete"
        )

    def run(self, script: str) -> Any:
        result = self.call(
            "script.evaluate",
            expression=script,
            target={"context": self.context},
            awaitPromise=False,
        )
        assert result["type"] == "success", result
        return result["result"].get("value")

    def resize(self, size: tuple[int, int]) -> None:
        viewport = {"width": size[0], "height": size[1]}
        self.call("browsingContext.setViewport", context=self.context, viewport=viewport)

    def picture(self) -> bytes:
        shot = self.call(
            "browsingContext.captureScreenshot", context=self.context, origin="document"
        )
        return base64.b64decode(shot["data"])

    def click(self, selector: str) -> None:
        x, y = self.middle(selector)
        moves: list[dict[str, Any]] = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": moves})

    def press(self, key: str) -> None:
        strokes = [{"type": kind, "value": self._KEYS[key]} for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": strokes})

    def _act(self, source: dict[str, Any]) -> None:
        self.call("input.performActions", context=self.context, actions=[source])


def end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate()


def wait_for(holds: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(params=[Chromium, Firefox], ids=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Browser]:
    (tmp_path / "downloads").mkdir()
    with ExitStack() as stack:
        yield request.param.start(tmp_path, stack)


@pytest.fixture
def study(new_study: NewStudy) -> Study:
    """A study in which the second day of participant 012's period is today."""
    opened = open_study(new_study(("day_begins: 4", "day_begins: 0"), kit=False))
    set_first_day(opened, "012", "01", date.today() - timedelta(days=1))
    return opened


def radio(item: str, value: int) -> str:
    return f'input[name="daily.{item}"][value="{value}"]'


def fill_in(browser: Browser) -> None:
    values = {"connected": 6, "close": 5, "cared_for": 7, "cut_off": 2, "happy": 5}
    for item, value in (values | {"content": 4, "enthusiastic": 3, "with_whom": 3}).items():
        browser.click(radio(item, value))


def marked(browser: Browser, selector: str) -> bool:
    """Whether a mark is on a line: then it doesn't look alike from end to end."""
    browser.middle(selector)  # comes into view
    place = browser.run(
        f"(() => {{ const r = document.querySelector('{selector}').getBoundingClientRect(); "
        "return `${r.x} ${r.y} ${r.width} ${r.height} ${scrollY} ${innerHeight}`; })()"
    )
    x, y, width, height, scrolled, visible = (round(float(n)) for n in place.split())
    picture = np.asarray(Image.open(BytesIO(browser.picture())).convert("RGB")).astype(int)
    top = y + (scrolled if len(picture) > visible else 0)
    line = picture[top + 2 : top + height - 2, x + 8 : x + width - 8]
    return bool(np.abs(line - line[:, :1]).max() > 16)


def set_clock(browser: Browser, instant: datetime) -> None:
    """Let a page believe that it is another time, and that somebody looks at it."""
    ms = round(instant.timestamp() * 1000)
    browser.run(
        "(() => { const Real = window.Real || (window.Real = Date); "
        f"window.Date = class extends Real {{ static now() {{ return {ms}; }} "
        f"constructor(...at) {{ at.length ? super(...at) : super({ms}); }} }}; "
        "document.dispatchEvent(new Event('visibilitychange')); })()"
    )


def shot(browser: Browser, name: str, tmp_path: Path) -> None:
    """Keep a picture beside the test's other files, for whoever wants to look."""
    (tmp_path / f"{name}.png").write_bytes(browser.picture())


def test_a_participant_fills_in_a_day_at_home_and_sends_the_file(
    browser: Browser, study: Study, tmp_path: Path
) -> None:
    page, downloads = tmp_path / "page.html", tmp_path / "downloads"
    write_page(study, "012", page)
    browser.resize(PHONE)
    browser.open(page)
    today = date.today().isoformat()
    assert browser.run("document.getElementById('day').value") == today
    # Days to come can't be chosen: the first two of four, and the line that says to choose.
    assert browser.run("document.getElementById('day').options.length") == 3
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    hidden = "document.querySelector('[data-item=\"daily.met_good\"]').hidden"
    assert browser.run(hidden)
    assert browser.run("document.getElementById('progress').textContent") == "0 of 10 answered"
    shot(browser, "phone", tmp_path)

    browser.click("#save")  # nothing is saved while answers are missing
    assert not browser.run("document.getElementById('problem').hidden")
    first = "document.activeElement.name"
    assert browser.run(first) == "daily.connected"
    assert list(downloads.iterdir()) == []
    shot(browser, "missing", tmp_path)

    fill_in(browser)
    browser.click(radio("connected", 3))
    browser.press("ArrowRight")  # with keys alone
    assert browser.run("document.querySelector('[name=\"daily.connected\"]:checked').value") == "4"
    browser.click(radio("met", 1))
    assert not browser.run(hidden)
    slider = '[data-item="daily.met_good"] input'
    assert browser.run(f"document.querySelector('{slider}').className") == "unset"
    assert not marked(browser, slider)  # a mark in the middle would be an answer to begin with

    browser.open(page)  # as if the phone had been put away: the draft is there again
    kept = "document.querySelectorAll('input:checked').length"
    assert browser.run(kept) == 9
    assert browser.run("document.getElementById('progress').textContent") == "9 of 11 answered"
    browser.click(slider)
    assert browser.run(f"document.querySelector('{slider}').className") == ""
    assert marked(browser, slider)
    shot(browser, "filled", tmp_path)
    browser.click("#save")
    file = downloads / f"daily_012_{today}.json"
    wait_for(file.is_file)
    wait_for(lambda: file.read_bytes().endswith(b"}\n"))
    assert browser.run("document.getElementById('text').value") == file.read_text("utf-8")
    shot(browser, "saved", tmp_path)
    stored = json.loads(str(browser.run("localStorage.getItem(localStorage.key(0))")))
    assert stored == {"done": [today]}  # no answer stays behind on the device

    done = import_reports(study, [file])
    assert done.problems == ()
    (report,) = reports_of(study).reports
    answers = {item.removeprefix("daily."): value for item, value in report.answers.items()}
    assert 45 <= (answers.pop("met_good") or 0) <= 55
    assert answers == {
        **{"connected": 4, "close": 5, "cared_for": 7, "cut_off": 2, "happy": 5, "content": 4},
        **{"enthusiastic": 3, "sad": None, "met": 1, "with_whom": 3},
    }
    assert (report.participant, report.session, report.day.isoformat()) == ("012", "01", today)
    assert (report.source, report.late, report.number) == ("page", False, 2)

    browser.click("#next")  # yesterday's report, filled in a day late; the rule hides an item
    assert browser.run(kept) == 0
    spoken = browser.run(f"document.querySelector('{slider}').getAttribute('aria-valuetext')")
    assert spoken == "Nothing chosen yet"
    yesterday = (date.today() - timedelta(days=1)).isoformat()
    browser.run(
        f"(() => {{ const d = document.getElementById('day'); d.value = '{yesterday}'; "
        "d.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    fill_in(browser)
    browser.click(radio("met", 1))
    browser.click(slider)
    browser.click(radio("met", 0))
    browser.click("#save")
    late = downloads / f"daily_012_{yesterday}.json"
    wait_for(lambda: late.is_file() and late.read_bytes().endswith(b"}\n"))
    assert import_reports(study, [late, file]).problems == ()
    first_day, second_day = reports_of(study).reports
    assert (first_day.late, first_day.answers["daily.met_good"]) == (True, None)
    assert second_day == report


def test_numbers_run_from_left_to_right_where_words_do_not(
    browser: Browser, study: Study, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    write_page(study, "012", page, "ar")
    browser.resize(DESK)
    browser.open(page)
    assert browser.run("document.documentElement.dir") == "rtl"
    place = (
        'document.querySelector(\'[name="daily.connected"][value="%d"]\').getBoundingClientRect().x'
    )
    # As on the screens of a session, so that data of two languages mean the same.
    assert browser.run(place % 1) < browser.run(place % 7)
    anchors = "document.querySelector('[data-item=\"daily.connected\"] .%s')"
    left = f"{anchors}.getBoundingClientRect().x"
    assert browser.run(left % "first") < browser.run(left % "last")
    browser.click(radio("connected", 3))
    browser.press("ArrowRight")
    assert browser.run("document.querySelector('[name=\"daily.connected\"]:checked').value") == "4"
    browser.click(radio("met", 1))
    slider = '[data-item="daily.met_good"] input'
    browser.click(slider)
    value = f"Number(document.querySelector('{slider}').value)"
    before = browser.run(value)
    browser.press("ArrowRight")
    assert browser.run(value) == before + 1
    shot(browser, "arabic", tmp_path)


def test_a_page_that_stays_open_overnight_offers_the_new_day(
    browser: Browser, study: Study, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    write_page(study, "012", page)
    browser.open(page)
    chosen = "document.getElementById('day').value"
    count = "document.getElementById('day').options.length"

    nights = itertools.count(1)

    def a_night_passes() -> None:
        set_clock(browser, datetime.now(timezone.utc) + timedelta(days=next(nights)))

    yesterday, tomorrow = (date.today() + timedelta(days=n) for n in (-1, 1))
    choose = "document.getElementById('day').value = '%s'; "
    browser.run(choose % yesterday + "document.dispatchEvent(new Event('visibilitychange'))")
    assert browser.run(chosen) == yesterday.isoformat()  # on the same day nothing is chosen anew
    a_night_passes()
    assert (browser.run(chosen), browser.run(count)) == (tomorrow.isoformat(), 4)
    browser.click(radio("connected", 3))
    a_night_passes()  # a report that was begun is still about its day
    assert (browser.run(chosen), browser.run(count)) == (tomorrow.isoformat(), 5)


@pytest.fixture
def helsinki(monkeypatch: pytest.MonkeyPatch) -> ZoneInfo:
    """Where browsers are from now on: 03:00 to 03:59 comes twice when clocks go back."""
    monkeypatch.setenv("TZ", "Europe/Helsinki")
    return ZoneInfo("Europe/Helsinki")


def test_page_and_study_mean_the_same_day_in_the_night_in_which_clocks_go_back(
    helsinki: ZoneInfo, browser: Browser, new_study: NewStudy, tmp_path: Path
) -> None:
    study = open_study(new_study(kit=False))
    begins = daily_of(study)[0].day_begins
    assert begins == 4
    set_first_day(study, "012", "01", date(2026, 10, 23))
    page, downloads = tmp_path / "page.html", tmp_path / "downloads"
    write_page(study, "012", page)
    browser.open(page)
    chosen = "document.getElementById('day').value"
    midnight = datetime(2026, 10, 25, tzinfo=helsinki).astimezone(timezone.utc)
    night = [midnight + timedelta(minutes=10 * n) for n in range(6 * 6)]
    for instant in night:
        set_clock(browser, instant)
        assert browser.run(chosen) == day_of(instant.astimezone(helsinki), begins).isoformat()

    def sent_back(begun: datetime, completed: datetime, day: str) -> None:
        set_clock(browser, begun)
        fill_in(browser)
        set_clock(browser, completed)
        browser.click(radio("met", 0))
        browser.click("#save")
        file = downloads / f"daily_012_{day}.json"
        wait_for(lambda: file.is_file() and file.read_bytes().endswith(b"}\n"))
        assert import_reports(study, [file]).problems == ()
        browser.click("#next")

    def at(hour: int, minute: int, fold: int = 0) -> datetime:
        return datetime(2026, 10, 25, hour, minute, fold=fold, tzinfo=helsinki)

    sent_back(at(3, 50), at(3, 30, fold=1), "2026-10-24")  # 40 minutes later
    sent_back(at(4, 0), at(4, 5), "2026-10-25")
    found = [(r.day.day, r.late, r.completed) for r in reports_of(study).reports]
    assert found == [
        (24, False, datetime(2026, 10, 25, 3, 30)),
        (25, False, datetime(2026, 10, 25, 4, 5)),
    ]
