"""Keeping processors from going to sleep between two frames.

A processor with nothing to do goes to sleep, and is late when it is woken: by microseconds on most
computers, by milliseconds in a virtual machine, whose host gives it to others meanwhile.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_DEEPEST = "/dev/cpu_dma_latency"  # Linux: how late (microseconds) a processor may be woken
_ENDS_WITHIN = 5.0  # s
_LOWEST = 19  # as `nice` counts


@contextmanager
def kept_awake(asked: bool = True) -> Iterator[bool]:
    """Let no processor of this computer go to sleep meanwhile.

    On Linux the system is asked for that (which needs the right to write ``/dev/cpu_dma_latency``).
    That doesn't reach the host of a virtual machine, so on every system each processor also gets a
    program that is never done, and gives way to every other. It costs power.

    Parameters
    ----------
    asked : bool
        Whether to do so at all.

    Yields
    ------
    bool
        Whether it is done.
    """
    if not asked:
        yield False
        return
    with ExitStack() as stack:
        asked_system = _asks_system()
        if asked_system is not None:
            stack.callback(os.close, asked_system)
        for number in _processors():
            stack.callback(_end, _start(number))
        yield True


def _processors() -> list[int]:
    """Return the processors that are ours, by the system's numbers."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _asks_system() -> int | None:
    """Ask for processors that are never late; return what must stay open as long as they are."""
    try:
        file = os.open(_DEEPEST, os.O_WRONLY)
    except OSError:  # another system, or not allowed
        return None
    try:
        os.write(file, (0).to_bytes(4, sys.byteorder))
    except OSError:  # it takes no wishes; a session goes on without
        os.close(file)
        return None
    return file


def _start(number: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", __name__, str(number)],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[1],
        creationflags=getattr(subprocess, "IDLE_PRIORITY_CLASS", 0),
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _stay_awake(number: int) -> None:
    """Keep one processor busy, behind everything else, until the parent has closed our input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session's to answer
    if sys.platform == "linux":
        os.sched_setaffinity(0, {number})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if sys.platform != "win32":
        os.nice(_LOWEST)
    done = threading.Event()

    def wait_for_parent() -> None:
        sys.stdin.buffer.read()  # ends with the parent, however that ends
        done.set()

    threading.Thread(target=wait_for_parent, daemon=True).start()
    # To yield, not only to compute: Linux may let a program that wakes up on another processor
    # wait for the next tick of this one, unless this one asks the system whose turn it is.
    give_way = getattr(os, "sched_yield", lambda: None)
    while not done.is_set():
        give_way()


if __name__ == "__main__":
    _stay_awake(int(sys.argv[1]))
