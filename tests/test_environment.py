"""What `make` checks before anything runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import AS_ROOT

pytestmark = pytest.mark.linux

ROOT = Path(__file__).parents[1]
ABSENT = "cowsay"  # a package that nothing of ours needs


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="Debian and Ubuntu only")
@AS_ROOT
def test_without_root_missing_packages_are_named_in_one_line_to_copy(tmp_path: Path) -> None:
    ci = tmp_path / ".ci"
    shutil.copytree(ROOT / ".ci", ci)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    done = subprocess.run(
        [str(ci / "system-packages"), ABSENT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        user="nobody",
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [f"sudo apt-get install --no-install-recommends {ABSENT}"]
    assert "Install them with this line, then run make again" in done.stderr
