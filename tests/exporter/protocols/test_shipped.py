"""Records of log shippers and loggers, as they send them, to the native API."""

from __future__ import annotations

import json

import pytest
from tests.exporter.protocols.sending import RECEIVED, deliver

from errtally.errors import MalformedError

STACK = 'Traceback (most recent call last):\n  File "/srv/shop.py", line 7, in pay\n    raise StockError("no stock")\n'
AT = RECEIVED - 60.0
ISO = "2026-11-24T05:59:00Z"

# A record, and what the event has to say; "at" is its time.
RECORDS = {
    "ECS, nested": (
        {
            "@timestamp": ISO, "log": {"level": "warn", "logger": "pay"}, "message": "no stock",
            "error": {"type": "StockError", "stack_trace": STACK, "message": "x"}, "host": {"name": "web-1"},
            "service": {"name": "shop", "version": "1.4.0", "environment": "stage"}, "trace": {"id": "a" * 32},
            "ecs": {"version": "8.11"},
        },
        {"level": "warning", "message": "no stock", "type": "StockError", "stack": STACK, "logger": "pay",
         "release": "1.4.0", "environment": "stage", "server_name": "web-1", "trace_id": "a" * 32,
         "tags": {"service": "shop"}},
    ),
    "ECS, dotted": (
        {"@timestamp": ISO, "log.level": "ERROR", "message": "no stock", "error.type": "StockError",
         "error.stack_trace": STACK, "service.name": "shop"},
        {"level": "error", "type": "StockError", "stack": STACK, "tags": {"service": "shop"}},
    ),
    "Logstash's encoder for Logback": (
        {"@timestamp": ISO, "@version": "1", "message": "no stock", "logger_name": "shop.Pay", "level": "WARN",
         "level_value": 30000, "stack_trace": "java.lang.X: y\n\tat shop.Pay.pay(Pay.java:7)"},
        {"level": "warning", "logger": "shop.Pay", "stack": "java.lang.X: y\n\tat shop.Pay.pay(Pay.java:7)"},
    ),
    "pino": (
        {"level": 30, "time": int(AT * 1000), "pid": 17, "hostname": "web-1", "msg": "no stock"},
        {"level": "info", "message": "no stock", "server_name": "web-1"},
    ),
    "pino's error": (
        {"level": 50, "time": int(AT * 1000), "pid": 17, "hostname": "web-1", "msg": "no stock",
         "err": {"type": "StockError", "message": "no stock", "stack": "StockError: no stock\n    at pay (a.js:1:2)"}},
        {"level": "error", "type": "StockError", "stack": "StockError: no stock\n    at pay (a.js:1:2)"},
    ),
    "bunyan's fatal": (
        {"name": "shop", "hostname": "web-1", "pid": 17, "level": 60, "msg": "no stock", "time": ISO, "v": 0},
        {"level": "fatal", "logger": "shop"},
    ),
    "a program of Node's, which says so": (
        {"message": "no stock", "level": 40, "platform": "node", "time": ISO}, {"level": "warning"},
    ),
    "Python's numbers stay Python's": ({"level": 40, "msg": "no stock", "time": ISO}, {"level": "error"}),
    "GELF": (
        {"version": "1.1", "host": "web-1", "short_message": "no stock", "full_message": STACK, "timestamp": AT,
         "level": 4, "_order": 17, "type": "shipper"},
        {"level": "warning", "message": "no stock", "stack": STACK, "server_name": "web-1", "type": None,
         "tags": {"order": "17"}},
    ),
    "Fluent Bit": ({"date": AT, "log": "no stock\n"}, {"level": "error", "message": "no stock"}),
    "Docker's json-file": (
        {"log": "no stock\n", "stream": "stderr", "time": ISO}, {"message": "no stock"},
    ),
    "journald": (
        {"MESSAGE": "no stock", "PRIORITY": "3", "_HOSTNAME": "web-1", "SYSLOG_IDENTIFIER": "shop", "time": ISO},
        {"level": "error", "server_name": "web-1", "logger": "shop"},
    ),
    "syslog-ng's own time": (
        {"MESSAGE": "no stock", "PRIORITY": "err", "ISODATE": ISO, "PROGRAM": "shop"}, {"level": "error"},
    ),
    "Vector, from a file": (
        {"message": "no stock", "timestamp": ISO, "host": "web-1", "source_type": "file", "file": "/var/log/a.log",
         "level": "WARN"},
        {"level": "warning", "server_name": "web-1"},
    ),
    "Logstash, from a file": (
        {"@timestamp": ISO, "@version": "1", "message": "no stock", "host": {"name": "web-1"}, "level": "ERROR",
         "log": {"file": {"path": "/var/log/a.log"}}, "event": {"original": "ERROR no stock"}},
        {"level": "error", "message": "no stock", "server_name": "web-1"},
    ),
    "Fluent Bit, with Kubernetes' fields": (
        {"@timestamp": ISO, "log": "no stock", "stream": "stderr", "level": "fatal",
         "kubernetes": {"pod_name": "shop-1", "namespace_name": "shop"}},
        {"level": "fatal", "message": "no stock"},
    ),
    "syslog-ng": (
        {"MESSAGE": "no stock", "PRIORITY": "crit", "HOST": "web-1", "PROGRAM": "shop", "date": ISO},
        {"level": "fatal", "server_name": "web-1", "logger": "shop"},
    ),
    "slog": ({"time": ISO, "level": "WARN", "msg": "no stock"}, {"level": "warning"}),
    "zap": (
        {"level": "dpanic", "ts": AT, "logger": "pay", "msg": "no stock", "stacktrace": "main.pay\n\t/a/main.go:7"},
        {"level": "fatal", "logger": "pay", "stack": "main.pay\n\t/a/main.go:7"},
    ),
    "structlog": (
        {"event": "no stock", "level": "error", "timestamp": ISO, "exception": STACK}, {"stack": STACK},
    ),
    "a stack trace alone": (
        {"@timestamp": ISO, "stack_trace": STACK.rstrip()}, {"message": 'raise StockError("no stock")'},
    ),
    "fields of another meaning": (
        {"@timestamp": ISO, "message": "no stock", "event_id": 4625, "platform": {"os": "windows"}, "type": "odd"},
        {"message": "no stock", "platform": None},
    ),
}  # fmt: skip


def _said(event):
    return {
        "level": event.level, "message": event.message.strip(), "type": event.type, "stack": event.stack,
        "logger": event.logger, "platform": event.platform, "release": event.release,
        "environment": event.environment, "server_name": event.server_name, "trace_id": event.trace_id,
        "tags": event.tags,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_is_read_as_its_sender_means_it(name):
    record, expected = RECORDS[name]
    [delivered] = deliver("/api/events", record).events
    said = _said(delivered.event)
    assert {key: said[key] for key in expected} == expected
    assert delivered.event.timestamp == AT


def test_what_the_native_api_names_stays():
    sent = {"message": "no stock", "level": "fatal", "type": "StockError", "timestamp": AT, "log": "other",
            "severity": "info", "context": {"environment": "stage", "tags": {"a": "b"}}}  # fmt: skip
    [delivered] = deliver("/api/events", sent).events
    said = _said(delivered.event)
    assert (said["message"], said["level"], said["type"]) == ("no stock", "fatal", "StockError")
    assert (said["environment"], said["tags"]) == ("stage", {"a": "b"})


@pytest.mark.parametrize("level", ["fancy", {"a": 1}, None, True])
def test_a_level_that_is_none_is_the_default_and_costs_nothing(level):
    submission = deliver("/api/events", {"msg": "no stock", "level": level, "@timestamp": ISO})
    assert [one.event.level for one in submission.events] == ["error"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"message": 5, "x": [', id="no JSON behind a field of the wrong type"),
        pytest.param(b'{"message": 5, "x": "\xff"}', id="no UTF-8 behind it"),
        pytest.param(b'{"message": 5, "time": 1' + b"0" * 400 + b"}", id="a number that no float holds"),
        pytest.param(b'{"log": {"level": "info"}}', id="a record without a message"),
        pytest.param(b'{"message": 5, "log": ' + b"[" * 5000, id="nested without end"),
    ],
)
def test_what_is_neither_an_event_nor_a_record_is_malformed(body):
    with pytest.raises(MalformedError):
        deliver("/api/events", body)


def test_a_time_beyond_all_clocks_is_now():
    [delivered] = deliver("/api/events", b'{"msg": "no stock", "time": 1' + b"0" * 30 + b"}").events
    assert delivered.event.timestamp == RECEIVED


def test_of_lines_a_broken_one_costs_itself():
    lines = [json.dumps({"msg": f"line {number}"}) for number in range(3)]
    submission = deliver("/api/events", "\n".join([lines[0], "not JSON", lines[1], "{", lines[2]]).encode())
    assert [one.event.message for one in submission.events] == ["line 0", "line 1", "line 2"]
    assert [index for index, _ in submission.failures] == [1, 3]
    assert submission.rejected == {"bad_event": 2}
