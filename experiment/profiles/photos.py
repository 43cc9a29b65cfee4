"""What can be wrong with a set's pictures."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiment.profiles.likeness import NEAR, distance, fingerprint
from experiment.profiles.reading import Entry, Problem

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
MAX_BYTES = 5_000_000
"""Largest file (bytes); a photo of `MAX_SIDE` as JPEG has half of it."""
MAX_SIDE = 4096
"""Longest side (px); what is shown has some 500."""
MIN_SIDE = 256
"""Shortest side (px); a smaller picture looks coarse beside others."""
MAX_RATIO = 2.0
"""Longer side to shorter one; pictures are cropped to a square."""

_ORIENTATION = 0x0112  # EXIF 2.3, table 4
_UPRIGHT = 1


@dataclass(frozen=True)
class _Seen:
    """A picture that could be looked at."""

    entry: Entry
    digest: bytes
    fingerprint: int | None  # None where it isn't decodable


def check_photos(table: Path, entries: Sequence[Entry]) -> tuple[Problem, ...]:
    """Look at all pictures of a set.

    Parameters
    ----------
    table : Path
        The set's table, whose lines are named.
    entries : sequence of Entry
    """
    problems: list[Problem] = []
    seen: list[_Seen] = []
    for entry in entries:
        if entry.photo is None:
            continue
        found, wrong = _look_at(entry, entry.photo)
        problems += [
            Problem(table, entry.line, f"{entry.label}: the picture {what}") for what in wrong
        ]
        if found is not None:
            problems += [
                Problem(table, entry.line, f"{entry.label}: {what}") for what in _alike(found, seen)
            ]
            seen.append(found)
    return tuple(problems)


def photo_bytes(photo: Path) -> tuple[bytes | None, str | None]:
    """Read a picture's file; returns its bytes, or what is wrong with it."""
    try:
        size = photo.stat().st_size
        if size > MAX_BYTES:
            return None, (
                f"has {size / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:g} are read: save it smaller"
            )
        return photo.read_bytes(), None
    except FileNotFoundError:
        return None, "is missing; put the file in place, or mend column photo"
    except OSError as error:
        return None, f"can't be read ({error.strerror}); mend its rights"


def _look_at(entry: Entry, photo: Path) -> tuple[_Seen | None, list[str]]:
    raw, unread = photo_bytes(photo)
    if raw is None:
        return None, [unread or ""]
    mark, wrong = _decoded(raw)
    return _Seen(entry, hashlib.sha256(raw).digest(), mark), wrong


def _decoded(raw: bytes) -> tuple[int | None, list[str]]:
    """Decode a picture; returns its fingerprint, and what is wrong with it."""
    from PIL import Image, UnidentifiedImageError

    allowed = ", ".join(FORMATS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a damaged file's oddities; sizes are looked at here
            with Image.open(io.BytesIO(raw), formats=tuple(FORMATS)) as picture:
                wrong = list(_wrong_size(*picture.size))
                if max(picture.size) > MAX_SIDE:
                    return None, wrong  # not decoded: it might take all memory
                if getattr(picture, "n_frames", 1) > 1:
                    wrong.append("moves; save one still of it")
                if picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
                    wrong.append(
                        "lies on its side and says by EXIF how to turn it, which not every program"
                        " does; turn it and save it upright"
                    )
                picture.load()
                return fingerprint(picture), wrong
    except UnidentifiedImageError:
        return None, [f"is none that can be read ({allowed}); save it as one of them"]
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None, ["is broken: it can't be decoded to its end; export it again"]


def _wrong_size(width: int, height: int) -> Iterator[str]:
    if max(width, height) > MAX_SIDE:
        yield f"has {width} x {height} px; at most {MAX_SIDE} a side are read: save it smaller"
    if min(width, height) < MIN_SIDE:
        yield f"has {width} x {height} px; at least {MIN_SIDE} a side are needed: take a larger one"
    if max(width, height) > MAX_RATIO * min(width, height):
        yield (
            f"has {width} x {height} px; one side may be {MAX_RATIO:g} times the other, since a "
            "square is cropped from it: crop it"
        )


def _alike(one: _Seen, earlier: Sequence[_Seen]) -> Iterator[str]:
    """Tell of the earlier picture that is the same, or else of the one that is nearest."""
    remedy = "nobody may be shown twice; take another picture"
    for other in earlier:
        if other.digest == one.digest:
            yield f"the same picture as in line {other.entry.line}; {remedy}"
            return
    mark = one.fingerprint
    if mark is None:
        return
    near = [
        (distance(mark, other.fingerprint), other.entry.line)
        for other in earlier
        if other.fingerprint is not None
    ]
    if near and min(near)[0] <= NEAR:
        yield f"nearly the same picture as in line {min(near)[1]}; {remedy}"
