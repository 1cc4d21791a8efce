"""Every Python example of the client's pages runs as it stands, with the server's address put in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.client.receiver import receiving
from tests.logs.servers import FakeElasticsearch

if TYPE_CHECKING:
    from tests.client.receiver import Receiver

ROOT = Path(__file__).parents[2]

# Runs blocks of code as modules run, but for `await`, which examples may use as in a coroutine.
_RUN = """
import ast, asyncio, inspect, json, sys
blocks, given = json.load(sys.stdin)
names = {"__name__": "example"}
exec(given, names)
async def run():
    for block in blocks:
        result = eval(compile(block, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        if inspect.isawaitable(result):
            await result
asyncio.run(run())
exec("after()", names)
"""


def run(page: str, given: str, folder: Path, **replaced: str) -> str:
    """Run all examples of a page in one process.

    Args:
        page: its path.
        given: what the examples take for granted; defines ``after``, which is called at the end.
        folder: where it runs.
        replaced: of the examples' text: addresses, with dots written as ``_``.
    """
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    assert blocks, page
    for address, own in replaced.items():
        old = address.replace("__", "://").replace("_", ".")
        assert any(old in block for block in blocks), old
        blocks = [block.replace(old, own) for block in blocks]
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        input=json.dumps([blocks, textwrap.dedent(given)]),
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _envelopes(receiver: Receiver) -> list[Any]:
    return [path for path, _ in receiver.bodies if path.startswith("/api/1/envelope")]


def test_the_examples_of_the_client_run(receiver: Receiver, tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    run(
        "docs/client.md",
        """
        from types import SimpleNamespace
        class PaymentError(Exception): pass
        order, cart = SimpleNamespace(id=5), {"items": 3}
        def charge(order):
            raise PaymentError("card refused")
        def after():
            import errtally, sentry_sdk
            import_orders()
            sentry_sdk.capture_message("by the SDK")
            sentry_sdk.flush(5)
            assert errtally.flush(5)
        """,
        tmp_path,
        https__errors_example_org=receiver.url,
        **{"https__KEY@errors_example_org": receiver.url.replace("://", "://KEY@")},
    )
    events = {event["message"]: event for event in receiver.events()}
    assert events["card refused"]["context"]["tags"]["tenant"] == "7"
    assert events["stock is low"]["level"] == "warning"
    assert {timing["transaction"] for timing in receiver.requests()} == {
        "import orders",
        "rebuild index",
        "/orders/{id}",
    }
    assert _envelopes(receiver)


def test_the_examples_of_recovery_run(tmp_path: Path) -> None:
    out = run(
        "docs/recovery.md",
        """
        order = 5
        class Locked(Exception): pass
        charged = []
        def charge(order):
            charged.append(order)
        async def charge_async(order):
            charged.append(order)
        def queue_for_later(order): raise AssertionError("not needed")
        def read_price_elsewhere(order): raise AssertionError("not needed")
        def reorder(): return "reordered"
        def after():
            from errtally.errors import CallTimeoutError
            assert charged == [5, 5]
            assert payments.breaker.state == "closed"
            assert stock.classify(Locked()).value == "database"
            def late(): raise CallTimeoutError("late")
            assert stock.call(late) == "reordered"
            print("all of it")
        """,
        tmp_path,
    )
    assert "all of it" in out


def test_the_examples_of_logging_run(tmp_path: Path) -> None:
    with receiving(receiver=FakeElasticsearch()) as cluster:
        run(
            "docs/logging.md",
            """
            user_id = "u-7"
            def after():
                import logging
                logging.shutdown()
            """,
            tmp_path,
            https__es_example_org=cluster.url.rpartition(":")[0],
            **{":9200": ":" + cluster.url.rpartition(":")[2]},
        )
        messages = {document["message"] for (index, _), document in cluster.documents.items() if index == "logs-shop"}
    assert {"order placed", "no price"} <= messages
    lines = [json.loads(line) for line in (tmp_path / "logs" / "combined.log").read_text().splitlines()]
    assert {"order placed", "no price"} <= {line["message"] for line in lines}
    assert [json.loads(line)["message"] for line in (tmp_path / "logs" / "errors.log").read_text().splitlines()] == [
        "no price"
    ]


def test_the_example_of_the_readme_runs(receiver: Receiver, tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    run(
        "README.md",
        """
        import sentry_sdk
        def after():
            sentry_sdk.capture_message("hello")
            sentry_sdk.flush(5)
        """,
        tmp_path,
        **{"http://any@127.0.0.1:9765": receiver.url.replace("://", "://any@")},
    )
    assert _envelopes(receiver)
