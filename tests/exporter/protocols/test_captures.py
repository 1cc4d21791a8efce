"""What real clients sent, whole runs of their programs: everything is taken, and counted as what it was."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.exporter.inprocess import environ

from errtally import names

CAPTURES = Path(__file__).parents[2] / "data" / "captures"


@dataclass
class Run:
    """What a program did, as counted in its source and its requests by hand.

    Attributes:
        issues: failures that a person would call different bugs.
        requests: by class of status.
        transactions: names under which its requests count, where they are few.
        release: of all events.
    """

    events: int
    issues: int
    requests: dict[str, int] = field(default_factory=dict)
    transactions: set[str] | None = None
    sessions: dict[str, int] = field(default_factory=dict)
    check_ins: dict[tuple[str, str], int] = field(default_factory=dict)
    logs: dict[str, int] = field(default_factory=dict)
    release: str | None = None


RUNS = {
    "airbrake-browser-2.1.9": Run(12, 7),
    "bugsnag-go-1.7.0": Run(7, 5, sessions={"started": 1, "crashed": 1}),
    "bugsnag-java-3.8.0": Run(9, 6, sessions={"started": 1}),
    "bugsnag-js-browser-9.0.0": Run(10, 5, sessions={"started": 1, "crashed": 1}),
    "bugsnag-js-node-7.16.0": Run(8, 3, sessions={"crashed": 3}, release="2.0.0-rc.1"),
    "faro-web-2.12.1": Run(12, 7, {"2xx": 1}, {"/shop/*/faro"}, logs={"info": 1}),
    "gobrake-5.6.2": Run(56, 19),
    "honeybadger-js-node-6.16.5": Run(12, 7, check_ins={("XyZZy", "ok"): 1}),
    "javabrake-0.2.4": Run(9, 6),
    # Three prices, two payments, two baskets, two messages, a call elsewhere, a job; Tomcat logs six again.
    "otel-javaagent-2.33.1-spring": Run(
        11, 6, {"2xx": 7, "4xx": 3, "5xx": 6},
        {
            "/orders/{id}", "/orders/{id}/price", "/pay", "/basket", "/gone", "/handled", "/stock", "/async",
            "__unmatched__",
        },
        logs={"info": 13, "warning": 2}, release="1.4.2",
    ),
    # Three prices, two payments, two panics, two messages, two failed indexes, a mail, a backup and a job.
    "otel-go-1.47-slog": Run(
        14, 8, {"2xx": 4, "4xx": 1, "5xx": 7, "unknown": 1},
        {"/orders/{id}", "/orders/{id}/price", "/pay", "/index/{n}", "/stock", "nightly", "__unmatched__"},
        logs={"info": 2, "warning": 2}, release="1.4.2",
    ),
    "otel-python-1.45.1-flask-gzip": Run(22, 9, {"2xx": 3, "4xx": 1, "5xx": 3}, logs={"warning": 1, "info": 1}),
    # What `tracing` logs and its spans record; the exporter's own HTTP client logs at debug.
    "otel-rust-0.33-json": Run(
        5, 2, {"5xx": 3}, {"/orders/{id}/price"}, logs={"info": 3, "warning": 2, "debug": 19}, release="1.4.2"
    ),
    "otel-rust-0.33": Run(21, 7, {"2xx": 3, "4xx": 3, "5xx": 3}, {"/orders/{id}", "/ok/{id}", "/gone/{id}"}),
    "pybrake-1.10.1-library-error": Run(2, 2),
    "rollbar-go-1.4.5": Run(58, 20),
    "rollbar-js-browser-3.1.0": Run(12, 7, release="3.2.1"),
    "rollbar-js-node-2.26.4": Run(9, 7, release="2.0.0-rc.1"),
    "sentry-browser-11.12.0": Run(
        17, 11, {"unknown": 2}, {"/shop/*/*", "/orders/*"}, {"started": 1, "unhandled": 1}, release="shop-web@3.2.1"
    ),
    "sentry-browser-8.55.2": Run(16, 10, {"unknown": 2}, {"/shop/*/*"}, {"started": 1, "crashed": 1}),
    "sentry-bun-10.76.2": Run(
        10, 5, {"2xx": 3, "5xx": 3}, {"GET /orders/*", "GET /fail/*"}, {"started": 2, "crashed": 2},
        check_ins={
            ("nightly", "in_progress"): 1, ("nightly", "ok"): 1, ("broken", "in_progress"): 1, ("broken", "error"): 1,
        },
    ),
    "sentry-cli-3.8.0": Run(
        1, 1,
        check_ins={
            ("nightly-cli", "in_progress"): 1, ("nightly-cli", "ok"): 1,
            ("broken-cli", "in_progress"): 1, ("broken-cli", "error"): 1,
        },
    ),
    "sentry-go-0.11.0": Run(14, 9, {"unknown": 4}, {"GET /orders/*"}),
    "sentry-go-0.50-gin-0.46": Run(30, 10, {"2xx": 3, "4xx": 6, "5xx": 30}),
    "sentry-go-0.50-plain": Run(
        66, 25, {"2xx": 1}, logs={"info": 1, "error": 2},
        check_ins={
            ("nightly-stock", "in_progress"): 1, ("nightly-stock", "ok"): 1,
            ("send-mails", "in_progress"): 1, ("send-mails", "error"): 1,
        },
    ),
    "sentry-java-1.7.30": Run(9, 6),
    # Of six the client sends the wrapper and, in another trace, the cause by Tomcat's logger.
    "sentry-java-8.44.1-spring": Run(
        20, 10, {"2xx": 13, "4xx": 5, "5xx": 12},
        check_ins={
            ("nightly-prices", "in_progress"): 1, ("nightly-prices", "ok"): 1,
            ("nightly-invoices", "in_progress"): 1, ("nightly-invoices", "error"): 1,
        },
    ),
    # Eleven failures of six kinds; the SDK knows no status for a 410.
    "sentry-java-8.52.0-spring-boot": Run(
        11, 6, {"2xx": 7, "4xx": 2, "5xx": 6, "unknown": 1},
        {
            "GET /orders/{id}", "GET /orders/{id}/price", "GET /pay", "GET /basket", "GET /gone", "GET /handled",
            "GET /stock", "GET /async", "__unmatched__",
        },
        logs={"info": 6, "warning": 2, "error": 11}, release="shop@1.4.2",
    ),
    "sentry-node-9.47.2": Run(
        17, 11, {"2xx": 4, "5xx": 1}, {"GET /orders/:id", "GET /fail/:id", "job nightly"},
        {"started": 6, "exited": 4, "crashed": 2}, logs={"info": 1, "error": 1},
    ),
    "sentry-node-6.0.0": Run(
        11, 6, {"2xx": 3, "4xx": 1, "5xx": 3}, {"GET /orders/:id", "GET /fail/:id", "__unmatched__"}
    ),
    # Flask, Celery and aiohttp, whose 404 it calls an internal error.
    "sentry-python-1.0.0": Run(
        14, 5, {"2xx": 8, "4xx": 2, "5xx": 8}, sessions={"started": 7, "exited": 4, "crashed": 3},
        release="shop@1.2.3.4+build.7",
    ),
    # Three requests and two jobs that failed, of which the client tells no status.
    "sentry-python-2.75.0-tornado-rq": Run(5, 1, {"unknown": 5, "5xx": 5}),
    # Programs with three failures of one bug, two of another that has a cause, two that were caught, and a 404.
    "bugsnag-php-3.30.1": Run(9, 5, sessions={"started": 12, "crashed": 6}, release="1.4.2"),
    "otel-node-0.82-express-pino": Run(
        8, 4, {"2xx": 4, "4xx": 1, "5xx": 6},
        {"/orders/:id/price", "/pay", "/basket", "/orders/:id", "/async", "__unmatched__"},
        logs={"info": 1, "warning": 1}, release="1.4.2",
    ),
    "rollbar-php-4.2.0": Run(9, 5, release="1.4.2"),
    "sentry-go-0.42-echo": Run(
        10, 5, {"2xx": 2, "4xx": 2, "5xx": 7},
        {"GET /orders/:id/name", "GET /orders/:id", "GET /reserve", "GET /pay", "GET /index/:n"}, release="shop@1.4.2",
    ),
    "sentry-nestjs-10.75.3": Run(
        9, 5, {"2xx": 4, "4xx": 1, "5xx": 6},
        {"GET /orders/:id/price", "GET /pay", "GET /basket", "GET /orders/:id", "GET /async", "GET /gone"},
        {"started": 13, "crashed": 7, "errored": 2, "exited": 4}, release="shop@1.4.2",
    ),
    "sentry-node-7.120.4-express": Run(
        9, 5, {"2xx": 4, "4xx": 1, "5xx": 6},
        {"GET /orders/:id/price", "GET /pay", "GET /basket", "GET /orders/:id", "GET /async", "__unmatched__"},
        {"started": 11, "crashed": 6, "errored": 2, "exited": 3}, release="shop@1.4.2",
    ),
    "sentry-php-4.29.0": Run(
        9, 5, {"2xx": 6, "4xx": 1, "5xx": 5},
        {"/orders/*/price", "/pay", "/basket", "/warn", "/msg", "/orders/*", "__unmatched__"}, release="shop@1.4.2",
    ),
    "sentry-python-2.40.0-flask": Run(
        9, 4, {"2xx": 6, "4xx": 1, "5xx": 5}, {"price", "pay", "basket", "order", "stock", "__unmatched__"},
        {"started": 12, "crashed": 5, "errored": 2, "exited": 5}, release="shop@1.4.2",
    ),
    "sentry-ruby-6.6.2-sinatra": Run(
        8, 4, {"2xx": 4, "5xx": 5}, {"/orders/*/price", "/pay", "/basket", "/orders/*"},
        {"started": 10, "errored": 7, "exited": 3}, release="shop@1.4.2",
    ),
    "sentry-python-2.75.0-fastapi": Run(10, 4, {"2xx": 3, "4xx": 3, "5xx": 10}),
    "sentry-ruby-5.3.0": Run(14, 9, {"2xx": 3, "5xx": 1}, {"/orders/*"}),
    # Orders, stock and checkout by `tracing`, reading by `anyhow`, and panics in threads.
    "sentry-rust-0.49.5-tracing": Run(
        14, 7, {"unknown": 7}, {"order", "refill", "checkout"}, {"started": 1, "crashed": 1},
        logs={"info": 3, "warning": 2, "error": 7}, release="shop@1.4.2",
    ),
    "sentry-rust-0.49.5-debug": Run(56, 19, {"unknown": 1}, {"reindex"}, {"started": 1, "crashed": 1}),
    # The same program as by otel-go-1.47-slog.
    "otel-collector-0.165-otlp": Run(
        14, 8, {"2xx": 4, "4xx": 1, "5xx": 7, "unknown": 1}, logs={"info": 2, "warning": 2}, release="1.4.2"
    ),
    # One file twice, with and without severities, and three lines of syslog; lz4 and snappy.
    "otel-collector-0.165-filelog-syslog": Run(5, 4, logs={"info": 5, "warning": 1}),
    "syslog-ng-3.38": Run(8, 8),
    "two-bugsnag-default": Run(2, 2),
}  # fmt: skip


PROGRAMS_OF_ONE_CLIENT = {
    "otel-rust-0.33-json", "otel-collector-0.165-otlp",
    "pybrake-1.10.1-library-error", "two-bugsnag-default", "sentry-go-0.50-gin-0.46", "sentry-python-2.75.0-tornado-rq",
}  # fmt: skip
"""Further runs of clients that have their row."""


def send(exporter, folder):
    for head in sorted((CAPTURES / folder).glob("*.head")):
        first, *lines = head.read_bytes().decode("latin-1").replace("\r\n", "\n").splitlines()
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if ": " in line)}
        body = head.with_suffix(".body")
        path, _, query = target.partition("?")
        made = environ(path, body.read_bytes() if body.exists() else b"", headers, method=method, query=query)
        made["CONTENT_TYPE"] = headers.get("content-type", "")
        answer = exporter.call(made)
        assert answer.status < 300, f"{head.name}: {answer.status} {answer.body[:200]!r}"
    exporter.fold()
    exporter.writer._clock = lambda: time.time() + 60  # what is held back is due
    exporter.fold()


def by(exporter, metric, *labels):
    found = {}
    for (name, own), value in exporter.series().items():
        if name == metric.name and value:
            sent = dict(own)
            key = tuple(sent[label] for label in labels)
            key = key if len(key) > 1 else key[0]
            found[key] = found.get(key, 0) + value
    return found


@pytest.mark.parametrize("folder", sorted(RUNS))
def test_a_run_counts_as_what_it_was(exporter, folder):
    run = RUNS[folder]
    send(exporter, folder)
    assert exporter.total(names.EVENTS.name) == run.events
    assert exporter.total(names.NEW_ISSUES.name) == run.issues
    assert by(exporter, names.REQUESTS, "status_class") == run.requests
    if run.release is not None:
        [project] = by(exporter, names.EVENTS, "project")
        issues = exporter.get(f"/api/issues?project={project}").json()["issues"]
        assert {issue["last_release"] for issue in issues} == {run.release}
    if run.transactions is not None:
        assert set(by(exporter, names.REQUESTS, "transaction")) == run.transactions
    sessions = by(exporter, names.SESSIONS, "status")
    assert sessions == run.sessions or not run.sessions
    if run.check_ins:
        assert by(exporter, names.CHECK_INS, "monitor", "status") == run.check_ins
    if run.logs:
        assert by(exporter, names.LOG_RECORDS, "level") == run.logs


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_collector_that_sends_logs_before_traces_makes_no_issue_of_its_own(exporter, is_turned):
    folders = ["otel-go-1.47-slog", "otel-collector-0.165-otlp"]
    for folder in reversed(folders) if is_turned else folders:
        send(exporter, folder)
    assert exporter.total(names.EVENTS.name) == 28
    assert exporter.total(names.NEW_ISSUES.name) == 8


def test_every_run_has_its_row_in_the_table_of_clients():
    page = (CAPTURES.parents[2] / "docs" / "protocols.md").read_text()
    rows = {row.split("|")[1].strip() for row in page.splitlines() if row.startswith("| ")}
    assert set(RUNS) - PROGRAMS_OF_ONE_CLIENT <= rows
