"""What of a client's measures is taken, and what is said of the rest."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from tests.exporter.inprocess import deliver

from errtally import names
from errtally.errors import MalformedError
from errtally.event import schema
from errtally.event.signals import Discard, Measure
from errtally.exporter.protocols.measures import MAX_MEASURES
from errtally.recovery import ErrorClass

REPORT_ID = "7c5e0a8f0a0c4b6c9a3f1f0f4f1e2d3c"
ATTEMPTS = {
    "name": names.RECOVERY_ATTEMPTS.name,
    "labels": {"outcome": "success", "service": "pay", "strategy": "retry"},
    "value": 3,
    "environment": "staging",
}
STATE = {"name": names.BREAKER_STATE.name, "labels": {"service": "pay"}, "value": 2, "process": "web-1:17"}
CPU = {"name": names.CLIENT_CPU.name, "value": 0.25, "process": "web-1:17"}


def events(body):
    return deliver("/api/events", json.dumps(body).encode())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(
            ATTEMPTS,
            Measure(names.RECOVERY_ATTEMPTS.name, ("pay", "retry", "success"), 3, "staging"),
            id="a counter, its labels in the order of the catalogue",
        ),
        pytest.param(
            {**ATTEMPTS, "value": 0, "process": "web-1:17", "environment": None},
            Measure(names.RECOVERY_ATTEMPTS.name, ("pay", "retry", "success"), 0),
            id="a counter at 0, which has no process",
        ),
        pytest.param(STATE, Measure(names.BREAKER_STATE.name, ("pay",), 2, "", "web-1:17"), id="a gauge"),
        pytest.param(CPU, Measure(names.CLIENT_CPU.name, (), 0.25, "", "web-1:17"), id="a gauge without labels"),
        pytest.param(
            {**STATE, "labels": {"service": " a\nb "}},
            Measure(names.BREAKER_STATE.name, ("a b",), 2, "", "web-1:17"),
            id="a label with control characters",
        ),
        pytest.param(
            {**STATE, "labels": {"service": ""}},
            Measure(names.BREAKER_STATE.name, ("unnamed",), 2, "", "web-1:17"),
            id="an empty label",
        ),
    ],
)
def test_a_measure_is_taken(sent, expected):
    submission = events({"events": [], "report_id": REPORT_ID, "measures": [sent]})
    assert submission.measures == [expected]
    assert submission.identity == REPORT_ID
    assert submission.items == {"measure": 1}
    assert Draft202012Validator(schema.load("measure")).is_valid(sent)


BAD = [
    pytest.param({**STATE, "name": names.EVENTS.name}, f"'{names.EVENTS.name}' is none of", id="an exporter's metric"),
    pytest.param({**STATE, "name": "up"}, "'up' is none of", id="an unknown metric"),
    pytest.param({**STATE, "labels": {}}, "the labels of .* are service - at `.\\.labels`", id="a missing label"),
    pytest.param({**CPU, "labels": {"service": "pay"}}, "are none - at", id="a label too many"),
    pytest.param({**STATE, "labels": {"service": 5}}, "labels", id="a label that is a number"),
    pytest.param({**ATTEMPTS, "value": -1}, "a value of -1.0 - at `.\\.value`", id="a counter that shrinks"),
    pytest.param({**CPU, "value": 1e300}, "value", id="a value beyond what a float counts"),
    pytest.param({**CPU, "value": "1"}, "value", id="a value that is a text"),
    pytest.param({**STATE, "process": None}, "needs the process", id="a gauge without a process"),
    pytest.param({**STATE, "process": " "}, "needs the process", id="a gauge with a blank process"),
    pytest.param(
        {**ATTEMPTS, "labels": {**ATTEMPTS["labels"], "outcome": "odd"}},
        "'odd' is none of success, failure - at `.\\.labels\\.outcome`",
        id="an outcome that is none",
    ),
    pytest.param({"value": 1}, "name", id="no name"),
    pytest.param(5, "object", id="a number"),
]


@pytest.mark.parametrize(("sent", "why"), BAD)
def test_a_batch_of_a_bad_measure_alone_is_refused_with_its_reason(sent, why):
    with pytest.raises(MalformedError, match=f"measure 0: .*{why}") as raised:
        events({"events": [], "measures": [sent]})
    assert raised.value.reason == "bad_measure"


@pytest.mark.parametrize(("sent", "why"), BAD)
@pytest.mark.parametrize(
    "beside",
    [
        pytest.param({"events": [{"message": "a"}]}, id="an event"),
        pytest.param({"events": [], "discarded": [{"reason": "x", "quantity": 2}]}, id="a discard"),
    ],
)
def test_a_bad_measure_does_not_cost_what_stands_beside_it(sent, why, beside):
    submission = events({**beside, "measures": [sent, STATE]})
    assert why
    assert len(submission.measures) == 1
    assert submission.rejected == {"bad_measure": 1}
    assert len(submission.events) + len(submission.discards) == 1


def test_of_too_many_measures_the_first_are_taken_and_the_others_counted():
    submission = events({"events": [], "measures": [CPU] * (MAX_MEASURES + 7)})
    assert len(submission.measures) == MAX_MEASURES
    assert submission.rejected == {"bad_measure": 7}


@pytest.mark.parametrize("report_id", ["", "123", "g" * 32])
def test_a_report_with_a_bad_name_is_refused(report_id):
    with pytest.raises(MalformedError, match=r"is not 32 hex digits - at `\$\.report_id`"):
        events({"events": [{"message": "a"}], "report_id": report_id, "measures": [CPU]})


def test_a_report_without_a_name_is_taken():
    submission = events({"events": [], "discarded": [{"reason": "x", "quantity": 2}], "measures": [ATTEMPTS]})
    assert submission.discards == [Discard("x", "error", 2)]
    assert submission.identity == ""


def test_the_catalogue_knows_the_classes_of_errors():
    assert tuple(kind.value for kind in ErrorClass) == names.ERROR_CLASSES
