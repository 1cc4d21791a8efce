"""Packages of PyPI that tests run as other programs: each set in an environment of its own, in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.npm_packages import alone

if TYPE_CHECKING:
    from pathlib import Path


def python_with(*packages: str) -> Path:
    """Return the interpreter of an environment that holds packages, each NAME==VERSION; nobody writes there any more.

    Where pip can't install, the test fails if the variable CI is set, and is skipped elsewhere.
    """
    wanted = [*sorted(packages), sys.version]
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:16]
    with alone(f"pypi-{digest}") as folder:
        if not (folder / "complete").exists():  # what a run that was killed has left is no installation
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run([*pip, *packages], capture_output=True, text=True, check=False)
            if done.returncode:
                message = f"pip can't install {', '.join(packages)}: {done.stderr[-500:]}"
                if os.environ.get("CI"):
                    pytest.fail(message, pytrace=False)
                pytest.skip(message)
            (folder / "complete").touch()
        return folder / "bin/python"
