"""The BIDS validator, asked about a data set."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment.errors import BadInput

_VALIDATOR = "bids-validator-deno"


@dataclass(frozen=True)
class ValidatorReport:
    """What the BIDS validator found: one line per problem, ``CODE (field): where``."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def validate(folder: Path) -> ValidatorReport:
    """Run the BIDS validator on a data set, every row of it.

    Raises
    ------
    BadInput
        If the validator isn't installed or can't work on the folder.
    """
    program = Path(sys.executable).with_name(_VALIDATOR)
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; export a data set into it first")
    try:
        done = subprocess.run(
            [program, folder, "--format", "json", "--max-rows", "-1"],
            capture_output=True,
            text=True,
            check=False,
        )
        issues = json.loads(done.stdout)["issues"]["issues"]
    except FileNotFoundError:
        raise BadInput(f"{program}: not there; install it with: pip install {_VALIDATOR}") from None
    except (ValueError, KeyError):
        raise BadInput(f"{folder}: the BIDS validator gave no result on it") from None
    return ValidatorReport(
        errors=tuple(_told(issue) for issue in issues if issue["severity"] == "error"),
        warnings=tuple(_told(issue) for issue in issues if issue["severity"] == "warning"),
    )


def _told(issue: Mapping[str, Any]) -> str:
    detail = " ".join(f"({issue[key]})" for key in ("subCode", "issueMessage") if issue.get(key))
    return f"{issue['code']} {detail}: {issue.get('location', '')}"
