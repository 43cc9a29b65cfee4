"""A study of social feedback and somebody's own profile, for tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from experiment.kit.own_words import OwnWords
from experiment.profiles import DEMO
from experiment.session import SessionRequest

PHOTO = DEMO / "photos" / "p41.png"
NAME, TEXT = "CANARYNAME", "CANARYTEXT about what I like"
OWN = OwnWords(NAME, 30, TEXT, ("men",))
PERSON = ("--participant", "012")
TODAY = dt.date(2026, 3, 2)


def kit_of(study: Path) -> Path:
    return study / "participants" / "012" / "kit"


def request(study: Path, session: str) -> SessionRequest:
    return SessionRequest(
        study,
        "012",
        session,
        robot="typical",
        port="mock:",
        fast=True,
        no_window=True,
        size=(960, 540),
    )
