"""What the making of a kit left to look at, kept beside it so that each check tells it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.files import canonical, write_whole

ORIGIN_FILE = "import.json"
_FILE = 0o600


@dataclass(frozen=True)
class Origin:
    """How a kit came about, as far as it can't be found out from the kit again.

    Parameters
    ----------
    kit : str
        Digest of the kit.
    doubts : tuple of str
        What somebody should look at; ids and line numbers only.
    """

    kit: str
    doubts: tuple[str, ...]


def save_origin(folder: Path, origin: Origin) -> None:
    """Write it into the kit's folder, for its owner only.

    Raises
    ------
    BadInput
        If it can't be written.
    """
    file = folder / ORIGIN_FILE
    try:
        write_whole(file, canonical(asdict(origin)), mode=_FILE)
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror})") from None


def doubts_about(folder: Path, digest: str) -> tuple[str, ...]:
    """Return what the import left to look at; nothing if the file is that of another kit, or gone.

    Raises
    ------
    BadInput
        If the file is damaged.
    """
    file = folder / ORIGIN_FILE
    try:
        origin = TypeAdapter(Origin).validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    except ValidationError:
        raise BadInput(
            f"{file}:1: not what an import left to look at; remove it, or import the kit again"
        ) from None
    return origin.doubts if origin.kit == digest else ()
