"""A virtual display of our own, for machines without a screen."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from experiment.errors import HardwareError
from hardware.priority import be_served_first

_SIZE = "1920x1080x24"


@contextmanager
def some_display() -> Iterator[str | None]:
    """Use the display that is there, or start a virtual one.

    The virtual display stops by itself when its last client is gone. It is held open for the time
    of the block; a window of this process may outlive the block, and dies with the process.

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
    name = _start()
    with _connection(name) as connected:
        if not connected:
            raise HardwareError(f"the virtual display {name} can't be reached")
        os.environ["DISPLAY"] = name
        try:
            yield name
        finally:
            os.environ.pop("DISPLAY", None)


def display_answers() -> bool:
    """Whether the X server that DISPLAY names can be reached."""
    with _connection(None) as connected:
        return connected


def _start() -> str:
    if shutil.which("Xvfb") is None:
        raise HardwareError(
            "no screen and no virtual one: apt-get install --no-install-recommends xvfb"
        )
    read, write = os.pipe()
    words = ["-displayfd", str(write), "-screen", "0", _SIZE, "-nolisten", "tcp", "-terminate"]
    # Started by a shell that ends at once: the server is nobody's child, and nobody has to stop it.
    subprocess.run(
        ["sh", "-c", 'Xvfb "$@" </dev/null >/dev/null 2>&1 &', "sh", *words],
        pass_fds=(write,),
        # A frame waits for the server that shows it: on a machine with other work, a session at
        # raised priority drops some fifty times more frames if its display server is not raised.
        preexec_fn=be_served_first,
        start_new_session=True,  # a Ctrl-C at the terminal is not meant for it
        check=True,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()  # written once the server takes connections
    if not number:
        raise HardwareError("no screen, and the virtual one (Xvfb) did not start")
    return f":{number}"


@contextmanager
def _connection(name: str | None) -> Iterator[bool]:
    """Hold a connection to an X server; yields whether there is one."""
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        raise HardwareError(
            "no X11 on this system: apt-get install --no-install-recommends libx11-6"
        ) from None
    x11.XOpenDisplay.argtypes = (ctypes.c_char_p,)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XCloseDisplay.argtypes = (ctypes.c_void_p,)
    display = x11.XOpenDisplay(None if name is None else name.encode())
    try:
        yield display is not None
    finally:
        if display is not None:
            x11.XCloseDisplay(display)
