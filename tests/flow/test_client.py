"""The client library and `sentry_sdk` as configured by it, against the real exporter."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.flow.exporter import Exporter, counting
from tests.waiting import PATIENCE_SECONDS, until

import errtally
from errtally import names
from errtally.client import current
from errtally.recovery import BreakerSettings, Pushed, Recovery, testing

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow
SOURCES = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    with counting(tmp_path) as found:
        yield found
    errtally.close()


def _run(program: str, expected_code: int = 0, **environ: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": SOURCES, **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == expected_code, done.stdout + done.stderr


def test_three_lines_make_issues_series_and_apdex(exporter: Exporter) -> None:
    _run(
        """
        import errtally
        errtally.init(project="shop", environment="staging", release="1.0", hooks=False)
        def price(order):
            return order / 0
        for order in range(25):
            try: price(order)
            except ZeroDivisionError: errtally.capture_exception()
        errtally.capture_message("stock is low", "warning")
        for n in range(10): errtally.request_finished("/orders/{id}", 0.1, method="GET", status=200)
        errtally.request_finished("/orders/{id}", 0.1, method="GET", status=503)
        raise LookupError("the end")
        """,
        1,
        ERRTALLY_URL=exporter.url,
    )
    exporter.wait_until_folded()
    base = {"project": "shop", "environment": "staging"}
    assert exporter.total(names.EVENTS, **base, level="error", type="ZeroDivisionError") == 25
    assert exporter.total(names.EVENTS, **base, level="warning") == 1
    assert exporter.total(names.NEW_ISSUES, **base) == 2
    assert exporter.total(names.APDEX_REQUESTS, **base, transaction="/orders/{id}", zone="satisfied") == 10
    assert exporter.total(names.APDEX_REQUESTS, **base, transaction="/orders/{id}", zone="frustrated") == 1
    (issue,) = [found for found in exporter.get_json("/api/issues")["issues"] if "division" in found["title"]]
    assert issue["culprit"].endswith("in price")


def test_an_exporter_that_was_down_gets_all_that_was_kept_and_is_told_what_was_not(exporter: Exporter) -> None:
    exporter.stop()
    errtally.init(exporter.url, project="shop", hooks=False, queue_events=500)
    for number in range(20_000):
        errtally.capture_message(f"message {number}")
    exporter.start()
    assert errtally.flush(30)
    exporter.wait_until_folded()
    tracker = current.tracker()
    counted = exporter.total(names.EVENTS, project="shop")
    discarded = exporter.total(names.CLIENT_DISCARDED_EVENTS, project="shop", reason="queue_overflow", category="error")
    assert counted >= 500
    assert counted + discarded == 20_000
    assert tracker is not None
    assert tracker.discards.total == discarded


def test_an_exporter_that_dies_again_and_again_counts_each_event_once(exporter: Exporter) -> None:
    errtally.init(exporter.url, project="shop", hooks=False, flush_seconds=0.01, queue_events=10_000)
    for turn in range(3):
        for number in range(300):
            errtally.capture_message(f"message {turn} {number}")
        exporter.kill()
        exporter.start()
    until(lambda: errtally.flush(10))
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, project="shop") == 900


def test_breakers_and_recoveries_are_pushed_and_count_once_over_kills_of_the_exporter(exporter: Exporter) -> None:
    errtally.init(exporter.url, project="shop", service="web", hooks=False, flush_seconds=0.02, push_metrics="on")
    guarded = Recovery("pay", observers=[Pushed()], timeout_seconds=None, breaker=None)
    opened = Recovery("stock", observers=[Pushed()], timeout_seconds=None, breaker=BreakerSettings(minimum_calls=1))

    def fail() -> None:
        raise KeyError("not a fault of the service")

    def refuse() -> None:
        raise ConnectionRefusedError

    for _ in range(3):
        for _ in range(40):
            with pytest.raises(KeyError):
                guarded.call(fail)
            time.sleep(0.002)
        exporter.kill()
        exporter.start()
    with testing(), pytest.raises(ConnectionRefusedError):
        opened.call(refuse)
    until(lambda: errtally.flush(10))
    base = {"project": "shop", "environment": "production"}
    # Reports hold no events, so the journal's lag does not tell that they are folded; this one is the last.
    failed = {**base, "service": "pay", "error_class": "unknown", "outcome": "failed"}
    until(
        lambda: (
            exporter.total(names.BREAKER_STATE, **base, service="stock") == 2
            and exporter.total(names.RECOVERIES, **failed) >= 120
        )
    )
    assert exporter.total(names.BREAKER_CHANGES, **base, service="stock", state="open") == 1
    assert exporter.total(names.RECOVERIES, **failed) == 120
    shown = [dict(labels) for (name, labels) in exporter.series() if name == names.CLIENT_MEMORY.name]
    assert [labels["process"] for labels in shown] == [f"web/{socket.gethostname()}:{os.getpid()}"]


_SENTRY = """
    from errtally.client import sentry
    import sentry_sdk, os
    sentry.configure(
        os.environ["DSN"], environment="staging", release="shop@1.0", component="api",
        user={"id": "u-7", "segment": "gold"}, filters=[lambda event, hint: event.get("message") == "drop me"],
    )
"""


def _sentry(exporter: Exporter, program: str, expected_code: int = 0) -> str:
    """Run a program with sentry_sdk; return the pages of all issues."""
    dsn = exporter.url.replace("http://", "http://public@") + "/1"
    _run(textwrap.dedent(_SENTRY) + textwrap.dedent(program), expected_code, DSN=dsn)
    exporter.wait_until_folded()
    issues = exporter.get_json("/api/issues")["issues"]
    return "".join(exporter.get(f"/issues/{issue['issue']}").decode() for issue in issues)


def test_sentry_sdk_is_configured_in_one_call(exporter: Exporter) -> None:
    shown = _sentry(
        exporter,
        """
        options = sentry_sdk.get_client().options
        assert options["traces_sample_rate"] == options["profiles_sample_rate"] == 0.1
        assert (options["max_breadcrumbs"], options["shutdown_timeout"]) == (100, 5)
        assert options["attach_stacktrace"] is True
        sentry_sdk.add_breadcrumb(category="console", level="debug", message="for developers")
        sentry_sdk.add_breadcrumb(category="console", level="info", message="cart opened")
        sentry_sdk.capture_message("drop me")
        def price():
            raise OSError(111, "refused, password=hunter2")
        with sentry_sdk.new_scope() as scope:
            scope.add_event_processor(lambda event, hint: {**event, "request": {
                "url": "http://shop/x", "cookies": {"a": "b"}, "headers": {"Cookie": "a=b", "X-Api-Key": "k"}}})
            try: price()
            except OSError as exc: sentry_sdk.capture_exception(exc)
        """,
    )
    for expected in ("cart opened", "component", "memory_bytes", "u-7"):
        assert expected in shown, expected
    for unwanted in ("for developers", "hunter2", "ookie", "drop me"):
        assert unwanted not in shown, unwanted
    assert exporter.total(names.EVENTS, environment="staging", type="ConnectionRefusedError") == 1
    assert exporter.total(names.EVENTS) == 1


def test_an_uncaught_exception_is_fatal(exporter: Exporter) -> None:
    _sentry(exporter, "raise ValueError('the end')", 1)
    assert exporter.total(names.EVENTS, level="fatal", type="ValueError") == 1


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param("default_int_handler", id="in a foreground process"),
        pytest.param("SIG_IGN", id="in a background job, whose interrupts its shell ignores"),
    ],
)
def test_an_async_error_that_nobody_takes_is_fatal_and_shuts_down_in_order(exporter: Exporter, handler: str) -> None:
    shown = _sentry(
        exporter,
        f"""
        import asyncio, gc, signal, sys
        signal.signal(signal.SIGINT, signal.{handler})

        async def lost():
            raise LookupError("nobody waits for me")

        async def main():
            sentry.watch_loop()
            task = asyncio.create_task(lost())
            await asyncio.sleep(0.01)
            del task
            try:
                for _ in range(300):  # until the task, which something may still hold for a moment, is collected
                    gc.collect()
                    await asyncio.sleep(0.1)
            finally:
                print("cleaned up")
                sentry_sdk.capture_message("cleaned up", level="error")

        try: asyncio.run(main())
        except KeyboardInterrupt: sys.exit(7)
        """,
        7,
    )
    assert exporter.total(names.EVENTS, level="fatal", type="LookupError") == 1
    assert "cleaned up" in shown


def test_answers_of_a_wsgi_application_are_reported_from_400(exporter: Exporter) -> None:
    shown = _sentry(
        exporter,
        """
        def app(environ, start_response):
            start_response(environ["STATUS"], [])
            return [b""]

        wrapped = sentry.StatusMiddleware(app)
        for status in ("200 OK", "404 Not Found", "503 Service Unavailable"):
            wrapped({"REQUEST_METHOD": "GET", "STATUS": status}, lambda *_: None)
        """,
    )
    assert "GET answered 404" in shown
    assert exporter.total(names.EVENTS, level="warning") == 1
    assert exporter.total(names.EVENTS, level="error") == 1
