from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.awake import kept_awake

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from hardware.awake import kept_awake
with kept_awake():
    print("awake", flush=True)
    sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux does")


def keepers(parent: int) -> list[int]:
    """Processes that keep a processor awake for another one."""
    own = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [
        int(child)
        for child in own
        if b"hardware.awake" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_each_processor_has_a_keeper_that_gives_way_to_all_others() -> None:
    with kept_awake() as done:
        assert done
        # While they start the system's list may lack one: the time limit of the test is the bound.
        while len(found := keepers(os.getpid())) < len(os.sched_getaffinity(0)) or any(
            os.sched_getscheduler(keeper) != os.SCHED_IDLE for keeper in found
        ):
            os.sched_yield()
        assert {tuple(os.sched_getaffinity(keeper)) for keeper in found} == {
            (processor,) for processor in os.sched_getaffinity(0)
        }
    assert keepers(os.getpid()) == []


def test_nothing_is_started_where_it_is_not_asked_for() -> None:
    with kept_awake(asked=False) as done:
        assert not done
        assert keepers(os.getpid()) == []


def test_keepers_end_with_a_session_that_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == b"awake\n"
        found = [os.pidfd_open(keeper) for keeper in keepers(session.pid)]
        assert found
        session.send_signal(signal.SIGKILL)
        for keeper in found:
            _ended(keeper)
            os.close(keeper)


def _ended(keeper: int) -> None:
    import select

    assert select.select([keeper], [], [], 30)[0]
