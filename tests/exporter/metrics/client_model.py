"""The messages of io.prometheus.client, described for the protobuf library from the format's documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from google.protobuf.internal.decoder import _DecodeVarint32  # type: ignore[attr-defined] # no public reader of lengths
from google.protobuf.unknown_fields import UnknownFieldSet

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {"string": 9, "double": 1, "uint64": 4, "int64": 3, "int32": 5, "message": 11}
_TIMESTAMP = ".google.protobuf.Timestamp"
_FIELDS: dict[str, dict[str, tuple[int, str, bool]]] = {
    "LabelPair": {"name": (1, "string", False), "value": (2, "string", False)},
    "Gauge": {"value": (1, "double", False)},
    "Exemplar": {"label": (1, "LabelPair", True), "value": (2, "double", False), "timestamp": (3, _TIMESTAMP, False)},
    "Counter": {
        "value": (1, "double", False),
        "exemplar": (2, "Exemplar", False),
        "created_timestamp": (3, _TIMESTAMP, False),
    },
    "Bucket": {
        "cumulative_count": (1, "uint64", False),
        "upper_bound": (2, "double", False),
        "exemplar": (3, "Exemplar", False),
    },
    "Histogram": {
        "sample_count": (1, "uint64", False),
        "sample_sum": (2, "double", False),
        "bucket": (3, "Bucket", True),
        "created_timestamp": (15, _TIMESTAMP, False),
    },
    "Metric": {
        "label": (1, "LabelPair", True),
        "gauge": (2, "Gauge", False),
        "counter": (3, "Counter", False),
        "histogram": (7, "Histogram", False),
    },
    "MetricFamily": {
        "name": (1, "string", False),
        "help": (2, "string", False),
        "type": (3, "int32", False),
        "metric": (4, "Metric", True),
        "unit": (5, "string", False),
    },
}


def _family_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="client_model_of_tests.proto",
        package="of_tests",
        syntax="proto2",
        dependency=[timestamp_pb2.DESCRIPTOR.name],
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, is_repeated) in fields.items():
            is_message = kind not in _KINDS
            message.field.add(
                name=field,
                number=number,
                label=3 if is_repeated else 1,
                type=_KINDS["message" if is_message else kind],
                type_name=(kind if kind.startswith(".") else f".of_tests.{kind}") if is_message else None,
            )
    pool = descriptor_pool.Default()
    pool.Add(file)  # type: ignore[attr-defined] # the stubs lack it
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("of_tests.MetricFamily"))


_FAMILY = _family_class()


def families(body: bytes) -> Iterator[Any]:
    """Yield the families of a scrape; raises when bytes are left over or a message is broken."""
    position = 0
    while position < len(body):
        size, position = _DecodeVarint32(body, position)
        found = _FAMILY()
        found.ParseFromString(body[position : position + size])
        assert not list(UnknownFieldSet(found))
        position += size
        yield found
