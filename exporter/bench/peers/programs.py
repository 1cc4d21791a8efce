"""Peers as processes: where they are, and the CPU time that a command takes."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from errtally.exporter.bench.peers.row import NotMeasuredError

_TIMEOUT_SECONDS = 300
PACKAGES = ("drain3", "pylint", "ruff", "bugsink")
"""Peers that are Python packages; they get an environment of their own."""


class Environment:
    """An environment of Python's that holds the peers.

    Args:
        folder: where it is, or is made.
    """

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self._problem = ""

    def install(self) -> None:
        """Install what is not there; what can't be had is told by the row that needs it."""
        if not (self.bin / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(self.bin.parent)], check=True)  # noqa: S603 (ours)
        for package in PACKAGES:
            if self.version(package):
                continue
            command = [str(self.bin / "python"), "-m", "pip", "install", "--quiet", "--only-binary=:all:", package]
            done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 (a fixed name)
            if done.returncode:
                self._problem = done.stderr.strip()[-300:]

    def version(self, package: str) -> str:
        """Return a package's version, "" when it is not installed."""
        source = f"import importlib.metadata as m; print(m.version({package!r}))"
        done = subprocess.run(  # noqa: S603 (ours)
            [str(self.bin / "python"), "-c", source], check=False, capture_output=True, text=True
        )
        return done.stdout.strip()

    def need(self, package: str) -> str:
        """Return a package's name with its version.

        Raises:
            NotMeasuredError: it is not installed.
        """
        version = self.version(package)
        if not version:
            raise NotMeasuredError(f"{package} could not be installed: {self._problem}")
        return f"{package} {version}"


def program(*names: str) -> str:
    """Find a program on the search path under one of its names.

    Raises:
        NotMeasuredError: it is not there.
    """
    for name in names:
        if (found := shutil.which(name)) is not None:
            return found
    raise NotMeasuredError(f"{names[0]} is not installed")


def cpu_seconds(
    command: list[str],
    *,
    codes: tuple[int, ...] = (0,),
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
) -> float:
    """Run a command and return the CPU time of it and of its children.

    Raises:
        NotMeasuredError: it ended with another status than one of ``codes``.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(  # noqa: S603 (programs that the caller found)
        command,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        timeout=_TIMEOUT_SECONDS,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise NotMeasuredError(f"{Path(command[0]).name} ended with {done.returncode}: {said}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
