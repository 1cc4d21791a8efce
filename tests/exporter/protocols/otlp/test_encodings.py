"""OTLP's two encodings say the same."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import asdict

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.exporter.protocols.sending import answered, captured, deliver

from errtally.errors import MalformedError
from errtally.exporter.protocols.otlp import json_mapping, protobuf

_IDS = ("traceId", "spanId", "parentSpanId")


def _as_otlp_json(message: ExportLogsServiceRequest | ExportTraceServiceRequest) -> bytes:
    """Write a message as OTLP does: protobuf's own JSON, but ids in hex and enumerations as numbers."""

    def hexed(tree):
        if isinstance(tree, dict):
            return {key: base64.b64decode(value).hex() if key in _IDS else hexed(value) for key, value in tree.items()}
        return [hexed(item) for item in tree] if isinstance(tree, list) else tree

    plain = json_format.MessageToDict(message, use_integers_for_enums=True)
    return json.dumps(hexed(plain)).encode()


@pytest.mark.parametrize(
    ("folder", "number", "kind"),
    [
        ("otel-python-gzip", 1, ExportTraceServiceRequest),
        ("otel-python-gzip", 2, ExportLogsServiceRequest),
        ("otel-python-nested", 1, ExportTraceServiceRequest),
        ("otel-python-nested", 2, ExportLogsServiceRequest),
    ],
)
def test_a_captured_request_means_the_same_in_json(folder, number, kind):
    path, body, headers = captured(folder, number)
    plain = gzip.decompress(body) if headers.pop("Content-Encoding", "") else body
    message = kind()
    message.ParseFromString(plain)
    from_protobuf = deliver(path, plain, headers)
    from_json = deliver(path, _as_otlp_json(message), headers | {"content-type": "application/json"})
    assert from_protobuf.events or from_protobuf.others
    for one, other in zip((from_protobuf, *from_protobuf.others), (from_json, *from_json.others), strict=True):
        assert (one.project, one.requests, one.logs) == (other.project, other.requests, other.logs)
        assert [asdict(item.event) for item in one.events] == [asdict(item.event) for item in other.events]
        assert [item.details() for item in one.events] == [item.details() for item in other.events]


@pytest.mark.parametrize(
    ("name", "count"), [("exception", 1), ("db.exception", 1), ("exceptional", 0), ("exception.db", 0), ("", 0)]
)
def test_a_spans_event_is_an_exception_by_its_name_in_both(name, count):
    span = {"name": "a", "kind": 1, "events": [{"name": name, "time_unix_nano": 5}]}
    message = ExportTraceServiceRequest(resource_spans=[{"scope_spans": [{"spans": [span]}]}])
    for export in (protobuf.traces(message.SerializeToString()), json_mapping.traces(_as_otlp_json(message))):
        assert export.received == 1
        assert sum(len(found.exceptions) for found in export.resources[0].spans) == count


def test_attributes_in_protobuf_may_be_bytes_and_are_read_twenty_levels_deep():
    value = {"bytes_value": b"\x00\x01"}
    for _ in range(30):
        value = {"array_value": {"values": [value]}}
    record = {"attributes": [{"key": "a", "value": {"bytes_value": b"\x00\x01"}}, {"key": "b", "value": value}]}
    message = ExportLogsServiceRequest(resource_logs=[{"scope_logs": [{"log_records": [record]}]}])
    attributes = protobuf.logs(message.SerializeToString()).resources[0].logs[0][1].attributes
    assert attributes["a"] == "0001"
    assert str(attributes["b"]) == "[" * 21 + "None" + "]" * 21


_TEXT = st.text(max_size=10)
_ANY = st.recursive(
    st.builds(lambda v: {"string_value": v}, _TEXT)
    | st.builds(lambda v: {"bool_value": v}, st.booleans())
    | st.builds(lambda v: {"int_value": v}, st.integers(-(1 << 53), 1 << 53))
    | st.builds(lambda v: {"double_value": v}, st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: (
        st.builds(lambda v: {"array_value": {"values": v}}, st.lists(inner, max_size=3))
        | st.builds(
            lambda v: {"kvlist_value": {"values": [{"key": key, "value": value} for key, value in v.items()]}},
            st.dictionaries(_TEXT, inner, max_size=3),
        )
    ),
    max_leaves=6,
)


@given(
    attributes=st.dictionaries(_TEXT, _ANY, max_size=4),
    body=_ANY,
    time=st.integers(0, (1 << 63) - 1),
    trace=st.binary(min_size=16, max_size=16),
)
def test_any_log_record_means_the_same_in_both(attributes, body, time, trace):
    pairs = [{"key": key, "value": value} for key, value in attributes.items()]
    record = {"time_unix_nano": time, "trace_id": trace, "body": body, "attributes": pairs, "severity_number": 17}
    message = ExportLogsServiceRequest(
        resource_logs=[{"resource": {"attributes": pairs}, "scope_logs": [{"log_records": [record]}]}]
    )
    one, other = protobuf.logs(message.SerializeToString()), json_mapping.logs(_as_otlp_json(message))
    assert one == other


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param({"intValue": "500"}, 500, id="a whole number as text"),
        pytest.param({"intValue": 500}, 500, id="a whole number"),
        pytest.param({"doubleValue": 0.5}, 0.5, id="a number"),
        pytest.param({"doubleValue": "NaN"}, None, id="not a number"),
        pytest.param({"boolValue": False}, False, id="a truth value"),
        pytest.param({"stringValue": ""}, "", id="an empty text"),
        pytest.param({"bytesValue": "AAE="}, "AAE=", id="bytes"),
        pytest.param({"arrayValue": {}}, [], id="an empty list"),
        pytest.param({"arrayValue": 5}, [], id="a list that is none"),
        pytest.param({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}, {"a": 1}, id="a mapping"),
        pytest.param({"somethingNew": 1}, None, id="a form of a later version"),
        pytest.param({}, None, id="nothing"),
        pytest.param("x", None, id="no object"),
    ],
)
def test_attributes_have_the_values_that_json_says(sent, expected):
    assert json_mapping.attributes([{"key": "k", "value": sent}, {"key": 5, "value": sent}, 5]) == {"k": expected}


@pytest.mark.parametrize(
    ("trace_id", "expected"),
    [
        pytest.param("5B8EFFF798038103D269B633813FC60C", "5b8efff798038103d269b633813fc60c", id="hex in capitals"),
        pytest.param("W47/95gDgQPSabYzgT/GDA==", "", id="base64, as protobuf's own JSON has it"),
        pytest.param("5b8e", "", id="too short"),
        pytest.param("", "", id="none"),
    ],
)
def test_ids_are_hex(trace_id, expected):
    record = {"traceId": trace_id, "severityNumber": 17}
    export = json_mapping.logs(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode())
    assert export.resources[0].logs[0][1].trace_id == expected


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", ""])
def test_bodies_may_be_compressed(encoding):
    path, body, headers = captured("otel-python-gzip", 2)
    plain = gzip.decompress(body)
    sent = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(plain)
    submission = deliver(path, sent, headers | {"Content-Encoding": encoding})
    assert sum(len(part.events) for part in submission.others) == 3


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/grpc"])
def test_another_media_type_is_refused(content_type):
    response = answered("/v1/logs", b"{}", {"Content-Type": content_type})
    assert response.status == 415
    assert json.loads(response.body)["code"] == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/logs", b'{"resourceLogs": 5}'),
        ("/v1/logs", b"x"),
        ("/v1/logs", b"[]"),
        ("/v1/traces", b'{"resourceSpans": [5]}'),
        ("/v1/metrics", b'{"resourceMetrics": [{"scopeMetrics": 5}]}'),
    ],
)
def test_json_that_is_no_request_is_refused(path, body):
    with pytest.raises(MalformedError, match="JSON"):
        deliver(path, body)


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/traces", "/v1/metrics"])
def test_bytes_that_are_no_message_are_refused(path):
    with pytest.raises(MalformedError, match="not an Export"):
        deliver(path, b"\xff\xff", {"Content-Type": "application/x-protobuf"})
