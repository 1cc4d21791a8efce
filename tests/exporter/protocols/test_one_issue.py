"""The same failure is one issue, whichever client sent it.

The captures were made by three programs, which raise the same errors in the same functions, and one of them says a
little more in its message; so much is made equal here before the events are compared.
"""

from __future__ import annotations

import re

import pytest
from tests.exporter.protocols.sending import CAPTURES, captured, deliver

from errtally.exporter.grouping import fingerprint

SENT = (
    ("sentry-python", 1),
    ("otel-python-gzip", 1),
    ("otel-python-gzip", 2),
    ("pybrake", 1),
    ("rollbar-python", 1),
    ("honeybadger-python", 1),
    ("bugsnag-python", 1),
)
_PROGRAM = re.compile(r"py_(?:sentry|otel|others)\.py")


def _value_error(folder, number):
    """The event of the capture's ValueError, as its program called shop.py would have sent it."""
    submission = deliver(*captured(folder, number))
    events = [item.event for part in (submission, *submission.others) for item in part.events]
    (event,) = (
        event for event in events if "ValueError" in (event.type, *(error.type for error in event.exceptions[-1:]))
    )
    if event.stack:
        event.stack = _PROGRAM.sub("shop.py", event.stack)
    for error in event.exceptions:
        error.value = (error.value or "").removesuffix(" for bob@example.com")
        for frame in error.frames:
            frame.abs_path = _PROGRAM.sub("shop.py", frame.abs_path or frame.filename or "")
            frame.filename = None
    return event


@pytest.mark.parametrize(("folder", "number"), SENT[1:])
def test_every_client_leads_to_the_issue_of_sentrys(folder, number):
    found, expected = (fingerprint(_value_error(*sent)) for sent in ((folder, number), SENT[0]))
    assert (found.title, found.culprit) == ("ValueError: could not price order <num>", "tools/shop in outer")
    assert found.fingerprint == expected.fingerprint


def test_another_failure_is_another_issue():
    event = _value_error(*SENT[-1])
    event.exceptions[-1].frames[-1].function = "inner"
    assert fingerprint(event).fingerprint != fingerprint(_value_error(*SENT[-1])).fingerprint


def _events(path, body, headers=None):
    submission = deliver(path, body, headers)
    return [item.event for part in (submission, *submission.others) for item in part.events]


def _issues(folder):
    """Titles by fingerprint of all that a client sent."""
    return {one.fingerprint: one.title for one in _groupings(folder)}


def _groupings(folder):
    numbers = range(1, len(list((CAPTURES / folder).glob("req-*.head"))) + 1)
    return [fingerprint(event) for number in numbers for event in _events(*captured(folder, number))]


JVM = ("sentry-java-1.7.30", "bugsnag-java-3.8.0", "javabrake-0.2.4")
"""One program under three clients: modules, names in full, and classes as files. No client's form is like another's."""


@pytest.mark.parametrize("folder", JVM[1:])
def test_clients_of_one_java_program_give_one_set_of_issues(folder):
    issues = _issues(folder)
    assert len(issues) == 6
    assert issues == _issues(JVM[0])


def _sentrys_chains():
    """The chains of exceptions that Sentry's old client for Java sent, the raised one first."""
    for number in range(1, 10):
        for event in _events(*captured(JVM[0], number)):
            yield event.exceptions[::-1]


def _class(raised):
    return f"{raised.module}.{raised.type}"


def _as_rollbars(chain):
    traces = [
        {
            "frames": [
                {"class_name": f.module, "method": f.function, "filename": f.filename, "lineno": f.lineno}
                for f in one.frames
            ],
            "exception": {"class": _class(one), "message": one.value},
        }
        for one in chain
    ]
    notifier = {"name": "rollbar-java", "version": "1.10.0"}
    return "/api/1/item/", {"data": {"body": {"trace_chain": traces}, "language": "java", "notifier": notifier}}


def _as_honeybadgers(chain):
    told = [
        {
            "class": _class(one),
            "message": one.value,
            "backtrace": [
                {"file": f.filename, "method": f"{f.module}.{f.function}", "number": str(f.lineno)}
                for f in reversed(one.frames)
            ],
        }
        for one in chain
    ]
    return "/v1/notices", {"notifier": {"name": "honeybadger-java"}, "error": {**told[0], "causes": told[1:]}}


def _as_opentelemetrys(chain):
    lines = []
    for one in chain:
        lines.append(f"{'Caused by: ' if lines else ''}{_class(one)}: {one.value}")
        lines += [f"\tat {f.module}.{f.function}({f.filename}:{f.lineno})" for f in reversed(one.frames)]
    attributes = {
        "exception.type": _class(chain[0]),
        "exception.message": chain[0].value,
        "exception.stacktrace": "\n".join(lines),
    }
    record = {
        "severityNumber": 17,
        "body": {"stringValue": "failed"},
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }
    resource = {"attributes": [{"key": "telemetry.sdk.language", "value": {"stringValue": "java"}}]}
    return "/v1/logs", {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(_as_rollbars, id="Rollbar: class and method apart, the oldest first"),
        pytest.param(_as_honeybadgers, id="Honeybadger: class and method in one, the newest first"),
        pytest.param(_as_opentelemetrys, id="OpenTelemetry: the runtime's text"),
    ],
)
def test_the_same_calls_in_another_clients_form_give_the_same_issues(written):
    found = [fingerprint(event) for chain in _sentrys_chains() for event in _events(*written(chain))]
    assert {one.fingerprint: one.title for one in found} == _issues(JVM[0])


NAMED_BY_A_CAUSE = re.compile(r"(?:ShortageError: (?=place order)|GatewayError: |url\.Error: )")
"""Titles of errors that wrap one of a named type. gobrake sends the outermost error and no cause, so no type."""


def test_clients_of_one_go_program_give_one_set_of_issues():
    rollbars, gobrakes = _issues("rollbar-go-1.4.5"), _issues("gobrake-5.6.2")
    without_a_type = {NAMED_BY_A_CAUSE.sub("", title) for title in rollbars.values() if NAMED_BY_A_CAUSE.match(title)}
    told = {one for one, title in rollbars.items() if not NAMED_BY_A_CAUSE.match(title)}
    told -= {
        one for one, title in rollbars.items() if title.startswith("stock of")
    }  # a message, which Airbrake has not
    assert len(without_a_type) == 3
    assert {one for one, title in gobrakes.items() if title not in without_a_type} == told
    assert len(gobrakes) == len(told) + len(without_a_type)


@pytest.mark.parametrize("folder", ["rollbar-go-1.4.5", "gobrake-5.6.2"])
def test_what_fails_in_a_package_that_two_go_programs_share_is_one_issue(folder):
    """Sentry's program has another `main` beside the same packages."""
    own, others = _culprits("sentry-go-0.50-plain"), _culprits(folder)
    shared = own.keys() & others.keys()
    assert {own[one] for one in shared} == {
        "orders/orders in (*Order).BuyerName",
        "stock/stock in (*Shelf).Put",
        "stock/stock in At",
        "stock/stock in Load",
        "stock/stock in New",
    }


def _culprits(folder):
    """Where each of a client's errors happened, by fingerprint."""
    return {one.fingerprint: one.culprit for one in _groupings(folder) if one.culprit}
