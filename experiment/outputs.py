"""Writing a file where somebody says: one rule for all commands that do.

What a study records (logs, kits, the register) is no place for what is made of it: an export reads
those folders, and a kit that is forgotten must leave nothing behind. A file that is there already
is replaced only where the same command made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from experiment.errors import BadInput
from experiment.files import write_new, write_whole
from experiment.said import Said

_RECORDS = ("sourcedata", "participants", "register")
_MARK_IN = ("utf-8", "utf-16-be")  # the latter in a PDF


@dataclass(frozen=True)
class Output:
    """A kind of file that a command writes where it is told to.

    Parameters
    ----------
    endings : tuple of str
        Of its name, in lower case and with their dots; any will do if empty.
    mark : str or None
        What such a file says of itself, so that one may be replaced by a newer one; nothing is ever
        replaced if None.
    mode : int
        Permissions of the new file.
    """

    endings: tuple[str, ...] = ()
    mark: str | None = None
    mode: int = 0o644

    def check(self, out: Path, kit: Path | None = None) -> None:
        """Refuse a place before anything is made for it.

        Parameters
        ----------
        out : Path
        kit : Path or None
            Folder of the kit whose private texts the file shows; as for `check_place`.

        Raises
        ------
        BadInput
            If its name ends otherwise, it lies in the wrong place or in a folder that isn't there,
            or another file is there already.
        """
        if self.endings and out.suffix.lower() not in self.endings:
            raise BadInput(Said("refused.ending", file=out, endings=" / ".join(self.endings)))
        check_place(out, kit)
        if not out.parent.is_dir():
            raise BadInput(Said("refused.no_folder", folder=out.parent))
        if out.exists() and not self._made(out):
            key = "is_there" if self.mark is None else "not_ours"
            raise BadInput(Said(f"refused.{key}", file=out))

    def write(self, out: Path, content: str | bytes, kit: Path | None = None) -> None:
        """Write a file whole, or nothing of it; parameters and errors as for `check`.

        Raises
        ------
        BadInput
            If it can't be written, too.
        """
        self.check(out, kit)
        put = write_new if self.mark is None else write_whole
        try:
            put(out, content, self.mode)
        except FileExistsError:  # since it was looked for
            raise BadInput(Said("refused.is_there", file=out)) from None
        except OSError as error:
            raise BadInput(Said("refused.file", file=out, why=error.strerror)) from None

    def _made(self, out: Path) -> bool:
        if self.mark is None:
            return False
        try:
            content = out.read_bytes()
        except OSError:  # a folder, or somebody else's
            return False
        return any(self.mark.encode(code) in content for code in _MARK_IN)


def check_place(out: Path, kit: Path | None = None) -> None:
    """Refuse a place for a file or a folder that a command is to make.

    Parameters
    ----------
    out : Path
    kit : Path or None
        Folder of the kit whose private texts are shown there: they are to lie in it, where
        forgetting them finds them. None if nothing private is shown.

    Raises
    ------
    BadInput
        If it lies elsewhere than in the kit, or among a study's records (any study's).
    """
    place = out.resolve()
    if kit is not None:
        if not place.is_relative_to(kit.resolve()):
            raise BadInput(
                f"{out}: it shows private texts; write it into the kit's folder ({kit}), where "
                "`kit forget` finds it"
            )
        return
    for folder in (place, *place.parents):
        # Some file systems don't tell upper and lower case apart.
        if folder.name.lower() in _RECORDS and (folder.parent / "study.yaml").is_file():
            raise BadInput(Said("refused.records", file=out, folder=folder.name))
