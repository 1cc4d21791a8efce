"""What a client of the stream may ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from errtally.exporter.digest.stream import LeftOut
from errtally.exporter.web.stream.filters import (
    MAX_RECENT,
    MAX_VALUE_LENGTH,
    MAX_VALUES,
    PARAMETERS,
    Filters,
    QueryError,
    parse,
)


def read(*pairs, header=None):
    return parse(MultiDict(pairs), header)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([], Filters(), id="nothing asked is everything"),
        pytest.param([("project", "shop")], Filters(projects=frozenset({"shop"})), id="one project"),
        pytest.param(
            [("project", "shop"), ("project", "bank")], Filters(projects=frozenset({"shop", "bank"})), id="two projects"
        ),
        pytest.param(
            [("level", "error,fatal")], Filters(levels=frozenset({"error", "fatal"})), id="levels with a comma between"
        ),
        pytest.param(
            [("level", "error"), ("level", "fatal , debug")],
            Filters(levels=frozenset({"error", "fatal", "debug"})),
            id="levels in both ways",
        ),
        pytest.param([("project", "a,b")], Filters(projects=frozenset({"a,b"})), id="a comma in a project's name"),
        pytest.param([("project", ""), ("level", "")], Filters(), id="empty fields of a form"),
        pytest.param(
            [("environment", "prod"), ("issue", "98097ced7021711c")],
            Filters(environments=frozenset({"prod"}), issues=frozenset({"98097ced7021711c"})),
            id="environment and issue",
        ),
    ],
)
def test_filters_are_read(pairs, expected):
    assert read(*pairs).filters == expected


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        pytest.param([("levels", "error")], "'levels' is no parameter", id="a parameter that is not there"),
        pytest.param([("level", "eror")], "level: 'eror' is none of debug, info", id="a level that is not there"),
        pytest.param([("recent", "101")], "recent: '101' is not a number from 0 to 100", id="more than are shown"),
        pytest.param([("recent", "-1")], "recent", id="a negative number"),
        pytest.param([("recent", "")], "recent", id="no number"),
        pytest.param([("recent", "٣")], "recent", id="a number in other digits"),
        pytest.param([("recent", "9" * 5000)], "recent", id="a number without end"),
        pytest.param([("project", "x" * (MAX_VALUE_LENGTH + 1))], "project: a value is longer", id="a long value"),
        pytest.param([("issue", str(n)) for n in range(MAX_VALUES + 1)], "issue: 21 values", id="many values"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(pairs, says):
    with pytest.raises(QueryError, match=says.replace("(", r"\(")):
        read(*pairs)


@pytest.mark.parametrize(
    ("pairs", "header", "expected"),
    [
        pytest.param([("last_event_id", "e-5")], None, "e-5", id="the parameter"),
        pytest.param([("last_event_id", "e-5")], "e-7", "e-7", id="the header of a browser that was there since"),
        pytest.param([("last_event_id", "e-5")], "", "e-5", id="an empty header"),
        pytest.param([], None, "", id="neither"),
    ],
)
def test_where_to_go_on(pairs, header, expected):
    assert read(*pairs, header=header).last_event_id == expected


@pytest.mark.parametrize("value", ["0", "1", "100", "007"])
def test_how_many_recent_events(value):
    assert read(("recent", value)).recent == int(value)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({}, True, id="no filter"),
        pytest.param({"projects": {"p"}}, True, id="its project"),
        pytest.param({"projects": {"q"}}, False, id="another project"),
        pytest.param({"levels": {"info", "error"}}, True, id="one of the levels"),
        pytest.param({"levels": {"info"}}, False, id="another level"),
        pytest.param({"environments": {"test"}}, False, id="another environment"),
        pytest.param({"issues": {"f2"}}, False, id="another issue"),
        pytest.param({"projects": {"p"}, "environments": {"prod"}, "issues": {"f1"}}, True, id="all that it is"),
        pytest.param({"projects": {"p"}, "issues": {"f2"}}, False, id="one of two"),
    ],
)
def test_an_event_fits_all_filters(filters, expected):
    made = Filters(**{name: frozenset(values) for name, values in filters.items()})
    assert made.match(LeftOut("p", "prod", "error", "f1", 1)) is expected


@given(st.lists(st.tuples(st.sampled_from(PARAMETERS) | st.text(max_size=5), st.text(max_size=300)), max_size=30))
def test_no_query_breaks_it(pairs):
    try:
        found = read(*pairs)
    except QueryError:
        return
    assert 0 <= found.recent <= MAX_RECENT
