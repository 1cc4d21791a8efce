"""A disk that is soon full."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def as_root(*command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command with all rights, if they can be had without a question; it fails where they can't."""
    sudo = [] if os.geteuid() == 0 or not shutil.which("sudo") else ["sudo", "-n"]
    return subprocess.run([*sudo, *command], check=False, capture_output=True)


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    """Mount a disk of a size such as ``32m`` until the block ends; without the right to, the test is skipped."""
    path.mkdir()
    options = f"size={size},uid={os.geteuid()}"
    mounted = as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path))
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        yield
    finally:
        as_root("umount", "-l", str(path)).check_returncode()


def fill(path: Path, *, free_bytes: int) -> None:
    """Fill a file until no more than some bytes are free on its disk."""
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    os.truncate(path, max(path.stat().st_size - free_bytes, 0))
