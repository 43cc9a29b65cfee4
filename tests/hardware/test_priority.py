from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os
from hardware.priority import raised_priority
before = os.sched_getscheduler(0)
with raised_priority() as granted:
    inside = os.sched_getscheduler(0)
print(granted, inside != before, os.sched_getscheduler(0) == before)
"""


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="Linux only")
def test_priority_is_raised_where_the_system_allows_it_and_given_back(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    granted, changed, given_back = done.stdout.split()
    assert granted == changed
    assert given_back == "True"
