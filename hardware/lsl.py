"""Trigger codes as samples of a Lab Streaming Layer outlet."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from experiment.errors import HardwareError
from hardware.dialects import check_code


class LslPort:
    """An outlet of the Lab Streaming Layer: each code is a sample; there are no lines to reset.

    Parameters
    ----------
    stream : str
        Name of the stream; its type is ``Markers``, its one channel ``int32``.
    pulse : float
        Least seconds from code to code.

    Raises
    ------
    HardwareError
        If pylsl is not installed, or finds no library.
    """

    resets_itself = True

    def __init__(self, stream: str, pulse: float) -> None:
        self.name = f"lsl:{stream}"
        self.pulse = pulse
        try:
            pylsl = import_module("pylsl")  # an extra, so unknown to the type checker
        except ImportError:
            raise HardwareError(
                f"port {self.name}: install pylsl into the environment: "
                ".venv/bin/python -m pip install pylsl"
            ) from None
        except (RuntimeError, OSError) as error:
            raise HardwareError(
                f"port {self.name}: pylsl can't load its library: {str(error).splitlines()[0]}"
            ) from None
        info = pylsl.StreamInfo(stream, "Markers", 1, 0, "int32", f"kindred-{stream}")
        self._outlet: Any = pylsl.StreamOutlet(info)

    def write(self, code: int) -> None:
        self._outlet.push_sample([check_code(code)])

    def reset(self) -> None:
        """Nothing to bring down."""

    def close(self) -> None:
        self._outlet = None  # the stream ends with its outlet
