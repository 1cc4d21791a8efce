"""The commands that ask a running exporter: tables, JSON, Markdown, decisions, and exit codes for scripts."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from click.testing import CliRunner
from tests.exporter.inprocess import InProcess, envelope
from tests.exporter.web.test_mcp import EVENT

from errtally.command_line import errtally
from errtally.exporter.commands.tail import frames
from errtally.exporter.config import ExporterConfig
from errtally.exporter.store.tokens import TokenStore

TOKEN = "a-token-of-24-characters"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(made):
    server = make_server("127.0.0.1", 0, made.flask, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with made.folding():
            yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def address(tmp_path):
    made = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path, web_token=TOKEN))
    for name, event_id in (("PayError", "1f" * 16), ("StockError", "2e" * 16)):
        event = json.loads(json.dumps({**EVENT, "event_id": event_id}).replace("PayError", name))
        sent = envelope(("event", event), header={"event_id": event_id})
        assert made.post("/api/shop/envelope/?sentry_key=any", sent).status == 200
        made.fold()
    with served(made) as url:
        yield url
    made.close()


def run(address: str, *words: str, token: str = TOKEN, status: int = 0) -> str:
    environ = {"ERRTALLY_URL": address, "ERRTALLY_TOKEN": token}
    done = CliRunner().invoke(errtally, list(words), env=environ)
    assert done.exit_code == status, done.output
    return done.stdout


def test_issues_are_listed_as_a_table_json_and_markdown(address) -> None:
    head, *rows = run(address, "issues", "list").splitlines()
    assert head.split()[:3] == ["ISSUE", "LEVEL", "STATUS"]
    assert {row.split()[0] for row in rows} == {"SHOP-1", "SHOP-2"}
    assert {one["shortId"] for one in json.loads(run(address, "issues", "list", "--format", "json"))} == {
        "SHOP-1",
        "SHOP-2",
    }
    assert run(address, "issues", "list", "--format", "markdown").startswith("| ISSUE | LEVEL")
    assert len(run(address, "issues", "list", "type:PayError").splitlines()) == 2
    run(address, "issues", "list", "--fail-if-any", status=1)
    run(address, "issues", "list", "is:resolved", "--fail-if-any")


def test_a_stranger_s_text_stays_in_its_line(address) -> None:
    listed = run(address, "issues", "list")
    assert len(listed.splitlines()) == 3
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in listed


def test_an_issue_and_an_event_are_shown(address) -> None:
    assert "PayError" in run(address, "issues", "show", "SHOP-1")
    assert json.loads(run(address, "issues", "show", "1", "--format", "json"))["shortId"] == "SHOP-1"
    markdown = run(address, "issues", "show", "SHOP-1", "--format", "markdown")
    assert markdown.startswith("# SHOP-1")
    assert "at pay (shop/pay.py:41)" in markdown
    assert "pay (shop/pay.py:41)" in run(address, "events", "show", "1f" * 16)
    assert json.loads(run(address, "events", "show", "1f" * 16, "--format", "json"))["eventID"] == "1f" * 16
    assert run(address, "events", "show", "2e" * 16, "--format", "markdown").startswith("# SHOP-2")
    assert "shop@1.4" in run(address, "releases")
    assert json.loads(run(address, "releases", "--format", "json"))[0]["version"] == "shop@1.4"


def test_issues_are_decided(address) -> None:
    assert run(address, "issues", "resolve", "SHOP-1", "SHOP-2") == "SHOP-1: resolved\nSHOP-2: resolved\n"
    assert run(address, "issues", "reopen", "SHOP-1") == "SHOP-1: unresolved\n"
    assert run(address, "issues", "ignore", "SHOP-1", "--until-events", "5") == "SHOP-1: ignored\n"
    assert run(address, "issues", "resolve", "SHOP-1", "--next-release") == "SHOP-1: resolved\n"
    assert run(address, "issues", "assign", "SHOP-1", "ann") == "SHOP-1: assigned to ann\n"
    assert run(address, "issues", "assign", "SHOP-1", "") == "SHOP-1: assigned to nobody\n"
    assert run(address, "issues", "merge", "SHOP-1", "SHOP-2") == "SHOP-2: merged into SHOP-1\n"
    assert json.loads(run(address, "issues", "show", "SHOP-2", "--format", "json"))["shortId"] == "SHOP-1"


def test_exit_codes_tell_scripts_what_went_wrong(address, tmp_path) -> None:
    run(address, "issues", "show", "SHOP-9", status=4)
    run(address, "issues", "show", "../../../-/reload", status=4)
    run(address, "issues", "list", "level:loud", status=1)
    run(address, "issues", "list", token="wrong", status=3)
    reader = TokenStore(tmp_path).create("reader", ("read",), "ann", 1.0)
    run(address, "issues", "resolve", "SHOP-1", token=reader, status=3)
    run("http://127.0.0.1:9", "issues", "list", status=5)
    run("ftp://x", "issues", "list", status=2)
    run(address, "issues", "resolve", "SHOP-1", "--next-release", "--in-release", "1", status=2)
    run(address, "issues", "ignore", "SHOP-1", "--until-events", "1", "--for-hours", "1", status=2)


def test_the_token_of_a_file(address, tmp_path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    run(address, "issues", "list", "--token-file", str(tmp_path / "token"), token="")
    run(address, "issues", "list", token="", status=3)


def test_a_stream_is_read_over_comments_and_gaps() -> None:
    lines = [": errtally\n", "retry: 1\n", "\n", "id: a-1\n", 'data: {"a": 1}\n', "\n", "event: gap\n", "id: a-2\n",
             'data: {"missed": 3}\n', "\n", "id: a-3\n", "\n"]  # fmt: skip
    assert list(frames(lines)) == [("", {"a": 1}), ("gap", {"missed": 3})]


def test_the_model_context_protocol_over_standard_input(address) -> None:
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": "list_issues"}},
    ]
    sent = "".join(f"{json.dumps(one)}\n" for one in messages) + "{\n\n"
    environ = {"ERRTALLY_URL": address, "ERRTALLY_TOKEN": TOKEN}
    done = CliRunner().invoke(errtally, ["mcp"], input=sent, env=environ)
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert first["result"]["protocolVersion"] == "2025-06-18"
    assert "SHOP-1" in second["result"]["content"][0]["text"]
    assert third["error"]["code"] == -32700
    for url, token in (("http://127.0.0.1:9", TOKEN), (address, "wrong")):
        done = CliRunner().invoke(errtally, ["mcp"], input=sent, env={"ERRTALLY_URL": url, "ERRTALLY_TOKEN": token})
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [one["id"] for one in answers] == [1, "b", None]
        assert all("error" in one for one in answers)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_written(shell) -> None:
    done = CliRunner().invoke(errtally, ["completion", shell])
    assert "_ERRTALLY_COMPLETE" in done.stdout
