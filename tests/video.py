"""Videos, frame by frame."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt


def decoded(file: Path, size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return the frames of a video, shape (frames, height, width, 3); ffmpeg must be there."""
    words = ["ffmpeg", "-loglevel", "error", "-i", str(file), "-f", "rawvideo"]
    done = subprocess.run([*words, "-pix_fmt", "rgb24", "-"], check=True, capture_output=True)
    return as_frames(done.stdout, size_px)


def as_frames(raw: bytes, size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return frames as they are piped, shape (frames, height, width, 3)."""
    return np.frombuffer(raw, np.uint8).reshape(-1, size_px[1], size_px[0], 3)


def distance(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Return the root of the mean squared difference of two pictures, of 255."""
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)))
