"""Packages of npm that tests use: installed once into the user's cache, whichever process asks for them first."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.peers import peer

if TYPE_CHECKING:
    from collections.abc import Iterator

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "errtally-tests"


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """Keep other processes out of a folder of the cache until the block ends; gives the folder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield CACHE / name


def installed(*packages: str) -> Path:
    """Return a folder whose ``node_modules`` holds packages, each NAME@VERSION; nobody writes there any more.

    Where npm is missing or can't install, the test fails if the variable CI is set, and is skipped elsewhere.
    """
    npm, _ = peer("npm"), peer("node")
    digest = hashlib.sha256(json.dumps(sorted(packages)).encode()).hexdigest()[:16]
    with alone(f"npm-{digest}") as folder:
        if folder.exists():
            return folder
        draft = folder.with_suffix(".draft")  # what a run that was killed has left is no installation
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        (draft / "package.json").write_text('{"private": true}')
        # npm of Debian 12 and 13 is stricter than the newest about what packages say of their peers.
        command = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--prefer-offline",
            "--legacy-peer-deps",
        ]
        done = subprocess.run([*command, *packages], cwd=draft, capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"npm can't install {', '.join(packages)}: {done.stderr[-500:]}"
            if os.environ.get("CI"):
                pytest.fail(message, pytrace=False)
            pytest.skip(message)
        draft.rename(folder)
        return folder


def beside(sources: Path, folder: Path) -> Path:
    """Copy programs into a folder, with the packages that their ``package.json`` asks for; return the folder."""
    wanted = json.loads((sources / "package.json").read_text())["dependencies"]
    packages = installed(*(f"{name}@{version}" for name, version in wanted.items()))
    shutil.copytree(sources, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return folder
