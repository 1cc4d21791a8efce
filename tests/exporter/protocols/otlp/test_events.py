"""Which log records and span events are events, and which of them are one failure."""

from __future__ import annotations

import pytest
from tests.exporter.protocols.sending import RECEIVED, captured, deliver, page

from errtally.event.model import Frame, User
from errtally.event.signals import LogCount
from errtally.exporter.grouping import fingerprint

NOW = str(int(RECEIVED) * 1_000_000_000)
TRACE = "5b8efff798038103d269b633813fc60c"
STACK = 'Traceback (most recent call last):\n  File "/srv/a.py", line 7, in pay\n    pay()\nValueError: m\n'
LONGER = STACK.replace(
    '  File "/srv/a.py"', '  File "/venv/site-packages/otel/trace.py", line 602, in use_span\n  File "/srv/a.py"'
)
ELSEWHERE = STACK.replace("line 7", "line 8")


def _pairs(**attributes):
    return [
        {"key": name.replace("__", "."), "value": {"intValue": v} if isinstance(v, int) else {"stringValue": v}}
        for name, v in attributes.items()
    ]


def _log(attributes=None, **record):
    return {"timeUnixNano": NOW, "severityNumber": 17, "attributes": _pairs(**(attributes or {})), **record}


def _logs(*records, resource=None):
    group = {"resource": {"attributes": _pairs(**(resource or {}))}}
    return {"resourceLogs": [group | {"scopeLogs": [{"scope": {"name": "shop.pay"}, "logRecords": list(records)}]}]}


def _only(*records, **resource):
    submission = deliver("/v1/logs", _logs(*records, resource=resource))
    (item,) = (item for part in (submission, *submission.others) for item in part.events)
    return item


def _ids(*records):
    return [item.event.event_id for item in deliver("/v1/logs", _logs(*records)).events]


def _failure(stack=STACK, **changes):
    return {"exception__type": "ValueError", "exception__message": "m", "exception__stacktrace": stack, **changes}


@pytest.mark.parametrize(
    ("record", "level"),
    [
        pytest.param(_log(severityNumber=17), "error", id="an error without an exception"),
        pytest.param(_log(severityNumber=21), "fatal", id="a fatal one"),
        pytest.param(_log(severityNumber=24), "fatal", id="the last of the fatal numbers"),
        pytest.param(_log(severityNumber=0, severityText="ERROR"), "error", id="a severity in words"),
        pytest.param(_log(_failure(), severityNumber=13), "warning", id="an exception that was handled"),
        pytest.param(_log(_failure(), severityNumber=9), "info", id="an exception at any level"),
        pytest.param(_log(_failure(), severityNumber=0), "error", id="an exception without a severity"),
        pytest.param(_log({"exception__message": "m"}, severityNumber=5), "debug", id="an exception without a type"),
        pytest.param(_log(eventName="exception", severityNumber=1), "debug", id="an event that is an exception"),
        pytest.param(_log(eventName="db.query.exception", severityNumber=13), "warning", id="one of an operation"),
    ],
)
def test_a_record_of_an_exception_or_an_error_is_an_event(record, level):
    assert _only(record).event.level == level


@pytest.mark.parametrize(
    ("record", "level"),
    [
        pytest.param(_log(severityNumber=16), "warning", id="the last of the warnings"),
        pytest.param(_log(severityNumber=1), "debug", id="a trace"),
        pytest.param(_log(severityNumber=0), "info", id="no severity"),
        pytest.param(_log(severityNumber=25), "info", id="a number that is none"),
        pytest.param(_log(severityNumber=0, severityText="WARN"), "warning", id="a severity in words"),
        pytest.param(_log(eventName="exceptional", severityNumber=9), "info", id="an event that is none"),
    ],
)
def test_any_other_record_is_counted_by_level(record, level):
    submission = deliver("/v1/logs", _logs(record, resource={"deployment__environment__name": "beta"}))
    assert (submission.events, submission.logs) == ([], [LogCount(level, 1, "beta")])
    assert dict(submission.items) == {"log": 1}


def test_a_record_of_an_exception_has_its_type_message_and_stack():
    record = _log(_failure() | {"user__id": "u-1", "session__id": "s-1"}, body={"stringValue": "payment failed"})
    item = _only(
        record, service__name="checkout", service__version="1.9.0", deployment__environment="staging",
        host__name="h1", telemetry__sdk__language="python", service__namespace="shop",
    )  # fmt: skip
    event = item.event
    assert (event.type, event.message, event.stack) == ("ValueError", "m", STACK)
    assert (event.environment, event.release, event.server_name, event.platform, event.logger) == (
        "staging", "1.9.0", "h1", "python", "shop.pay",
    )  # fmt: skip
    assert (event.user, event.timestamp) == (User("u-1"), RECEIVED)
    assert event.tags == {"service.name": "checkout", "service.namespace": "shop", "session.id": "s-1"}
    assert fingerprint(event).title == "ValueError: m"


def test_its_page_shows_frames_and_what_was_logged():
    submission = deliver("/v1/logs", _logs(_log(_failure() | {"order": 5}, body={"stringValue": "payment failed"})))
    shown = page(submission)
    frame = shown["exceptions"][0]["frames"][0]
    assert (frame["filename"], frame["lineno"], frame["context_line"]) == ("/srv/a.py", 7, "pay()")
    assert (shown["stack"], shown["extra"]) == (None, {"order": 5, "log.body": "payment failed"})


def test_a_stack_that_is_not_understood_is_shown_as_it_is():
    assert page(deliver("/v1/logs", _logs(_log(_failure("???")))))["stack"] == "???"


def test_a_message_knows_its_template_and_the_call_that_logged():
    attributes = {
        "{OriginalFormat}": "order {Id} failed", "code__file__path": "/srv/a.py", "code__function__name": "pay",
        "code__line__number": 7,
    }  # fmt: skip
    event = _only(_log(attributes, body={"stringValue": "order 5 failed"})).event
    assert (event.message, event.template) == ("order 5 failed", "order {Id} failed")
    assert event.frames == [Frame(function="pay", abs_path="/srv/a.py", lineno=7)]


def test_the_observed_time_stands_in_for_the_time():
    assert _only(_log(timeUnixNano="0", observedTimeUnixNano=NOW)).event.timestamp == RECEIVED


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param(_failure(), _failure(), True, id="twice the same"),
        pytest.param(_failure(), _failure(LONGER), True, id="with more of the stack, as on a span further out"),
        pytest.param(_failure(), _failure(ELSEWHERE), False, id="raised elsewhere"),
        pytest.param(_failure(), _failure(exception__message="n"), False, id="another message"),
        pytest.param(_failure(), _failure(exception__type="KeyError"), False, id="another type"),
        pytest.param(_failure("???"), _failure("???\n"), True, id="stacks that are not understood, the same"),
        pytest.param(_failure("???"), _failure("!!!"), False, id="stacks that are not understood, not the same"),
    ],
)
def test_an_exception_within_one_trace_is_one_failure_if_it_was_raised_by_the_same_call(one, other, is_same):
    first, second = _ids(_log(one, traceId=TRACE), _log(other, traceId=TRACE, timeUnixNano=str(int(NOW) - 5)))
    assert (first == second) == is_same


def test_the_same_exception_in_another_trace_is_another_failure():
    first, second = _ids(_log(_failure(), traceId=TRACE), _log(_failure(), traceId=TRACE[::-1]))
    assert first != second


def test_equal_messages_in_one_trace_are_as_many_failures():
    record = _log(body={"stringValue": "item failed"}, traceId=TRACE)
    assert len(set(_ids(record, record, record))) == 3


def test_a_batch_that_is_sent_again_has_the_same_ids():
    records = [_log(body={"stringValue": "a"}), _log(_failure()), _log(body={"stringValue": "a"})]
    assert _ids(*records) == _ids(*records)
    assert len(set(_ids(*records))) == 3


def test_without_trace_and_time_an_event_has_no_id_of_its_own():
    item = _only(_log(timeUnixNano="0"))
    assert (item.has_own_id, len(item.event.event_id)) == (False, 32)


def test_a_failure_recorded_on_three_spans_and_in_a_log_record_is_one():
    spans, logs = deliver(*captured("otel-python-nested", 1)), deliver(*captured("otel-python-nested", 2))
    ids = [item.event.event_id for submission in (spans, logs) for part in submission.others for item in part.events]
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_services_of_one_request_are_projects_of_their_own():
    one, two = (_logs(_log(), resource={"service__name": name})["resourceLogs"] for name in ("a", "b"))
    submission = deliver("/v1/logs", {"resourceLogs": [*one, *two, *one]})
    assert [(part.project, len(part.events)) for part in submission.others] == [("a", 2), ("b", 1)]
    assert (submission.events, dict(submission.items)) == ([], {"event": 3})


def test_at_sentrys_address_the_path_names_the_project():
    sent = _logs(_log(), resource={"service__name": "a"})
    submission = deliver("/api/7/integration/otlp/v1/logs", sent)
    assert (submission.project, len(submission.events), submission.others) == ("7", 1, [])
