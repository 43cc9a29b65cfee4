"""A virtual display of our own, for machines without a screen; stopped again when done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from experiment.errors import HardwareError

_SIZE = "1920x1080x24"


@contextmanager
def some_display() -> Iterator[str | None]:
    """Use the display that is there, or start a virtual one for the time of the block.

    Yields
    ------
    str or None
        Name of the virtual display, or None if a screen is used.

    Raises
    ------
    HardwareError
        If there is no screen and no Xvfb either.
    """
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
        yield None
        return
    if shutil.which("Xvfb") is None:
        raise HardwareError(
            "no screen and no virtual one: apt-get install --no-install-recommends xvfb"
        )
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", _SIZE, "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            number = answer.readline().strip()  # written once the server takes connections
        if not number:
            raise HardwareError("no screen, and the virtual one (Xvfb) did not start")
        os.environ["DISPLAY"] = f":{number}"
        yield f":{number}"
    finally:
        os.environ.pop("DISPLAY", None)
        server.terminate()
        server.wait(timeout=10)
