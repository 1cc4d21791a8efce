"""Official clients of the Model Context Protocol read issues and decide about them, over HTTP and a pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow.exporter import Exporter, running
from tests.npm_packages import installed
from tests.peers import peer
from tests.pypi_packages import python_with
from tests.waiting import PATIENCE_SECONDS, until

from errtally.exporter.web.mcp.catalogue import PROMPTS, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

HERE = Path(__file__).parent
READER, WRITER = "reader-" + "r" * 24, "writer-" + "w" * 24
CLIENTS = {"Python SDK 1": ("mcp==1.30.0",), "Python SDK 2": ("mcp==2.3.0", "httpx"), "TypeScript SDK": ()}
TYPESCRIPT = "@modelcontextprotocol/sdk@1.32.2"


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    folder = tmp_path_factory.mktemp("mcp")
    tokens = []
    for name, secret, scope in (("reader", READER, "read"), ("writer", WRITER, "write")):
        (folder / name).write_text(secret)
        tokens.append({"name": name, "token_file": name, "scopes": [scope]})
    (folder / "password").write_text("pass")
    (folder / "errtally.yml").write_text(yaml.safe_dump({"web": {"password_file": "password", "tokens": tokens}}))
    with running(folder, f"--config={folder / 'errtally.yml'}") as made:
        yield made


def _command(client: str, folder: Path) -> list[str]:
    if CLIENTS[client]:
        return [str(python_with(*CLIENTS[client])), str(HERE / "mcp_client.py")]
    (folder / "node_modules").symlink_to(installed(TYPESCRIPT) / "node_modules")
    script = folder / "mcp_client.mjs"
    script.write_bytes((HERE / script.name).read_bytes())
    return [str(peer("node")), str(script)]


def _answered(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("way", ["over HTTP", "over a pipe"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_finds_an_issue_and_decides_about_it_where_its_token_may(
    exporter: Exporter, tmp_path: Path, client: str, way: str
) -> None:
    exporter.post("/api/events?project=shop", b'{"type": "KeyError", "message": "no such cart"}')
    command = _command(client, tmp_path)
    answers = {}
    for token in (READER, WRITER):
        (tmp_path / "token").write_text(token)
        pipe = [sys.executable, "-m", "errtally", "mcp", "--url", exporter.url, "--token-file", str(tmp_path / "token")]
        given = [f"{exporter.url}/mcp", token] if way == "over HTTP" else pipe
        until(lambda: "KeyError" in _issues(exporter), lambda: "the event was not counted")
        answers[token] = _answered([*command, *given])
    for token, told in answers.items():
        assert told["server"] == "errtally"
        assert told["tools"] == sorted(tool.name for tool in TOOLS if token == WRITER or not tool.writes)
        assert told["prompts"] == sorted(PROMPTS)
        assert "KeyError" in told["listed"]["text"]
        assert "no such cart" in told["shown"]["text"]
        assert told["wrong"]["is_error"]
        assert "issue" in told["wrong"]["text"]
    assert answers[READER]["resolved"]["is_error"]
    assert "write" in answers[READER]["resolved"]["text"]
    assert not answers[WRITER]["resolved"]["is_error"]
    assert "resolved" in answers[WRITER]["resolved"]["text"]


def _issues(exporter: Exporter) -> str:
    return exporter.get("/api/issues", {"Authorization": f"Bearer {READER}"}).decode()
