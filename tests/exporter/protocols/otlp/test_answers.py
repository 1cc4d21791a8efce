"""OTLP's answers, in the request's encoding."""

from __future__ import annotations

import json

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from tests.exporter.protocols.sending import CONFIGURED, answered, deliver

from errtally.errors import MalformedError, OverloadedError, RejectedError
from errtally.exporter.config import Limits
from errtally.exporter.protocols.otlp import answers

PROTOBUF = {"Content-Type": "application/x-protobuf"}
RECORD = {"severityNumber": 17, "body": {"stringValue": "m"}}


def _logs(*records):
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/traces", "/v1/metrics"])
def test_full_success_is_an_empty_message(path):
    in_json, in_protobuf = answered(path, {}), answered(path, b"", PROTOBUF)
    assert (in_json.status, in_json.body, in_json.content_type) == (200, b"{}", "application/json")
    assert (in_protobuf.status, in_protobuf.body, in_protobuf.content_type) == (200, b"", "application/x-protobuf")


def test_records_that_can_not_be_read_are_a_partial_success():
    response = answered("/v1/logs", _logs(RECORD, 5, {"severityNumber": "x"}, RECORD))
    sent = json.loads(response.body)["partialSuccess"]
    assert (response.status, sent["rejectedLogRecords"]) == (200, "2")
    assert sent["errorMessage"].startswith("record 1: ")
    submission = deliver("/v1/logs", _logs(RECORD, 5))
    assert (dict(submission.items), dict(submission.rejected)) == ({"event": 1}, {"bad_record": 1})


def _failed_spans():
    failed = {"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}]}
    span = {"kind": 2, "name": "a", "startTimeUnixNano": "5", "endTimeUnixNano": "7", "events": [failed, failed]}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span, span]}]}]}


@pytest.mark.parametrize(
    ("path", "sent", "events"),
    [("/v1/logs", _logs(RECORD, RECORD, RECORD, RECORD), 4), ("/v1/traces", _failed_spans(), 4)],
    ids=["logs", "spans"],
)
def test_more_events_than_a_batch_may_have_are_413_which_names_what_to_set(path, sent, events):
    response = answered(path, sent, limits=Limits(batch_events=events - 1))
    assert (response.status, json.loads(response.body)["code"]) == (413, 8)
    assert "send_batch_max_size" in json.loads(response.body)["message"]
    assert len(deliver(path, sent, limits=Limits(batch_events=events)).events) == events


def test_the_partial_success_of_traces_in_protobuf_counts_spans():
    request = ExportTraceServiceRequest(
        resource_spans=[{"scope_spans": [{"spans": [{"kind": 2, "name": "a"}, {"kind": 3, "name": "b"}]}]}]
    )
    response = ExportTraceServiceResponse()
    response.ParseFromString(answered("/v1/traces", request.SerializeToString(), PROTOBUF).body)
    assert response.partial_success.rejected_spans == 1
    assert "'a'" in response.partial_success.error_message


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        pytest.param(MalformedError("bad", "ä" * 200), 400, 3, id="bad data, with a long message"),
        pytest.param(RejectedError("internal_error", "x", status=500), 500, 13, id="a failure of ours"),
        pytest.param(OverloadedError("journal", "x", status=503), 503, 14, id="unavailable"),
        pytest.param(RejectedError("odd", "x", status=418), 418, 2, id="a status without a code"),
    ],
)
def test_a_refusal_is_a_status_in_both_encodings(error, status, code):
    in_json, in_protobuf = answers.refuse_json(error), answers.refuse_protobuf(error)
    assert (in_json.status, in_protobuf.status) == (status, status)
    assert json.loads(in_json.body) == {"code": code, "message": str(error)}
    # google.rpc.Status begins as the partial success of logs does: an int64 and a text.
    read = ExportLogsServiceResponse()
    read.partial_success.ParseFromString(in_protobuf.body)
    assert (read.partial_success.rejected_log_records, read.partial_success.error_message) == (code, str(error))


@pytest.mark.parametrize(("asked", "told"), [(0, "1"), (1, "1"), (2, "2"), (17, "17")])
def test_a_client_is_told_when_to_come_back_and_never_at_once(asked, told):
    error = OverloadedError("rate_limited", "wait", retry_after_seconds=asked)
    assert dict(answers.refuse_json(error).headers) == {"Retry-After": told}
    assert dict(answers.refuse_protobuf(error).headers) == {"Retry-After": told}


def test_a_request_without_a_key_is_refused_in_its_own_encoding():
    response = answered("/v1/logs", b"", PROTOBUF, config=CONFIGURED)
    assert (response.status, response.content_type, response.body[:2]) == (401, "application/x-protobuf", b"\x08\x10")


def test_metrics_are_counted_and_not_used():
    sent = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "a"}, {"name": "b"}]}, {}]}, {}]}
    submission = deliver("/v1/metrics", sent)
    assert (dict(submission.items), submission.holds_anything()) == ({"metric": 2}, False)
