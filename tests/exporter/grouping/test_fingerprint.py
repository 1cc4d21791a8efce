"""The same failure is the same issue on each replica, over each protocol and after each deploy."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.event.model import Event, ExceptionInfo, Frame
from errtally.exporter.grouping import VERSION, fingerprint, version_1
from errtally.exporter.grouping.error_types import short_type
from errtally.exporter.grouping.fingerprint import NO_MESSAGE, TITLE_LIMIT

TRACE = """Traceback (most recent call last):
  File "/srv/shop/app.py", line 70, in main
    dispatch(order)
  File "/srv/shop/orders/price.py", line 17, in price
    raise PriceError(f"could not price order {order}")
shop.errors.PriceError: could not price order 42
"""


def event(**keys):
    return Event(event_id="0" * 32, timestamp=0.0, **keys)


def raised(
    kind="PriceError", value="could not price order 42", function="price", path="/srv/shop/orders/price.py", **keys
):
    frames = [
        Frame(
            function="main", module="__main__", filename="app.py", abs_path="/srv/shop/app.py", lineno=70, in_app=True
        ),
        Frame(
            function=function, module="orders.price", filename="orders/price.py", abs_path=path, lineno=17, in_app=True
        ),
    ]
    return ExceptionInfo(kind, value, "shop.errors", frames, **keys)


STRUCTURED = event(exceptions=[raised()], platform="python")


def test_a_grouping_says_what_people_need_to_read():
    grouping = fingerprint(STRUCTURED)
    assert re.fullmatch("[0-9a-f]{16}", grouping.fingerprint)
    assert grouping.type == "PriceError"
    assert grouping.title == "PriceError: could not price order <num>"
    assert grouping.culprit == "orders/price in price"
    assert grouping.pattern == "could not price order <num>"
    assert grouping.why == (
        "version 2",
        "type PriceError",
        "frame orders/price in price",
        "message could not price order <num>",
    )


@pytest.mark.parametrize(
    ("one", "known"),
    [
        pytest.param(STRUCTURED, "dd521880de25b589", id="a stack"),
        pytest.param(event(message="disk 17 full"), "ba6831c89512cd60", id="a message"),
        pytest.param(event(message="user 1 gone", template="user %s gone"), "f2bca75eabf713af", id="a template"),
        pytest.param(event(fingerprint=["checkout"]), "a58ebf6928b97985", id="a client's fingerprint"),
    ],
)
def test_version_1_never_changes(one, known):
    assert version_1.VERSION == 1
    assert version_1.fingerprint(one).fingerprint == known


@pytest.mark.parametrize(
    ("one", "known"),
    [
        pytest.param(STRUCTURED, "01cbc7b0b32bd8a7", id="a stack"),
        pytest.param(event(message="disk 17 full"), "6b054fd5d2251835", id="a message"),
        pytest.param(event(message="user 1 gone", template="user %s gone"), "850d3eec9dbbb234", id="a template"),
        pytest.param(event(fingerprint=["checkout"]), "46aceb7a346a40f3", id="a client's fingerprint"),
    ],
)
def test_version_2_never_changes(one, known):
    assert VERSION == 2
    assert fingerprint(one).fingerprint == known


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            event(type="PriceError", message="could not price order 17", stack=TRACE, platform="python"),
            id="a native event with the trace as text",
        ),
        pytest.param(event(stack=TRACE), id="nothing but the trace as text"),
        pytest.param(
            event(type="shop.errors.PriceError", message="could not price order 3", stack=TRACE, platform="other"),
            id="a type with its module, as OpenTelemetry sends it",
        ),
        pytest.param(event(exceptions=[raised(value="could not price order 99")]), id="another value"),
        pytest.param(
            event(exceptions=[raised(path="/srv/shop/releases/20260102030405/orders/price.py")]),
            id="another release's folder",
        ),
        pytest.param(
            event(
                exceptions=[ExceptionInfo("KeyError", "'x'", None, [Frame(function="inner", in_app=True)]), raised()]
            ),
            id="a cause beside it",
        ),
    ],
)
def test_the_same_failure_is_the_same_issue(other):
    assert fingerprint(other).fingerprint == fingerprint(STRUCTURED).fingerprint


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(event(exceptions=[raised(kind="TaxError")]), id="another type"),
        pytest.param(event(exceptions=[raised(value="no price list")]), id="another message"),
        pytest.param(event(exceptions=[raised(function="tax")]), id="another function"),
        pytest.param(event(exceptions=[raised(path="/srv/shop/offers/price.py")]), id="another file"),
        pytest.param(event(type="PriceError", message="could not price order 42"), id="no stack"),
    ],
)
def test_another_failure_is_another_issue(other):
    assert fingerprint(other).fingerprint != fingerprint(STRUCTURED).fingerprint


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_lines_that_moved_make_no_new_issue(first, second):
    moved = TRACE.replace("line 70", f"line {first}").replace("line 17", f"line {second}")
    assert fingerprint(event(stack=moved)).fingerprint == fingerprint(STRUCTURED).fingerprint


def test_two_browsers_that_word_it_alike_make_one_issue():
    chromium = "TypeError: static\n    at Repo.make (http://a.example/p.html:4:73)\n    at http://a.example/p.html:5:67"
    firefox = "make@http://a.example/p.html:4:73\n@http://a.example/p.html:5:67\n"
    one = fingerprint(event(type="TypeError", message="static", stack=chromium, platform="javascript"))
    other = fingerprint(event(type="TypeError", message="static", stack=firefox, platform="javascript"))
    assert one.fingerprint == other.fingerprint


def test_recursion_of_another_depth_is_the_same_issue():
    deep = [Frame(function="r", filename="a.py", in_app=True)]
    issues = {
        fingerprint(event(exceptions=[ExceptionInfo("E", "x", None, deep * depth)])).fingerprint
        for depth in (1, 3, 997)
    }
    assert len(issues) == 1


def test_a_wrapper_raised_outside_the_application_gives_way_to_its_nearest_cause_inside():
    wrapper = ExceptionInfo("ServletError", "failed", None, [Frame(function="service", module="javax.servlet.X")])
    far = ExceptionInfo("IOError", "far", None, [Frame(function="read", module="com.acme.Io")])
    grouping = fingerprint(event(type="ServletError", message="failed", exceptions=[far, raised(), wrapper]))
    assert grouping.fingerprint == fingerprint(STRUCTURED).fingerprint
    nowhere = ExceptionInfo("IOError", "x", None, [Frame(function="read", module="java.io.X")])
    assert fingerprint(event(exceptions=[nowhere, wrapper])).type == "ServletError"


def test_the_raised_exception_decides_and_not_its_cause():
    cause = ExceptionInfo("KeyError", "'x'", None, [Frame(function="inner", filename="/a/b.py", in_app=True)])
    assert fingerprint(event(exceptions=[cause, raised()])).type == "PriceError"


def test_a_template_is_used_as_it_is():
    one = fingerprint(event(message="user ann gone", template="user %s gone"))
    other = fingerprint(event(message="user bob gone", template="user %s gone"))
    assert one.fingerprint == other.fingerprint
    assert one.why == ("version 2", "template user %s gone")
    assert fingerprint(event(template="user %s gone")).title == "user %s gone"


def test_a_message_with_a_stack_is_known_by_where_it_was_written():
    grouping = fingerprint(event(message="slow", frames=[Frame(function="f", filename="/srv/a/b.py", in_app=True)]))
    assert grouping.culprit == "a/b in f"
    without = replace(
        STRUCTURED, exceptions=[ExceptionInfo("E", "x")], frames=[Frame(function="f", filename="/srv/a/b.py")]
    )
    assert fingerprint(without).culprit == "a/b in f"


def test_a_synthetic_exception_has_no_type():
    grouping = fingerprint(event(message="hello", exceptions=[ExceptionInfo("Error", None, synthetic=True)]))
    assert (grouping.type, grouping.title) == ("", "hello")


@pytest.mark.parametrize(
    ("odd", "title", "culprit"),
    [
        pytest.param(event(), NO_MESSAGE, "", id="nothing at all"),
        pytest.param(event(logger="shop.db"), NO_MESSAGE, "shop.db", id="only a logger"),
        pytest.param(event(transaction="/cart", logger="x"), NO_MESSAGE, "/cart", id="a transaction before a logger"),
        pytest.param(
            event(culprit="here", transaction="/cart"), NO_MESSAGE, "here", id="a culprit before a transaction"
        ),
        pytest.param(event(type="KeyError"), "KeyError", "", id="only a type"),
        pytest.param(event(exceptions=[ExceptionInfo()]), NO_MESSAGE, "", id="an exception that says nothing"),
        pytest.param(
            event(exceptions=[ExceptionInfo("E", None, None, [Frame()])]), "E", "", id="a frame that says nothing"
        ),
        pytest.param(event(message="boom", stack="no known form"), "boom", "", id="a stack of an unknown form"),
        pytest.param(event(message="\ud800"), "\ud800", "", id="half a surrogate pair"),
    ],
)
def test_odd_events_have_an_issue(odd, title, culprit):
    grouping = fingerprint(odd)
    assert (grouping.title, grouping.culprit) == (title, culprit)


def test_events_without_anything_are_told_apart_by_where_they_come_from():
    assert fingerprint(event(logger="a")).fingerprint != fingerprint(event(logger="b")).fingerprint


def test_a_long_title_is_cut():
    title = fingerprint(event(message="word " * 100)).title
    assert len(title) == TITLE_LIMIT
    assert title.endswith("…")


@pytest.mark.parametrize("default", ["{{ default }}", "{{default}}", " {{  default  }} "])
def test_a_client_fingerprint_of_default_alone_changes_nothing(default):
    assert fingerprint(replace(STRUCTURED, fingerprint=[default])) == fingerprint(STRUCTURED)


def test_a_client_fingerprint_decides_alone():
    one = fingerprint(replace(STRUCTURED, fingerprint=["checkout", "pay"]))
    other = fingerprint(event(message="something else", fingerprint=["checkout", "pay"]))
    assert one.fingerprint == other.fingerprint
    assert one.title == fingerprint(STRUCTURED).title
    assert one.why == ("version 2", "client fingerprint checkout, pay")


def test_default_inside_a_client_fingerprint_splits_the_computed_issue():
    one = fingerprint(replace(STRUCTURED, fingerprint=["{{ default }}", "eu"]))
    other = fingerprint(replace(STRUCTURED, fingerprint=["{{ default }}", "us"]))
    assert len({one.fingerprint, other.fingerprint, fingerprint(STRUCTURED).fingerprint}) == 3
    assert one.why[1] == f"client fingerprint {fingerprint(STRUCTURED).fingerprint}, eu"
    assert "type PriceError" in one.why


@pytest.mark.parametrize(
    ("part", "expanded"),
    [
        ("{{ type }}", "PriceError"),
        ("{{ error.type }}", "PriceError"),
        ("{{ value }}", "could not price order 42"),
        ("{{ message }}", "could not price order 42"),
        ("{{ function }}-x", "price-x"),
        ("{{ stack.module }}", "orders.price"),
        ("{{ package }}", "<no package>"),
        ("{{ transaction }}", "/cart"),
        ("{{ level }}", "error"),
        ("{{ logger }}", "shop"),
        ("{{ tags.region }}", "eu"),
        ("{{ tags.other }}", "<no tags.other>"),
        ("{{ nonsense }}", "<no nonsense>"),
        ("{{ no variable", "{{ no variable"),
    ],
)
def test_variables_of_a_client_fingerprint(part, expanded):
    keys = {"transaction": "/cart", "logger": "shop", "tags": {"region": "eu"}}
    one = fingerprint(replace(STRUCTURED, fingerprint=[part], **keys))
    assert one.fingerprint == fingerprint(replace(STRUCTURED, fingerprint=[expanded], **keys)).fingerprint


def test_variables_of_the_frame_without_a_frame_are_told_as_missing():
    one = fingerprint(event(message="x", fingerprint=["{{ function }}"]))
    assert one.why[1] == "client fingerprint <no function>"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        (None, ""),
        ("", ""),
        ("KeyError", "KeyError"),
        ("a.b.KeyError", "KeyError"),
        ("a.B$InnerException", "InnerException"),
        ("Shop::PriceError", "PriceError"),
        ("Acme\\Shop\\PriceError", "PriceError"),
        ("*errors.errorString", "errorString"),
        ("HTTP 500.1", "HTTP 500.1"),
        ("...", "..."),
    ],
)
def test_a_type_is_known_without_its_module(name, short):
    assert short_type(name) == short


@given(
    st.builds(
        event,
        type=st.none() | st.text(),
        message=st.text(),
        template=st.none() | st.text(),
        stack=st.none() | st.text(),
        platform=st.none() | st.text(),
        fingerprint=st.none() | st.lists(st.text()),
        exceptions=st.lists(
            st.builds(
                ExceptionInfo,
                type=st.none() | st.text(),
                value=st.none() | st.text(),
                frames=st.lists(
                    st.builds(
                        Frame,
                        function=st.none() | st.text(),
                        filename=st.none() | st.text(),
                        module=st.none() | st.text(),
                    )
                ),
                synthetic=st.booleans(),
            ),
            max_size=3,
        ),
    )
)
def test_any_event_has_an_issue_and_always_the_same(one):
    grouping = fingerprint(one)
    assert grouping == fingerprint(one)
    assert re.fullmatch("[0-9a-f]{16}", grouping.fingerprint)
    assert len(grouping.title) <= TITLE_LIMIT
