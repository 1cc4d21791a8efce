"""Sentry events: the usual, the odd, and the hostile."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.exporter.inprocess import NOW
from tests.exporter.protocols.sentry.events import WHOLE, decode, stack

from errtally.errors import RejectedError
from errtally.event.model import Frame, User
from errtally.exporter.protocols.sentry import event

VECTORS = Path(__file__).parents[3] / "data" / "vectors"


def mapped(sent, **options):
    return decode(sent, **options).event


@pytest.mark.parametrize(
    ("vector", "field", "expected"),
    [
        ("deep", "message", "m"),
        ("event_id_dashed_upper", "event_id", "9ec79c33ec9942ab8353589fcb2e04dc"),
        ("exception_values_with_null", "exceptions", [event.ExceptionInfo(type="E")]),
        ("fingerprint_default_nospace", "fingerprint", ["{{default}}"]),
        ("fingerprint_mixed_types", "fingerprint", ["a", "1", "true"]),
        ("level_int_raven", "level", "error"),
        ("level_unknown", "level", "fatal"),
        ("logentry_named_params", "message", "x a"),
        ("message_object", "message", "x a"),
        ("nan_literal", "message", "m"),
        ("surrogate", "message", "bad ? surrogate"),
        ("tags_pairs", "tags", {"a": "b"}),
        ("timestamp_float", "timestamp", 1795499178.4441333),
        ("timestamp_naive", "timestamp", 1795499177.0),
    ],
)
def test_an_odd_event_is_decoded(vector, field, expected):
    decoded = decode((VECTORS / f"event_{vector}.json").read_bytes())
    assert getattr(decoded.event, field) == expected
    assert decoded.event.event_id == "9ec79c33ec9942ab8353589fcb2e04dc"
    assert decoded.has_own_id
    assert isinstance(decoded.details(), dict)


def test_a_whole_event():
    decoded = mapped(WHOLE)
    assert (decoded.level, decoded.platform, decoded.logger, decoded.server_name) == (
        "warning",
        "python",
        "shop",
        "web-1",
    )
    assert (decoded.release, decoded.environment, decoded.transaction) == ("shop@1.2", "staging", "/cart")
    assert (decoded.message, decoded.template, decoded.culprit) == ("no milk left", "no %s left", "shop.cart in add")
    assert [item.type for item in decoded.exceptions] == ["KeyError", "SoldOut"]
    assert [(item.handled, item.synthetic) for item in decoded.exceptions] == [(True, False), (False, True)]
    assert decoded.exceptions[1].frames == [Frame(function="add", module="shop.cart", lineno=7, in_app=True)]
    assert decoded.user == User(id="7", email="a@example.org")
    assert (decoded.trace_id, decoded.span_id) == ("t" * 32, "s" * 16)
    assert decoded.fingerprint == ["{{ default }}", "5"]
    assert decoded.timestamp == NOW - 5


def test_an_event_of_nothing_has_defaults_and_a_new_id():
    first, second = decode({}), decode({})
    assert not first.has_own_id
    assert first.event.event_id != second.event.event_id
    assert (first.event.level, first.event.message, first.event.timestamp) == ("error", "", NOW)
    assert first.event.user is None
    assert first.event.environment == ""


def test_the_id_of_the_header_wins():
    assert mapped({"event_id": "1" * 32}, event_id="2" * 32).event_id == "2" * 32


E1, E2 = {"type": "A", "value": "a"}, {"type": "B", "value": "b"}


@pytest.mark.parametrize(
    ("sent", "types"),
    [
        pytest.param({"values": [E1, E2]}, ["A", "B"], id="an object with values"),
        pytest.param([E1, E2], ["A", "B"], id="a list"),
        pytest.param(E1, ["A"], id="a single one"),
        pytest.param({"values": [None, E1, None]}, ["A"], id="nulls among the values"),
        pytest.param([None, E1], ["A"], id="nulls in a list"),
        pytest.param({"values": []}, [], id="no values"),
        pytest.param({"values": None}, [], id="values that are null"),
        pytest.param({}, [], id="an empty object"),
        pytest.param(None, [], id="null"),
        pytest.param("boom", [], id="text is left out"),
        pytest.param({"values": [5, E1, "x"]}, ["A"], id="values of other types are taken out"),
        pytest.param([5, E1], ["A"], id="items of other types are taken out"),
        pytest.param({"values": "x"}, [], id="values that are text"),
        pytest.param({"values": [E1] * 60}, ["A"] * 50, id="fifty at most"),
        pytest.param({"values": [{"type": 5, "value": {"a": 1}}]}, ["5"], id="types that are no text"),
        pytest.param({"values": [{"type": "A", "mechanism": "generic"}]}, ["A"], id="a mechanism that is text"),
        pytest.param({"values": [{"type": "A", "stacktrace": []}]}, ["A"], id="a stack that is a list"),
        pytest.param({"values": [{"type": "A", "stacktrace": {"frames": "x"}}]}, ["A"], id="frames that are text"),
    ],
)
def test_shapes_of_the_exception(sent, types):
    assert [item.type for item in mapped({"exception": sent, "message": "m"}).exceptions] == types


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param({"function": "f", "lineno": "12"}, Frame(function="f", lineno=12), id="a line as text"),
        pytest.param({"function": "f", "lineno": 12.0}, Frame(function="f", lineno=12), id="a line as a float"),
        pytest.param({"function": "f", "lineno": {}}, Frame(function="f"), id="a line that is none"),
        pytest.param({"function": 5}, Frame(function="5"), id="a function that is a number"),
        pytest.param({"function": ["f"]}, Frame(function='["f"]'), id="a function that is a list"),
        pytest.param({"function": "f", "in_app": "yes"}, Frame(function="f"), id="in_app that is text"),
        pytest.param({"function": "f\ud800"}, Frame(function="f?"), id="a lone surrogate"),
        pytest.param({"function": "f", "vars": []}, Frame(function="f"), id="variables are not looked at"),
    ],
)
def test_an_odd_frame_is_repaired_and_its_neighbours_stay(frame, expected):
    frames = [{"function": "g", "lineno": 3}, frame, None]
    for sent in (
        {"exception": {"values": [{"stacktrace": {"frames": frames}}]}},
        {"exception": {"stacktrace": {"frames": frames}}},
    ):
        assert mapped(sent).exceptions[0].frames == [Frame(function="g", lineno=3), expected]
    assert mapped({"stacktrace": {"frames": frames}}).frames == [Frame(function="g", lineno=3), expected]
    assert mapped({"threads": {"values": [{"stacktrace": {"frames": frames}}]}}).frames[1] == expected


def test_of_a_recursion_both_ends_are_kept():
    frames = [{"function": str(number)} for number in range(1000)]
    kept = [frame.function for frame in mapped({"stacktrace": {"frames": frames}}).frames]
    assert kept == [str(number) for number in (*range(125), *range(875, 1000))]
    assert len(mapped({"stacktrace": {"frames": frames[:250]}}).frames) == 250


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(
            {"stacktrace": stack("own"), "threads": [{"crashed": True, "stacktrace": stack("t")}]},
            "own",
            id="its own stack wins",
        ),
        pytest.param(
            {"threads": {"values": [{"stacktrace": stack("a")}, {"crashed": True, "stacktrace": stack("b")}]}},
            "b",
            id="the crashed thread",
        ),
        pytest.param(
            {"threads": [{"stacktrace": stack("a")}, {"current": True, "stacktrace": stack("b")}]},
            "b",
            id="the current thread",
        ),
        pytest.param({"threads": [{"stacktrace": stack("a")}]}, "a", id="the only thread"),
        pytest.param(
            {"threads": [{"stacktrace": stack("a")}, {"stacktrace": stack("b")}]}, None, id="of several none says which"
        ),
        pytest.param({"threads": [None, {"crashed": True}]}, None, id="threads without stacks"),
        pytest.param({"threads": "x"}, None, id="threads that are text"),
        pytest.param({"stacktrace": {"frames": []}}, None, id="a stack without frames"),
    ],
)
def test_the_stack_of_a_message(sent, expected):
    assert [frame.function for frame in mapped(sent).frames] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("sent", "template", "message"),
    [
        pytest.param({"message": "plain"}, None, "plain", id="a text"),
        pytest.param({"logentry": {"message": "a %s", "params": ["b"]}}, "a %s", "a b", id="parameters in order"),
        pytest.param({"logentry": {"message": "a {x}", "params": {"x": 1}}}, "a {x}", "a 1", id="parameters by name"),
        pytest.param({"logentry": {"message": "a {y}", "params": {"x": 1}}}, "a {y}", "a {y}", id="a name without one"),
        pytest.param(
            {"logentry": {"message": "a %s", "formatted": "a b"}}, "a %s", "a b", id="filled in by the client"
        ),
        pytest.param({"logentry": {"formatted": "a b"}}, None, "a b", id="only filled in"),
        pytest.param({"logentry": {"message": "a %s %s", "params": ["b"]}}, "a %s %s", "a %s %s", id="too few of them"),
        pytest.param({"logentry": {"message": "100 %", "params": ["b"]}}, "100 %", "100 %", id="a percent sign"),
        pytest.param(
            {"logentry": {"message": "a %(x)s", "params": ["b"]}}, "a %(x)s", "a %(x)s", id="named, sent in order"
        ),
        pytest.param({"logentry": {"message": "a %s", "params": []}}, None, "a %s", id="no parameters"),
        pytest.param({"logentry": {"message": "a", "params": "b"}}, "a", "a", id="parameters that are text"),
        pytest.param({"logentry": {"message": "%c", "params": [1114112]}}, "%c", "%c", id="a character that is none"),
        pytest.param({"logentry": {"message": "%d", "params": [math.inf]}}, "%d", "%d", id="an infinite number"),
        pytest.param({"logentry": "a", "message": "b"}, None, "a", id="logentry wins"),
        pytest.param({"message": {"message": "a %s", "params": ["b"]}}, "a %s", "a b", id="an object"),
        pytest.param({"message": ["a"]}, None, '["a"]', id="a list"),
        pytest.param({"message": 5}, None, "5", id="a number"),
        pytest.param({"message": "x" * 9000}, None, "x" * 8191 + "…", id="cut to its limit"),
    ],
)
def test_messages(sent, template, message):
    decoded = mapped(sent)
    assert (decoded.template, decoded.message) == (template, message)


@pytest.mark.parametrize("template", ["%999999999d", "%.999999999f", "%*d", "%-0100s", "%(x)999s", "%0 +999d"])
def test_a_width_that_asks_for_gigabytes_is_not_filled_in(template):
    decoded = mapped({"logentry": {"message": f"a {template}", "params": [1]}})
    assert decoded.message == f"a {template}"


def test_a_parameter_with_placeholders_is_not_filled_in_again():
    parameters = {"a": "{b}" * 2000, "b": "{c}" * 2000, "c": "x" * 2000}
    decoded = mapped({"logentry": {"message": "{a}{a}", "params": parameters}})
    assert "x" not in decoded.message
    assert len(decoded.message) <= 8192


@pytest.mark.parametrize(
    ("sent", "address", "expected"),
    [
        pytest.param({"id": 7, "email": None}, "", User(id="7"), id="a number as id"),
        pytest.param({"ip_address": "{{auto}}"}, "192.0.2.7", User(ip_address="192.0.2.7"), id="the peer's address"),
        pytest.param({"ip_address": "{{auto}}"}, "", None, id="the peer's address that is not known"),
        pytest.param({"ip_address": "192.0.2.8"}, "192.0.2.7", User(ip_address="192.0.2.8"), id="its own address"),
        pytest.param({"segment": "x"}, "", None, id="nobody"),
        pytest.param("bob", "", None, id="text"),
        pytest.param(None, "", None, id="null"),
    ],
)
def test_users(sent, address, expected):
    assert mapped({"user": sent}, remote_address=address).user == expected


PEER = User(ip_address="192.0.2.7")


@pytest.mark.parametrize(
    ("sdk", "user", "expected"),
    [
        pytest.param({"settings": {"infer_ip": "auto"}}, None, PEER, id="auto is the peer"),
        pytest.param(
            {"settings": {"infer_ip": "auto"}}, {"id": "7"}, User(id="7", ip_address="192.0.2.7"), id="beside an id"
        ),
        pytest.param(
            {"settings": {"infer_ip": "auto"}},
            {"ip_address": "192.0.2.8"},
            User(ip_address="192.0.2.8"),
            id="not instead",
        ),
        pytest.param({"settings": {"infer_ip": "never"}}, None, None, id="never is nobody"),
        pytest.param(
            {"settings": {"infer_ip": "never"}}, {"ip_address": "{{auto}}"}, PEER, id="asked for by the event"
        ),
        pytest.param({"settings": {"infer_ip": 7}}, None, None, id="a number"),
        pytest.param({"settings": []}, None, None, id="settings that are a list"),
        pytest.param("sdk", None, None, id="text"),
        pytest.param({"name": "sentry.python"}, None, None, id="no settings"),
    ],
)
def test_a_client_may_leave_the_address_of_its_users_to_the_peer(sdk, user, expected):
    assert mapped({"sdk": sdk, "user": user}, remote_address="192.0.2.7").user == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (["a"], ["a"]),
        ([], None),
        ([None], None),
        ("a", None),
        (["x"] * 30, ["x"] * 20),
        ([["a"]], ['["a"]']),
        (["y" * 300], ["y" * 255 + "…"]),
    ],
)
def test_fingerprints(sent, expected):
    assert mapped({"fingerprint": sent}).fingerprint == expected


def test_drift_moves_the_time():
    assert mapped({"timestamp": NOW - 3600 - 5}, drift_seconds=3600.0).timestamp == NOW - 5


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"5", b"{", b"null", b"\xff{}", b'{"a":' + b"[" * 100_000],
    ids=["empty", "a list", "a number", "torn", "null", "bytes before it", "nested without end"],
)
def test_what_is_no_object_is_malformed(payload):
    with pytest.raises(RejectedError) as caught:
        decode(payload)
    assert caught.value.reason in {"bad_json", "too_many_values"}


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"message": "a\xffb", "extra": {"a": 1}}', id="bytes that are not UTF-8 in what is used"),
        pytest.param(b'{"message": "a\xef\xbf\xbdb", "extra": {"a": "\xff"}}', id="and in what only a page shows"),
    ],
)
def test_a_byte_that_is_not_utf_8_costs_a_character_and_not_the_event(payload):
    decoded = decode(payload)
    assert decoded.event.message == "a\ufffdb"
    assert "a" in decoded.details()["extra"]
