"""The unit for systemd: starts a command that exists, and is as closed as systemd itself can tell."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from errtally.command_line import errtally

UNIT = Path(__file__).parents[1] / "deploy/systemd/errtally.service"
MOST_EXPOSED = 2.0
"""Of 10, by `systemd-analyze security`; a service that nobody has closed has 9.6."""


def test_the_unit_starts_a_command_with_options_that_exist() -> None:
    [start] = re.findall(r"^ExecStart=(.+)$", UNIT.read_text(), re.MULTILINE)
    program, name, *arguments = shlex.split(start)
    assert program == "/opt/errtally/bin/errtally"
    command = errtally.get_command(None, name)
    options = {option for parameter in command.params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= options


def test_the_service_may_read_the_configuration_that_the_page_installs() -> None:
    """Its user is made when it starts, so no file can belong to it before."""
    assert re.search(r"^DynamicUser=yes$", UNIT.read_text(), re.MULTILINE)
    [start] = re.findall(r"^ExecStart=.* --config (\S+)", UNIT.read_text(), re.MULTILINE)
    page = (UNIT.parents[2] / "docs/running.md").read_text()
    [mode] = re.findall(rf"^install -D -m (\d+) \S+ {start}$", page, re.MULTILINE)
    assert int(mode, 8) & 0o004


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_closed() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED * 10:.0f}", UNIT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
