"""Who somebody is, at the desk: initials and a colour, to tell participants apart before a session.

Both are private. Those of somebody who was enrolled are in the register; of others they are beside
the kit, for the owner of the study only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.files import canonical, write_whole
from experiment.kit.store import wipe
from experiment.register.changes import Now, at_the_desk, utc_now
from experiment.register.entries import IdentitySet
from experiment.register.state import COLOURS, Register
from experiment.said import Said, listed
from experiment.study import Study

IDENTITY_FILE = "identity.json"
_LONGEST = 5


@dataclass(frozen=True)
class Identity:
    """A participant's initials and the colour of their card; private, and in no `repr`."""

    initials: str = field(repr=False)
    colour: str = field(repr=False)

    def same(self, initials: str, colour: str) -> bool:
        """Tell whether somebody said the same; neither case nor points and spaces count."""
        return _plain(initials) == _plain(self.initials) and colour == self.colour


def make_identity(initials: str, colour: str) -> Identity:
    """Return an identity.

    Raises
    ------
    BadInput
        If the initials aren't one to five letters, or there is no such colour. The message holds
        neither.
    """
    plain = _plain(initials)
    letters = [letter for letter in plain if unicodedata.category(letter)[0] == "L"]
    marks = [letter for letter in plain if unicodedata.category(letter)[0] == "M"]
    if not 1 <= len(letters) <= _LONGEST or len(letters) + len(marks) != len(plain):
        raise BadInput(Said("refused.initials"))
    if colour not in COLOURS:
        allowed = listed(Said(f"colours.{one}") for one in COLOURS)
        raise BadInput(Said("refused.colour", allowed=allowed))
    return Identity(plain, colour)


def load_identity(folder: Path) -> Identity | None:
    """Read a participant's identity; None if none was set.

    Parameters
    ----------
    folder : Path
        ``participants/P`` of the study.

    Raises
    ------
    BadInput
        If the file can't be read.
    """
    file = folder / IDENTITY_FILE
    try:
        return TypeAdapter(Identity).validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise BadInput(Said("refused.identity", file=file)) from None


def identity_of(study: Study, register: Register, label: str) -> Identity | None:
    """Return a participant's initials and colour; None if none were set.

    Raises
    ------
    BadInput
        If their file can't be read.
    """
    person = register.anybody(label)
    if person.initials is not None:
        return Identity(person.initials, person.colour)
    return load_identity(study.kit_folder(label).parent)


def set_identity(study: Study, label: str, by: str, identity: Identity, now: Now = utc_now) -> None:
    """Set somebody's initials and colour, or set them anew; the journal has who did it, and when.

    Raises
    ------
    BadInput
        If the initials `by` of the assistant can't be used, or something can't be written.
    RegisterBusy
        If somebody else holds the register.
    """
    folder = study.kit_folder(label).parent
    with at_the_desk(study.folder, by, now) as desk, _saved(identity, folder):
        desk.write(IdentitySet(by=by, participant=label))


@contextmanager
def _saved(identity: Identity, folder: Path) -> Iterator[None]:
    """Write an identity; the one before is back if what is done next fails."""
    file = folder / IDENTITY_FILE
    before = file.read_bytes() if file.is_file() else None
    save_identity(identity, folder)
    try:
        yield
    except BaseException:
        if before is None:
            forget_identity(folder)
        else:
            write_whole(file, before, mode=0o600)
        raise


def save_identity(identity: Identity, folder: Path) -> None:
    """Write a participant's identity, for the owner of the study only.

    Raises
    ------
    BadInput
        If it can't be written.
    """
    try:
        for place in (folder.parent, folder):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_whole(folder / IDENTITY_FILE, canonical(asdict(identity)), mode=0o600)
    except OSError as error:
        raise BadInput(Said("refused.file", file=folder, why=error.strerror)) from None


def forget_identity(folder: Path) -> bool:
    """Destroy what `save_identity` wrote, and return whether there was anything.

    Raises
    ------
    BadInput
        If it can't be destroyed.
    """
    file = folder / IDENTITY_FILE
    try:
        wipe(file)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise BadInput(Said("refused.destroyed", folder=folder, why=error.strerror)) from None
    return True


def _plain(initials: str) -> str:
    kept = (
        c for c in unicodedata.normalize("NFC", initials) if c not in ". -‧·" and c.isprintable()
    )
    return "".join(kept).upper()
