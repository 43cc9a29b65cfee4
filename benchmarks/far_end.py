"""The other ends of our lines, each a process: ``python -m benchmarks.far_end WHAT ...``.

- ``read LINES FILE`` opens pseudo-terminals and stamps all that comes in;
- ``listen PATH FILE`` stamps all that comes out of a path: a pulse reader and nothing else;
- ``pulses PERIOD COUNT FILE`` sends a ``5`` each so many seconds over two terminals and two pipes,
  one after the other, and stamps each write;
- ``forp COUNT FILE`` sends so many states at 800 a second, the trigger line up for 10 ms a second;
- ``sync FOLDER`` writes and syncs a file all the time;
- ``spin`` keeps one core busy.

Those with a FILE print the paths of their lines as a JSON list, begin to send with the first
line of their standard input, and write FILE (JSON) before they end; where the system lets them,
they are served before ordinary processes, so that a measurement does not wait for its own turn.
All end with their standard input. Times are `time.perf_counter` (s), which all processes of a
machine share.
"""

from __future__ import annotations

import gc
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.priority import be_served_first
from hardware.pulse_dialects import Forp

ROOT = Path(__file__).parents[1]
_BLOCK = bytes(1 << 20)


@dataclass
class FarEnd:
    """A process at the other end.

    Attributes
    ----------
    ports : list of str
        The ends of its terminals that are ours to open.
    """

    process: subprocess.Popen[bytes]
    ports: list[str]
    file: Path

    def go(self) -> None:
        """Have it begin to send."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def result(self, timeout: float = 60.0) -> Any:
        """End it, and return what it wrote."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout)
        return json.loads(self.file.read_text(encoding="utf-8"))


@contextmanager
def far_end(file: Path, what: str, *words: object) -> Iterator[FarEnd]:
    """Run one that has terminals."""
    with _process(what, *words, file) as process:
        assert process.stdout is not None
        yield FarEnd(process, json.loads(process.stdout.readline()), file)


@contextmanager
def nuisance(what: str, *words: object) -> Iterator[None]:
    """Run one that only disturbs."""
    with _process(what, *words):
        yield


@contextmanager
def _process(*words: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.far_end", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _terminal() -> tuple[int, int]:
    import tty

    far, near = os.openpty()
    tty.setraw(near)
    return far, near


def _read(lines: int, file: Path) -> None:
    """Write ``[[stamp, byte], ...]`` for each line."""
    pairs = [_terminal() for _ in range(lines)]
    print(json.dumps([os.ttyname(near) for _, near in pairs]), flush=True)
    _stamp([far for far, _ in pairs], file)


def _listen(path: str, file: Path) -> None:
    """Write ``[[[stamp, byte], ...]]``."""
    handle = os.open(path, os.O_RDONLY | os.O_NOCTTY)
    print("[]", flush=True)
    _stamp([handle], file)


def _stamp(handles: list[int], file: Path) -> None:
    got: dict[int, list[tuple[float, int]]] = {handle: [] for handle in handles}
    stdin = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([*handles, stdin], [], [])
        stamp = time.perf_counter()
        for handle in ready:
            data = os.read(handle, 4096)
            if handle != stdin:
                got[handle] += [(stamp, byte) for byte in data]
            elif not data:
                file.write_text(json.dumps(list(got.values())), encoding="utf-8")
                return


def _pulses(file: Path, period: float, count: int) -> None:
    pairs = [_terminal() for _ in range(2)]
    pipes = [file.with_suffix(f".pipe{number}") for number in range(2)]
    for pipe in pipes:
        os.mkfifo(pipe)
    print(json.dumps([*(os.ttyname(near) for _, near in pairs), *map(str, pipes)]), flush=True)
    both_ways = [os.open(pipe, os.O_RDWR) for pipe in pipes]  # or this would wait for the reader
    _send(file, period, count, [*(far for far, _ in pairs), *both_ways], lambda n: ord("5"))  # noqa: ARG005


def _forp(file: Path, count: int) -> None:
    def state(n: int) -> int:
        # Low at first: a line that is up in the first byte has risen before anybody looked.
        return Forp.trigger if 8 <= n % int(Forp.rate) < 16 else 0

    far, near = _terminal()
    print(json.dumps([os.ttyname(near)]), flush=True)
    _send(file, 1 / Forp.rate, count, [far], state)


def _send(
    file: Path, period: float, count: int, lines: list[int], state: Callable[[int], int]
) -> None:
    """Write ``[[before, after], ...]`` for each line, one for each write."""
    sys.stdin.readline()
    begun = time.perf_counter() + 0.1
    stamps: list[list[tuple[float, float]]] = [[] for _ in lines]
    for n in range(count * len(lines)):
        while (left := begun + n * period / len(lines) - time.perf_counter()) > 0:
            time.sleep(left)
        line, data = n % len(lines), bytes((state(n // len(lines)),))
        before = time.perf_counter()
        os.write(lines[line], data)
        stamps[line].append((before, time.perf_counter()))
    sys.stdin.read()
    file.write_text(json.dumps(stamps), encoding="utf-8")


def _sync(folder: Path) -> None:
    with (folder / "syncing").open("wb", buffering=0) as file:
        while not _ended():
            file.seek(0)
            file.write(_BLOCK)
            os.fsync(file.fileno())


def _spin() -> None:
    while not _ended():
        for _ in range(100_000):
            pass


def _ended() -> bool:
    return bool(select.select([sys.stdin], [], [], 0.0)[0])


def main(what: str, *words: str) -> None:
    """Be one of them until the standard input ends."""
    gc.disable()  # what is gathered here may take long to look through
    if what not in ("sync", "spin"):
        be_served_first(2)
    if what == "read":
        _read(int(words[0]), Path(words[1]))
    elif what == "listen":
        _listen(words[0], Path(words[1]))
    elif what == "pulses":
        _pulses(Path(words[2]), float(words[0]), int(words[1]))
    elif what == "forp":
        _forp(Path(words[1]), int(words[0]))
    elif what == "sync":
        _sync(Path(words[0]))
    elif what == "spin":
        _spin()


if __name__ == "__main__":
    main(*sys.argv[1:])
