"""One failure that several layers tell of counts once; two failures count twice."""

from __future__ import annotations

import pytest
from tests.exporter.digest.world import World, batch, event
from tests.exporter.protocols.otlp.test_events import ELSEWHERE, LONGER, STACK, TRACE, _failure, _log, _logs
from tests.exporter.protocols.sending import deliver

from errtally import names

JAVA_CAUSE = """com.acme.Payments$Declined: card declined
\tat com.acme.Payments.charge(Payments.java:12)
\tat com.acme.Shop.pay(Shop.java:30)
\tat org.apache.tomcat.Worker.run(Worker.java:99)
"""
JAVA_WRAPPER = """jakarta.servlet.ServletException: Request processing failed: com.acme.Payments$Declined: card declined
\tat org.springframework.web.servlet.FrameworkServlet.processRequest(FrameworkServlet.java:1022)
\tat org.apache.tomcat.Worker.run(Worker.java:99)
Caused by: com.acme.Payments$Declined: card declined
\tat com.acme.Payments.charge(Payments.java:12)
\tat com.acme.Shop.pay(Shop.java:30)
\t... 1 more
"""
NODE = """PaymentError: could not charge order 1
    at charge (/srv/shop/shop.js:5:57)
    at next (/srv/shop/node_modules/express/lib/router/route.js:149:13)
"""
PINO = (
    NODE.rstrip()
    + """
caused by: Error: declined by bank
    at bank (/srv/shop/shop.js:4:26)
    at charge (/srv/shop/shop.js:5:28)
"""
)
OTHER_WRAPPER = JAVA_WRAPPER.replace("Request processing failed", "Order 5 not paid").replace(":1022", ":7")


def _told(kind, message, stack=None):
    told = {"exception__type": kind, "exception__message": message, "exception__stacktrace": stack}
    return {name: value for name, value in told.items() if value is not None}


SERVLET = "jakarta.servlet.ServletException", "Request processing failed: com.acme.Payments$Declined: card declined"
CAUSE = _told("com.acme.Payments$Declined", "card declined", JAVA_CAUSE)


def _is_one(first, second):
    items = deliver("/v1/logs", _logs(_log(first, traceId=TRACE), _log(second, traceId=TRACE))).events
    one, other = (item.event for item in items)
    return one.event_id == other.event_id or not set(one.tells).isdisjoint(other.told_by)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(_failure(), _failure(LONGER), id="with more of the stack"),
        pytest.param(_told(*SERVLET, JAVA_WRAPPER), CAUSE, id="a wrapper and its cause"),
        pytest.param(
            _told(*SERVLET, JAVA_WRAPPER),
            CAUSE | {"exception__type": "com.acme.Payments.Declined"},
            id="a cause whose class is named with a dot",
        ),
        pytest.param(_told("*fmt.wrapError", "order 5: no rows"), _told("*errors.errorString", "order 5: no rows"),
                     id="two types of one message, no stack"),
        pytest.param(_failure(), _told("builtins.Error", "m"), id="a record without the stack"),
        pytest.param(_told(*SERVLET, JAVA_WRAPPER), _told("x.Declined", "card declined"),
                     id="a wrapper, and its cause's message without a stack"),
        pytest.param(_told("NullPointerException", None), _told("NullPointerException", None), id="no message"),
        pytest.param(_told("PaymentError", "could not charge order 1", NODE),
                     _told("PaymentError", "could not charge order 1: declined by bank", PINO),
                     id="a logger that joins the messages and stacks of an error and its cause"),
    ],
)  # fmt: skip
def test_one_failure(one, other):
    assert _is_one(one, other)
    assert _is_one(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(_failure(), _failure(ELSEWHERE), id="raised elsewhere"),
        pytest.param(_failure(), _failure(exception__message="n"), id="another message"),
        pytest.param(
            _told(*SERVLET, JAVA_WRAPPER), _told("ServletException", "Order 5", OTHER_WRAPPER),
            id="two wrappers of causes that look the same, such as two time-outs",
        ),
        pytest.param(_told("E", "a"), _told("E", "b"), id="two messages, no stack"),
    ],
)  # fmt: skip
def test_two_failures(one, other):
    assert not _is_one(one, other)
    assert not _is_one(other, one)


def test_without_a_trace_nothing_is_told_of_before():
    [item] = deliver("/v1/logs", _logs(_log(_failure()))).events
    assert (item.event.told_by, item.event.tells) == ((), ())


@pytest.mark.parametrize("project", ["p", "q"])
def test_what_was_told_before_is_a_duplicate_within_its_project(project):
    world = World()
    first, second = event(id_="1" * 32), event(id_="2" * 32)
    first.tells, second.told_by = (7, 8), (9, 8)
    world.fold(batch(first), batch(second, project=project))
    is_same = project == "p"
    assert world.total(names.EVENTS) == (1 if is_same else 2)
    assert world.total(names.DUPLICATES) == (1 if is_same else 0)


def test_what_was_told_before_is_remembered_by_the_store():
    world = World()
    first = event()
    first.tells = (7, 8)
    assert len(world.fold(batch(first)).seen) == 2


def test_the_body_is_no_message_of_an_exception_that_has_none():
    record = _log(_told("java.lang.NullPointerException", None), body={"stringValue": "order 5 failed"})
    [item] = deliver("/v1/logs", _logs(record)).events
    assert (item.event.type, item.event.message) == ("java.lang.NullPointerException", "")


def test_a_stack_alone_is_an_exception():
    record = _log({"exception__stacktrace": STACK}, severityNumber=9, body={"stringValue": "payment failed"})
    [item] = deliver("/v1/logs", _logs(record)).events
    assert (item.event.type, item.event.message, item.event.stack) == ("ValueError", "m", STACK)


@pytest.mark.parametrize("severity", [{"severityNumber": 0}, {"severityNumber": 17}])
def test_a_traceback_in_the_body_is_an_error_with_type_and_stack(severity):
    body = f"2026-11-28 12:00:00 payment failed\n{STACK}"
    [item] = deliver("/v1/logs", _logs(_log(body={"stringValue": body}, **severity))).events
    assert (item.event.level, item.event.type, item.event.message, item.event.stack) == (
        "error",
        "ValueError",
        "m",
        body,
    )


@pytest.mark.parametrize("severity", [{"severityNumber": 9}, {"severityNumber": 0, "severityText": "INFO"}])
def test_a_traceback_in_a_record_that_its_sender_calls_harmless_is_no_error(severity):
    assert deliver("/v1/logs", _logs(_log(body={"stringValue": STACK}, **severity))).events == []


@pytest.mark.parametrize(
    ("scope", "logger"),
    [
        ("github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver", None),
        ("go.opentelemetry.io/contrib/bridges/otelslog", None),
        ("@opentelemetry/winston-transport", None),
        ("otelcol/syslogreceiver", None),
        ("shop.pay", "shop.pay"),
        ("hotel.booking", "hotel.booking"),
    ],
)
def test_the_package_of_a_bridge_is_no_logger(scope, logger):
    sent = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": scope}, "logRecords": [_log()]}]}]}
    assert deliver("/v1/logs", sent).events[0].event.logger == logger


def test_a_message_to_which_a_logger_joined_those_of_the_causes_is_the_errors_own():
    (item,) = deliver(
        "/v1/logs", _logs(_log(_told("PaymentError", "could not charge order 1: declined by bank", PINO)))
    ).events
    assert item.event.message == "could not charge order 1"


def test_a_message_that_only_begins_like_the_errors_own_stays():
    (item,) = deliver("/v1/logs", _logs(_log(_told("PaymentError", "could not charge order 1: late", PINO)))).events
    assert item.event.message == "could not charge order 1: late"
