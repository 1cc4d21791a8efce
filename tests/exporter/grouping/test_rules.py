"""The server's own fingerprint rules: what they match, what they make of it, in which order."""

import json
import time
from dataclasses import replace

import pytest
from tests.waiting import LINEAR_SECONDS

from errtally import config
from errtally.config.grouping import grouping
from errtally.event.model import Event, ExceptionInfo, Frame
from errtally.exporter.grouping import fingerprint
from errtally.exporter.grouping.rules import compiled

FRAMES = [
    Frame(function="main", module="shop.app", filename="app.py", abs_path="/srv/shop/app.py", in_app=True),
    Frame(function="price", module="shop.orders.price", abs_path="/srv/shop/orders/price.py", in_app=True),
    Frame(function="get", module="cache", filename="site-packages/cache.py", in_app=False),
]
EVENT = Event(
    event_id="0" * 32,
    timestamp=0.0,
    exceptions=[
        ExceptionInfo("KeyError", "'sku'", None, FRAMES[:1]),
        ExceptionInfo("PriceError", "no price for order 17 [draft]", "shop.errors", FRAMES),
    ],
    platform="python",
    logger="shop.orders",
    transaction="/checkout",
    environment="production",
    release="shop@1.2.3",
    level="error",
    tags={"browser": "Firefox 121", "empty": ""},
)
TRACE = """Traceback (most recent call last):
  File "/srv/shop/orders/price.py", line 17, in price
    raise PriceError(order)
shop.errors.PriceError: no price for order 17 [draft]
"""


def rules(*entries):
    document = {"grouping": {"rules": [dict(entry) for entry in entries]}}
    found = compiled(grouping(config.parse(json.dumps(document), "f"), "f").rules)
    assert found is not None
    return found


def rule(match, parts=("ruled",), **keys):
    return {"match": match, "fingerprint": list(parts), **keys}


def is_matched(match, event=EVENT):
    return fingerprint(event, rules(rule(match))).why[1].startswith("rule ")


@pytest.mark.parametrize(
    "match",
    [
        pytest.param({"type": "PriceError"}, id="the type"),
        pytest.param({"type": "priceerror"}, id="case plays no part"),
        pytest.param({"type": "shop.errors.*"}, id="the type with its module"),
        pytest.param({"message": "no price for * [draft]"}, id="brackets in a glob are brackets"),
        pytest.param({"message": "no ????? for*"}, id="question marks"),
        pytest.param({"message": "*price*order*"}, id="several stars"),
        pytest.param({"path": "orders/*.py"}, id="a path without the folders in front"),
        pytest.param({"path": "/srv/shop/app.py"}, id="the path of any frame"),
        pytest.param({"path": "*\\shop\\*"}, id="backslashes"),
        pytest.param({"path": "app.py"}, id="only the file's name"),
        pytest.param({"module": "cache"}, id="a module of a frame that does not decide"),
        pytest.param({"function": "get"}, id="a function of a frame that does not decide"),
        pytest.param({"deciding.function": "price"}, id="the deciding frame's function"),
        pytest.param({"deciding.module": "shop.orders.*"}, id="the deciding frame's module"),
        pytest.param({"deciding.path": "price.py"}, id="the deciding frame's path"),
        pytest.param({"logger": "shop.*", "level": "error", "platform": "python"}, id="several matchers, all true"),
        pytest.param({"environment": "prod*", "release": "shop@*", "transaction": "/checkout"}, id="what says where"),
        pytest.param({"tags.browser": "Firefox *"}, id="a tag"),
        pytest.param({"tags.absent": "!*"}, id="a tag that is missing"),
        pytest.param({"tags.empty": "!*"}, id="a tag without a value"),
        pytest.param({"type": "!KeyError"}, id="another type"),
        pytest.param({"type": ["KeyError", "PriceError"]}, id="one of several"),
        pytest.param({"type": ["*Error", "!Key*"]}, id="one, and not another"),
        pytest.param({"function": "!nothing"}, id="no frame has that function"),
    ],
)
def test_these_match(match):
    assert is_matched(match)


@pytest.mark.parametrize(
    "match",
    [
        pytest.param({"type": "KeyError"}, id="the type of a cause"),
        pytest.param({"type": "Price"}, id="a part of the type"),
        pytest.param({"message": "no price"}, id="a part of the message"),
        pytest.param({"path": "rders/price.py"}, id="a part of a folder's name"),
        pytest.param({"path": "/orders/price.py"}, id="a path from the root"),
        pytest.param({"deciding.function": "get"}, id="a frame that does not decide"),
        pytest.param({"type": "PriceError", "level": "fatal"}, id="one of two matchers false"),
        pytest.param({"tags.absent": "*"}, id="a tag that is missing"),
        pytest.param({"type": "!Price*"}, id="not this type"),
        pytest.param({"type": ["!A", "!PriceError"]}, id="neither of two"),
        pytest.param({"function": "!get"}, id="some frame has that function"),
    ],
)
def test_these_do_not_match(match):
    assert not is_matched(match)


def test_a_trace_as_text_has_frames_too():
    event = Event(event_id="0" * 32, timestamp=0.0, stack=TRACE, platform="python")
    assert is_matched({"path": "orders/price.py", "type": "PriceError"}, event)


def test_the_first_match_wins_and_why_names_it():
    by_rules = rules(rule({"type": "KeyError"}, ["a"]), rule({"type": "*Error"}, ["b"]), rule({"type": "*"}, ["c"]))
    assert fingerprint(EVENT, by_rules).why == (
        "version 2",
        "rule grouping.rules[1]: type *Error",
        "rule fingerprint b",
    )


def test_the_client_goes_before_the_rules():
    own = replace(EVENT, fingerprint=["own"])
    assert fingerprint(own, rules(rule({"type": "*"}))) == fingerprint(own)


def test_what_no_rule_matches_is_grouped_as_ever():
    assert fingerprint(EVENT, rules(rule({"type": "KeyError"}))) == fingerprint(EVENT)


@pytest.mark.parametrize(
    ("part", "expanded"),
    [
        ("{{ type }}", "PriceError"),
        ("{{message}}", "no price for order <*> [draft]"),
        ("{{ function }}", "price"),
        ("{{ module }}", "shop.orders.price"),
        ("{{ transaction }}", "/checkout"),
        ("{{ level }}/{{ logger }}", "error/shop.orders"),
        ("{{ tags.browser }}", "Firefox 121"),
        ("{{ tags.absent }}", "<no tags.absent>"),
    ],
)
def test_variables(part, expanded):
    by_variable = fingerprint(EVENT, rules(rule({"type": "*"}, ["x", part])))
    assert by_variable.fingerprint == fingerprint(EVENT, rules(rule({"type": "*"}, ["x", expanded]))).fingerprint
    assert by_variable.why[2] == f"rule fingerprint x, {expanded}"


def test_values_in_the_message_make_no_issues_of_their_own():
    by_message = rules(rule({"type": "*"}, ["{{ message }}"]))
    other = replace(EVENT, exceptions=[replace(EVENT.exceptions[1], value="no price for order 23 [draft]")])
    assert fingerprint(EVENT, by_message).fingerprint == fingerprint(other, by_message).fingerprint


def test_default_splits_the_computed_issue():
    by_tag = fingerprint(EVENT, rules(rule({"type": "*"}, ["{{ default }}", "{{ tags.browser }}"])))
    assert by_tag.fingerprint != fingerprint(EVENT).fingerprint
    assert by_tag.why[3:] == fingerprint(EVENT).why[1:]
    assert by_tag.scope == ""


def test_a_rule_may_give_a_title_only():
    titled = fingerprint(EVENT, rules(rule({"type": "*"}, ["{{ default }}"], title="{{ type }} in {{ function }}")))
    assert titled.title == "PriceError in price"
    assert titled.fingerprint == fingerprint(EVENT).fingerprint
    assert titled.scope == fingerprint(EVENT).scope
    assert titled.why[1] == "rule grouping.rules[0]: type *"


def test_no_rules_are_nothing_to_ask():
    assert compiled(()) is None


def test_facts_are_what_rules_look_at_and_grouping_does_not():
    by_rules = rules(rule({"tags.a": "*"}, ["{{ tags.b }}"], title="{{ tags.c }}"))
    tagged = replace(EVENT, tags={"a": "1", "b": "2", "c": "3", "d": "4"})
    assert by_rules.facts(tagged) == ("error", "production", "shop@1.2.3", "1", "2", "3")
    assert by_rules.facts(EVENT)[3:] == (None, None, None)


def test_no_message_makes_a_glob_slow():
    by_rules = rules(rule({"message": "*a*a*a*a*a*a*a*a*b"}))
    event = Event(event_id="0" * 32, timestamp=0.0, message="a" * 100_000)
    started = time.process_time()
    assert not fingerprint(event, by_rules).why[1].startswith("rule")
    assert time.process_time() - started < LINEAR_SECONDS
