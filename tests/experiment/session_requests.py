"""What tests ask of a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiment.session import SessionRequest

NewStudy = Callable[..., Path]


def request(study: Path, session: str = "01", **changes: Any) -> SessionRequest:
    base = SessionRequest(
        study,
        "012",
        session,
        robot="typical",
        fast=True,
        no_window=True,
        port="mock:",
        scanner="mock:",
    )
    return replace(base, **changes)
