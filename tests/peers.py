"""Programs that tests run as real peers: the path of one, a failure in CI or a visible skip elsewhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_OTHER_NAMES = {"alertmanager": ("prometheus-alertmanager", "alertmanager")}
"""Debian calls Alertmanager's binary after its package."""


def peer(program: str) -> Path:
    """Return the path of a program, or end the test: failed where the variable CI is set, skipped elsewhere."""
    for name in _OTHER_NAMES.get(program, (program,)):
        if found := shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
            return Path(found)
    return missing(program)


def missing(program: str) -> NoReturn:
    """End a test whose peer is not there."""
    message = f"{program} is not installed"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
