"""What keeps Python itself out of the frame loop's way."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH = 0.0005  # s; how long another thread may keep Python's lock from the frame loop


@contextmanager
def steady() -> Iterator[None]:
    """Collect no garbage meanwhile, and let no other thread keep Python's lock for long.

    A collection takes several frames; runs make little garbage, and it is collected afterwards.
    """
    interval = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.enable()
        gc.unfreeze()
