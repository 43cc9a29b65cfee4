"""A sheet of a kit's messages as the participant will see them, for whoever reviews the kit."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType

from analysis.sheets import Frame, png, sheet
from experiment.errors import BadInput
from experiment.kit import Kit, load_kit
from experiment.kit.decisions import Decision, load_decisions
from experiment.kit.review import Looked, look_at
from experiment.looks import Looks, looks_of
from experiment.outputs import Output
from experiment.protocol import Protocol
from experiment.screens import Message
from experiment.study import Study, check_label
from stimuli.pictures import Picture, compose

PREVIEW_FILE = "preview.png"
"""Its name in the kit's folder."""
_MADE_BY = "Kindred kit preview"
PREVIEW = Output((".png", ".html"), mark=_MADE_BY, mode=0o600)
"""Readable by its owner only: it shows private texts."""

_COLUMNS, _WIDTH = 4, 480
NO_DECISIONS: Mapping[str, Decision] = MappingProxyType({})


def preview_kit(
    study: Study, participant: str, out: Path | None, size_px: tuple[int, int] | None
) -> Path:
    """Write a sheet of a participant's kit with all that `kit check` says of each message.

    Parameters
    ----------
    study : Study
    participant : str
        Label.
    out : Path or None
        As for `write_preview`, in the kit's folder; else a PNG there.
    size_px : tuple of int or None
        Size of the window (px) in place of the protocol's.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    BadInput
        If it would be written elsewhere; and as for `write_preview`.
    """
    folder = study.kit_folder(check_label("participant", participant))
    kit = load_kit(folder)
    decisions = load_decisions(folder, kit.index().digest)
    file = folder / PREVIEW_FILE if out is None else out
    size_px = size_px or study.protocol.screen.size_px
    write_preview(study.protocol, kit, size_px, file, decisions, folder)
    return file


def write_preview(
    protocol: Protocol,
    kit: Kit,
    size_px: tuple[int, int],
    out: Path,
    decisions: Mapping[str, Decision] = NO_DECISIONS,
    kit_folder: Path | None = None,
) -> None:
    """Write a sheet of all messages, with their ids and what a review says of each.

    A preview that is there already is replaced; no other file is.

    Parameters
    ----------
    protocol : Protocol
    kit : Kit
    size_px : tuple of int
        Width and height of the participant's window.
    out : Path
        A file ``.html`` (one page, each screen in full size) or ``.png`` (one picture).
    decisions : mapping of str to Decision, optional
        Last decision about each message, by its id.
    kit_folder : Path or None
        Where the kit is: the file is to lie there.

    Raises
    ------
    BadInput
        As for `Output.write`; or if the kit has no message.
    """
    PREVIEW.check(out, kit_folder)
    if not kit.messages:
        raise BadInput(f"{out}: the kit of participant {kit.participant} has no messages")
    looks = looks_of(protocol, size_px, kit.texts(), draft=True)
    looked = look_at(kit, protocol, looks, decisions)
    pages = [(_screen(looks, message), message, caption(message)) for message in looked]
    content: bytes | str
    if out.suffix.lower() == ".png":
        content = png(sheet([(f, c) for f, _, c in pages], _COLUMNS, _WIDTH), _MADE_BY)
    else:
        content = _page(kit.participant, pages)
    PREVIEW.write(out, content, kit_folder)


def _screen(looks: Looks, message: Looked) -> Frame:
    try:
        picture = looks.painter.paint(Message(message.message_id))
    except ValueError:  # it does not fit; the caption says so
        picture = Picture(())
    return compose(picture, looks.style)


def caption(message: Looked) -> list[str]:
    """Return two lines below a message's screen: what it is, and what is to be looked at."""
    facts = [message.message_id, message.writer_id, message.condition, message.language]
    if message.lines is not None:
        facts.append(f"{message.lines} line" + ("s" if message.lines != 1 else ""))
    decision = message.decision
    verdicts = {"accept": "accepted", "leave_out": "LEFT OUT"}
    told = [] if decision is None else [f"{verdicts[decision.verdict]} by {decision.by}"]
    told += [f"CAN'T BE SHOWN: {fault}" for fault in message.faults]
    told += ["right to left"] if message.right_to_left else []
    return ["   ".join(facts), "; ".join((*told, *message.notes))]


def _page(participant: str, pages: Sequence[tuple[Frame, Looked, list[str]]]) -> str:
    figures = "\n".join(
        f'<figure><img alt="{escape(message.message_id)}" src="data:image/png;base64,'
        f'{base64.b64encode(png(frame)).decode()}"><figcaption>{escape(told[0])}<br>'
        f"<b>{escape(told[1])}</b></figcaption></figure>"
        for frame, message, told in pages
    )
    page = _HTML.replace("MARK", _MADE_BY).replace("PARTICIPANT", escape(participant))
    return page.replace("FIGURES", figures)


_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="MARK">
<title>Kit of participant PARTICIPANT</title>
<style>
body { background: #f4f2ee; color: #333; font: 16px/1.4 sans-serif; margin: 1rem;
  display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(30rem, 1fr)); }
h1, p { grid-column: 1 / -1; margin: 0; } figure { margin: 0; } img { width: 100%; }
</style></head><body>
<h1>Kit of participant PARTICIPANT</h1>
<p>Private: these are people's own words. Keep this page with the kit.</p>
FIGURES
</body></html>
"""
