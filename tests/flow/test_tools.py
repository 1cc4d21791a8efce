"""Programs that read Sentry, unchanged but for address and token, find errtally's issues and decide about them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.exporter.inprocess import envelope
from tests.flow.exporter import Exporter, running
from tests.flow.tools import TOOLS, Check, Tool
from tests.npm_packages import installed
from tests.pypi_packages import python_with
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.flow

TOKEN = "a-token-of-24-characters"
EVENT_ID = "c0ffee" + "1" * 26
FRAME = {"function": "find", "module": "shop.find", "filename": "shop/find.py", "lineno": 3, "in_app": True}
EVENT = {
    "event_id": EVENT_ID,
    "platform": "python",
    "level": "error",
    "release": "shop@1.4",
    "environment": "production",
    "exception": {"values": [{"type": "KeyError", "value": "'sku'", "stacktrace": {"frames": [FRAME]}}]},
}


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    folder = tmp_path_factory.mktemp("tools")
    (folder / "password").write_text("pass")
    (folder / "token").write_text(TOKEN)
    web = {"password_file": "password", "tokens": [{"name": "reader", "token_file": "token", "scopes": ["write"]}]}
    projects = [{"name": "shop", "keys": ["k" * 32]}]
    (folder / "errtally.yml").write_text(yaml.safe_dump({"web": web, "projects": projects}))
    with running(folder, f"--config={folder / 'errtally.yml'}") as made:
        made.post(f"/api/shop/envelope/?sentry_key={'k' * 32}", envelope(("event", EVENT)))
        made.wait_until_folded()
        yield made


def _facts(exporter: Exporter, home: Path) -> dict[str, str]:
    """Return what words are filled in with; the issue is unresolved, whatever was tried before."""
    decision = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    issues = "/api/0/projects/errtally/shop/issues/"
    request = urllib.request.Request(
        f"{exporter.url}{issues}?query=", b'{"status": "unresolved"}', decision, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):
        pass
    found = json.loads(
        exporter.get("/api/0/organizations/errtally/issues/?query=", {"Authorization": f"Bearer {TOKEN}"})
    )
    return {
        "url": exporter.url, "host": exporter.listen, "token": TOKEN, "issue": found[0]["id"],
        "short": found[0]["shortId"], "event": EVENT_ID, "home": str(home),
    }  # fmt: skip


def _filled(value: Any, facts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: facts.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {key: _filled(one, facts) for key, one in value.items()}
    return value


def _program(tool: Tool) -> Path:
    """Return the path of a tool's program, installed if need be."""
    name = tool.command[0]
    if tool.npm:
        return installed(tool.npm) / "node_modules/.bin" / name
    if tool.pypi:
        return python_with(tool.pypi, "mcp<2").parent / name
    return Path(sys.executable).parent / name


def _asked(tool: Tool, facts: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return command line and environment of a tool."""
    command = [str(_program(tool)), *(_filled(word, facts) for word in tool.command[1:])]
    environ = {"PATH": os.environ["PATH"], "HOME": facts["home"], "NO_COLOR": "1", **_filled(tool.environ, facts)}
    return command, environ


@pytest.mark.parametrize("tool", [one for one in TOOLS if not one.is_server], ids=lambda one: one.name)
def test_a_command_line_does_what_it_does_with_sentry(exporter: Exporter, tmp_path: Path, tool: Tool) -> None:
    facts = _facts(exporter, tmp_path)
    command, environ = _asked(tool, facts)
    for check in tool.checks:
        words = shlex.split(_filled(check.words, facts))
        done = subprocess.run(
            [*command, *words], capture_output=True, text=True, env=environ, timeout=4 * PATIENCE_SECONDS, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{check.does}: {said[-2000:]}"
        assert re.search(_filled(check.says, facts), said), f"{check.does}: {said[-2000:]}"


class _Server:
    """A server of the Model Context Protocol that is spoken to over its standard input and output."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._number = 0

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == self._number:
                assert "result" in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
        raise AssertionError(f"the server ended before it answered {method}")

    def tell(self, method: str) -> None:
        """Send a notification."""
        self._write({"method": method})

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


@contextmanager
def _serving(command: list[str], environ: dict[str, str]) -> Iterator[_Server]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    ) as process:
        server = _Server(process)
        try:
            told = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
            server.ask("initialize", told)
            server.tell("notifications/initialized")
            yield server
        finally:
            process.kill()


def _answer(server: _Server, check: Check, facts: Mapping[str, str]) -> tuple[bool, str]:
    """Call a tool; return whether it failed, and what it said."""
    result = server.ask("tools/call", {"name": check.words, "arguments": _filled(check.given, facts)})
    return bool(result.get("isError")), "\n".join(part.get("text", "") for part in result["content"])


@pytest.mark.parametrize("tool", [one for one in TOOLS if one.is_server], ids=lambda one: one.name)
def test_a_server_for_language_models_does_what_it_does_with_sentry(
    exporter: Exporter, tmp_path: Path, tool: Tool
) -> None:
    facts = _facts(exporter, tmp_path)
    command, environ = _asked(tool, facts)
    with _serving(command, environ) as server:
        offered = {one["name"] for one in server.ask("tools/list", {})["tools"]}
        assert offered >= {check.words for check in tool.checks}
        for check in tool.checks:
            has_failed, said = _answer(server, check, facts)
            assert not has_failed, f"{check.does}: {said[-2000:]}"
            assert re.search(_filled(check.says, facts), said), f"{check.does}: {said[-2000:]}"
