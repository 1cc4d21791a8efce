"""The writer's sign of life, one small file: when it last kept the store current, and what keeps it from that.

Written with the clock that counts from the machine's start, which all processes share and nobody sets.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEARTBEAT_FILE = "writer.heartbeat"
HEARTBEAT_SECONDS = 2.0
"""How often the writer renews it while all is well."""

STALE_SECONDS = 5 * HEARTBEAT_SECONDS
_FILE_BYTES = 2048
"""Never shorter or longer, so that there is room for it on a full disk once it is there."""

_SHOWN = 300
"""Characters of a problem that are told; in JSON each takes 6 bytes at most."""


def beat(path: Path, problem: str = "") -> None:
    """Say that the writer is alive, and what keeps it from writing ("" when nothing does).

    Raises:
        OSError: the file can't be written.
    """
    told = {"monotonic_seconds": time.monotonic(), "problem": problem[:_SHOWN]}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, json.dumps(told).encode().ljust(_FILE_BYTES), 0)
    finally:
        os.close(descriptor)


def problem(path: Path) -> str | None:
    """Return why the writer does not keep the store current, None while it does."""
    try:
        told = json.loads(path.read_bytes())
        age_seconds, found = time.monotonic() - float(told["monotonic_seconds"]), str(told["problem"])
    except FileNotFoundError:
        return "the writer has not begun"
    except (OSError, ValueError, KeyError, TypeError) as exc:
        return f"the writer's sign of life can't be read: {exc}"
    if found:
        return f"the writer does not keep the store current: {found}"
    if not 0 <= age_seconds < STALE_SECONDS:  # below 0: written before the machine was started anew
        return "the writer does not keep the store current"
    return None
