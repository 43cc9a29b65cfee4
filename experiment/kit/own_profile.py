"""The participant's own profile: a photo, a name, an age and a text, kept with their kit.

The photo is drawn anew before it is kept: where and with what it was taken stays behind.
"""

from __future__ import annotations

import io
import os
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.files import canonical, write_whole
from experiment.kit.own_words import OwnWords, check_words
from experiment.kit.store import is_forgotten
from experiment.profiles import OwnProfile
from experiment.said import Said

PROFILE_FILE = "own_profile.json"
PHOTO_FILE = "own_photo.png"
_FOLDER, _FILE = 0o700, 0o600
_SMALLEST, _LARGEST = 200, 12_000  # px of a photo's shorter and longer side
_KEPT = 1200  # px of the longer side of what is kept
_BYTES = 40_000_000  # of a file that is taken for a photo


def save_own_profile(folder: Path, photo: Path, words: OwnWords) -> Path:
    """Put a participant's own profile into their kit, in place of one that is there.

    Parameters
    ----------
    folder : Path
        ``participants/P/kit``; made for its owner only if need be.
    photo : Path
        PNG, JPEG or WebP.
    words : OwnWords

    Raises
    ------
    BadInput
        If anything is missing, too long, or no picture, or the kit was destroyed; nothing is
        changed then. No error quotes what was written.
    """
    words = check_words(words)
    if is_forgotten(folder):
        raise BadInput(Said("refused.nothing_new", folder=folder))
    picture = _drawn_anew(photo)
    try:
        for parent in (folder.parent.parent, folder.parent, folder):
            parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        folder.parent.chmod(_FOLDER)
        folder.chmod(_FOLDER)
        write_whole(folder / PHOTO_FILE, picture, mode=_FILE)
        write_whole(folder / PROFILE_FILE, canonical(asdict(words)), mode=_FILE)
    except OSError as error:
        raise BadInput(Said("refused.file", file=folder, why=error.strerror)) from None
    return folder / PROFILE_FILE


def load_own_profile(folder: Path) -> tuple[OwnProfile, tuple[str, ...]] | None:
    """Return a participant's own profile and the groups they prefer; None if they made none.

    Raises
    ------
    BadInput
        If it is damaged; shows nothing of its content.
    """
    file = folder / PROFILE_FILE
    try:
        written = TypeAdapter(OwnWords).validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(Said("refused.unreadable", file=file, why=error.strerror)) from None
    except ValidationError:
        raise BadInput(Said("refused.not_a_profile", file=file)) from None
    photo = folder / PHOTO_FILE
    if not os.access(photo, os.R_OK):
        raise BadInput(Said("refused.own_photo", file=photo))
    return OwnProfile(written.name, written.age, written.text, photo), written.likes


def _drawn_anew(photo: Path) -> bytes:
    """Return a photo as PNG, upright, of a sensible size, and without what a camera adds."""
    from PIL import Image, ImageOps

    try:
        if photo.stat().st_size > _BYTES:
            raise BadInput(f"{photo}: larger than {_BYTES // 1_000_000} MB; give a smaller picture")
        with Image.open(photo, formats=("PNG", "JPEG", "WEBP")) as opened:
            if max(opened.size) > _LARGEST or min(opened.size) < _SMALLEST:
                width, height = opened.size
                raise BadInput(
                    f"{photo}: {width} x {height} px; at least {_SMALLEST} on each side and at "
                    f"most {_LARGEST} are allowed"
                )
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        picture.thumbnail((_KEPT, _KEPT))
        clean = Image.new("RGB", picture.size)
        clean.paste(picture)
        buffer = io.BytesIO()
        clean.save(buffer, "PNG")
    except FileNotFoundError:
        raise BadInput(f"{photo}: no such file") from None
    except Image.DecompressionBombError:
        raise BadInput(f"{photo}: at most {_LARGEST} px on each side are allowed") from None
    except (OSError, SyntaxError, ValueError):
        raise BadInput(f"{photo}: not a readable PNG, JPEG or WebP picture") from None
    return buffer.getvalue()
