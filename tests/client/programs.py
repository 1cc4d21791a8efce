"""Programs that use the client library, run to their end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS

SOURCES = str(Path(__file__).parents[2] / "src")


def run_program(program: str, url: str, expected_code: int = 0) -> str:
    environ = {**os.environ, "ERRTALLY_URL": url, "PYTHONPATH": SOURCES}
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(program)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == expected_code, done.stdout + done.stderr
    return done.stdout + done.stderr
