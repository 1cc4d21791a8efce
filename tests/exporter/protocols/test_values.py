"""Reading values that clients send."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally import names
from errtally.exporter.protocols import values

RECEIVED = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC).timestamp()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        pytest.param("2026-11-24T12:00:00Z", 0.0, id="RFC 3339 in UTC"),
        pytest.param("2026-11-24T11:59:59.500Z", -0.5, id="with milliseconds"),
        pytest.param("2026-11-24T11:59:59.123456789Z", -0.876544, id="with nanoseconds"),
        pytest.param("2026-11-24T14:00:00+02:00", 0.0, id="with an offset"),
        pytest.param("2026-11-24T12:00:00", 0.0, id="without a zone it is UTC"),
        pytest.param("2026-11-24 12:00:00 ", 0.0, id="with blanks"),
        pytest.param(RECEIVED - 5, -5.0, id="seconds"),
        pytest.param(int(RECEIVED), 0.0, id="whole seconds"),
        pytest.param(str(RECEIVED - 7.5), -7.5, id="seconds as text"),
        pytest.param(RECEIVED + 60, 60.0, id="a minute in the future is a clock that is a little fast"),
        pytest.param(RECEIVED + 60.001, 0.0, id="more than a minute in the future is a wrong clock"),
        pytest.param(RECEIVED - 30 * 86400, -30 * 86400.0, id="thirty days ago is late"),
        pytest.param(RECEIVED - 30 * 86400 - 0.001, 0.0, id="more than thirty days ago is a wrong clock"),
        pytest.param("0001-01-01T00:00:00+23:59", 0.0, id="the first moment of the calendar is a wrong clock"),
        pytest.param("9999-12-31T23:59:59-23:59", 0.0, id="the last moment of the calendar is a wrong clock"),
        pytest.param(None, 0.0, id="none is when it was received"),
        pytest.param("soon", 0.0, id="text that is no time is when it was received"),
        pytest.param(True, 0.0, id="a truth value is no time"),
        pytest.param(float("nan"), 0.0, id="NaN is no time"),
        pytest.param(float("inf"), 0.0, id="infinity is no time"),
        pytest.param(1e308, 0.0, id="a number beyond the calendar is no time"),
        pytest.param([RECEIVED], 0.0, id="a list is no time"),
    ],
)
def test_a_time(sent, seconds):
    assert values.timestamp(sent, RECEIVED) == pytest.approx(RECEIVED + seconds, abs=2e-6)


def test_drift_is_added_before_a_time_is_judged():
    assert values.timestamp(RECEIVED + 3600, RECEIVED, -3600.0) == RECEIVED
    assert values.timestamp(RECEIVED, RECEIVED, 3600.0) == RECEIVED


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        *[(level, level) for level in names.LEVELS],
        ("ERROR", "error"),
        (" Warn ", "warning"),
        ("critical", "fatal"),
        ("log", "info"),
        ("trace", "debug"),
        ("emergency", "fatal"),
        ("nonsense", "error"),
        ("", "error"),
        (None, "error"),
        (True, "error"),
        (10, "debug"),
        (20, "info"),
        (30, "warning"),
        (40, "error"),
        (50, "fatal"),
        (0, "fatal"),
        (-5, "debug"),
        (10**40, "error"),
        (45, "error"),
        (99, "fatal"),
        (float("nan"), "error"),
        ([], "error"),
    ],
)
def test_a_level(sent, expected):
    assert values.level(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", id="32 hex digits"),
        pytest.param("01234567-89AB-CDEF-0123-456789ABCDEF", "0123456789abcdef0123456789abcdef", id="dashes, capitals"),
        pytest.param("0" * 31, None, id="31 digits are none"),
        pytest.param("0" * 33, None, id="33 digits are none"),
        pytest.param("g" * 32, None, id="other letters are none"),
        pytest.param("0" * 32 + "\n", None, id="a line break behind them is none"),
        pytest.param("", None, id="empty is none"),
        pytest.param(7, None, id="a number is none"),
    ],
)
def test_an_event_id(sent, expected):
    assert values.event_id(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param({"a": "b", "c": 1, "d": True}, {"a": "b", "c": "1", "d": "true"}, id="a mapping"),
        pytest.param([["a", "b"], ["c", None], [None, "d"]], {"a": "b"}, id="pairs, those with null left out"),
        pytest.param([["a", "b", "c"], "ab", {"a": 1}, 5], {}, id="what is no pair is left out"),
        pytest.param({"a\nb": "x\ty"}, {"a b": "x y"}, id="control characters become blanks"),
        pytest.param({"": "a", "b": "  "}, {}, id="blank keys and values are left out"),
        pytest.param({str(n): "v" for n in range(150)}, {str(n): "v" for n in range(100)}, id="a hundred at most"),
        pytest.param("a=b", {}, id="text is none"),
        pytest.param(5, {}, id="a number is none"),
        pytest.param(None, {}, id="null is none"),
    ],
)
def test_tags(sent, expected):
    assert values.tags(sent) == expected


@pytest.mark.parametrize(
    ("sent", "limit", "expected"),
    [
        pytest.param("abc", 3, "abc", id="as long as the limit is whole"),
        pytest.param("abcd", 3, "ab…", id="one more is cut and says so"),
        pytest.param({"a": [1, None]}, 50, '{"a": [1, null]}', id="another type is JSON"),
        pytest.param("a\ud800b", 50, "a?b", id="a lone surrogate is replaced"),
        pytest.param(None, 50, None, id="null is none"),
        pytest.param(0, 50, "0", id="zero is there"),
        pytest.param("", 50, "", id="empty is empty"),
    ],
)
def test_text(sent, limit, expected):
    assert values.text(sent, limit) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(" a\r\nb\x00c\u2028\u202e ", "a  b c", id="control and direction characters become blanks"),
        pytest.param(" \n ", None, id="nothing left is none"),
        pytest.param("größe 大", "größe 大", id="letters of all scripts stay"),
        pytest.param(5, "5", id="a number is its text"),
        pytest.param(None, None, id="null is none"),
    ],
)
def test_a_label(sent, expected):
    assert values.label(sent) == expected


@given(JSON, st.integers(min_value=1, max_value=40))
def test_whatever_is_sent_a_label_is_one_line_within_its_limit(sent, limit):
    line = values.label(sent, limit)
    assert line is None or (0 < len(line) <= limit and line.isprintable() and line == line.strip())
    assert line is None or line.encode()


@given(JSON)
def test_whatever_is_sent_the_readers_answer_with_their_types(sent):
    assert values.level(sent) in names.LEVELS
    assert RECEIVED - 30 * 86400 <= values.timestamp(sent, RECEIVED) <= RECEIVED + 60
    assert all(isinstance(part, str) for pair in values.tags(sent).items() for part in pair)
    whole = values.integer(sent)
    assert whole is None or abs(whole) <= 1 << 53
    assert json.dumps(values.number(sent), allow_nan=False)
    assert values.method(sent) in values.METHODS | {"", "OTHER"}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (5, 5),
        ("6", 6),
        (7.9, 7),
        (True, None),
        ("x", None),
        (None, None),
        (float("inf"), None),
        (1 << 53, 1 << 53),
        ((1 << 53) + 1, None),
        ("9" * 5000, None),
    ],
)
def test_an_integer(sent, expected):
    assert values.integer(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(5, 5.0), ("6.5", 6.5), (True, None), ("x", None), (None, None), ("nan", None), ("-inf", None), (10**400, None)],
)
def test_a_number(sent, expected):
    assert values.number(sent) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (200, "2xx"),
        (299, "2xx"),
        (304, "3xx"),
        (404, "4xx"),
        (599, "5xx"),
        (600, "unknown"),
        (199, "unknown"),
        (0, "unknown"),
        (None, "unknown"),
    ],
)
def test_a_status_class(code, expected):
    assert values.status_class(code) == expected
    assert expected in names.STATUS_CLASSES


@pytest.mark.parametrize(
    ("sent", "expected"), [("get", "GET"), ("POST", "POST"), (None, ""), ("", ""), ("BREW", "OTHER"), (5, "OTHER")]
)
def test_a_method(sent, expected):
    assert values.method(sent) == expected


@pytest.mark.parametrize(
    ("numbering", "numbers"),
    [
        pytest.param(
            values.level_of_syslog,
            {0: "fatal", 1: "fatal", 2: "fatal", 3: "error", 4: "warning", 5: "info", 6: "info", 7: "debug"},
            id="syslog, RFC 5424",
        ),
        pytest.param(
            values.level_of_logging,
            {5: "debug", 10: "debug", 20: "info", 30: "warning", 35: "warning", 40: "error", 50: "fatal", 70: "fatal"},
            id="Python's logging",
        ),
        pytest.param(
            values.level_of_opentelemetry,
            {
                1: "debug",
                5: "debug",
                8: "debug",
                9: "info",
                13: "warning",
                17: "error",
                20: "error",
                21: "fatal",
                24: "fatal",
            },
            id="OpenTelemetry's SeverityNumber",
        ),
    ],
)
def test_each_numbering_of_levels_has_its_own_reading(numbering, numbers):
    assert {number: numbering(number) for number in numbers} == numbers


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param("error", "error", id="one that is known"),
        pytest.param(" log_item ", "log_item", id="with blanks around it"),
        pytest.param("made_up", "other", id="one that nobody knows would be a series of its own"),
        pytest.param("", "default", id="nothing said"),
        pytest.param(None, "default", id="none"),
    ],
)
def test_a_category_of_discarded_data(sent, expected):
    assert values.data_category(sent) == expected
