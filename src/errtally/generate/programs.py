"""Run the checking tools of Prometheus and Alertmanager (promtool, amtool) where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}
_TIMEOUT_SECONDS = 300


class CheckFailedError(ErrtallyError):
    """A checking tool found something; the message is what it said."""


def is_installed(program: str) -> bool:
    """Say whether the program is on the PATH."""
    return shutil.which(program) is not None


def run(program: str, arguments: Sequence[str], *, folder: Path) -> str:
    """Run a tool in ``folder`` and return all that it printed, remarks as well.

    Raises:
        ErrtallyError: the tool is not installed; the message names the package that brings it.
        CheckFailedError: the tool exited with anything but 0.
    """
    done = _done(program, arguments, folder)
    return (done.stdout + done.stderr).strip()


def result(program: str, arguments: Sequence[str], *, folder: Path) -> str:
    """Run a tool in ``folder`` and return its result, without remarks that it makes on the side.

    Raises:
        ErrtallyError: as `run`.
        CheckFailedError: as `run`.
    """
    return _done(program, arguments, folder).stdout.strip()


def _done(program: str, arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool.

    Raises:
        ErrtallyError: the tool is not installed; the message names the package that brings it.
        CheckFailedError: the tool exited with anything but 0.
    """
    path = shutil.which(program)
    if path is None:
        raise ErrtallyError(
            f"{program} is not installed; it comes with {_PACKAGES[program]}"
            f" (on Debian and Ubuntu: apt-get install {_PACKAGES[program]})"
        )
    command = [path, *arguments]
    try:
        done = subprocess.run(  # noqa: S603 (a fixed program, arguments are our own files)
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired as exc:
        raise CheckFailedError(f"{program} {' '.join(arguments)} took longer than {_TIMEOUT_SECONDS} s") from exc
    if done.returncode:
        output = (done.stdout + done.stderr).strip()
        raise CheckFailedError(f"{program} {' '.join(arguments)} failed:\n{output}")
    return done
