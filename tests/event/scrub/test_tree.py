"""Trees: nothing secret left at any depth, types and the original kept."""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.event.scrub import Scrubber, ScrubSettings
from errtally.event.scrub.tree import DEPTH_LIMIT

R = "[REDACTED]"
SCRUBBER = Scrubber()
PLANTED = "Tr0ub4dor-and-3"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"user": {"apiKey": "x"}}, {"user": {"apiKey": R}}, id="a key in camelCase"),
        pytest.param({"userPassword": 5}, {"userPassword": R}, id="a number under a secret key"),
        pytest.param({"auth": {"a": [1]}}, {"auth": R}, id="a container goes whole"),
        pytest.param([["Authorization", "x"], ["Host", "h"]], [["Authorization", R], ["Host", "h"]], id="pairs"),
        pytest.param({"Authorization": ["x"]}, {"Authorization": R}, id="lists as PHP sends them"),
        pytest.param({"cookies": {"sessionid": "x", "a": "b"}}, {"cookies": {"sessionid": R, "a": "b"}}, id="cookies"),
        pytest.param({"Cookie": "a=b; sid=x"}, {"Cookie": f"a=b; sid={R}"}, id="a cookie header"),
        pytest.param({"Cookie": "x"}, {"Cookie": R}, id="a cookie header that can't be parsed"),
        pytest.param({"Cookie": [["sid", "x"], ["a", "b"]]}, {"Cookie": [["sid", R], ["a", "b"]]}, id="cookie pairs"),
        pytest.param({"data": '{"token": "abc"}'}, {"data": f'{{"token": "{R}"}}'}, id="JSON in a text"),
        pytest.param({"bob@example.com": 1}, {R: 1}, id="an address as key"),
        pytest.param({"a@b.co": 1, "c@d.co": 2}, {R: 1, f"{R}_2": 2}, id="two addresses as keys"),
        pytest.param([4111111111111111, 17], [R, 17], id="a card as number"),
        pytest.param((b"token=abc", 1.5), (b"token=" + R.encode(), 1.5), id="bytes"),
        pytest.param({"author": "Bob", "tokenizer": 1}, {"author": "Bob", "tokenizer": 1}, id="harmless keys"),
        pytest.param(["password", "email"], ["password", "email"], id="a plain list of two texts is no pair"),
    ],
)
def test_a_tree_is_scrubbed(value, expected):
    assert expected == SCRUBBER.scrub_value(value)


def test_an_allowed_path_keeps_its_value():
    scrubber = Scrubber(ScrubSettings(allow=("headers.x-token",)))
    tree = {"request": {"headers": {"x-token": "a"}}, "x-token": "b"}
    assert scrubber.scrub_value(tree) == {"request": {"headers": {"x-token": "a"}}, "x-token": R}


def test_containers_keep_their_types():
    pair = namedtuple("pair", "left right")  # noqa: PYI024
    tree = OrderedDict(a=pair("x", {"b"}), c=(1,))
    scrubbed = SCRUBBER.scrub_value(tree)
    assert tree == scrubbed
    assert type(scrubbed) is OrderedDict
    assert type(scrubbed["a"]) is pair


def test_a_cycle_ends():
    tree: dict[str, object] = {"a": 1}
    tree["self"] = tree
    assert SCRUBBER.scrub_value(tree) == {"a": 1, "self": R}


def test_a_deep_tree_is_cut():
    tree: object = "password=x"
    for _ in range(DEPTH_LIMIT + 5):
        tree = [tree]
    counts: Counter[str] = Counter()
    assert PLANTED not in repr(SCRUBBER.scrub_value(tree, counts))
    assert counts == {"limit": 1}


def test_a_wide_tree_is_cut():
    tree: object = ["a"]
    for _ in range(40):
        tree = [tree, tree]
    counts: Counter[str] = Counter()
    SCRUBBER.scrub_value(tree, counts)
    assert counts["limit"] > 0


KEYS = st.sampled_from(["a", "user", "items", "author", "x-y"]) | st.text(max_size=5)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
TEXTS = st.lists(
    st.sampled_from(
        ["password", "token", "=", ":", " ", '"', "\\", "'", "{", "}", "[", "]", "cookie", "Basic ", "a@b.co", "://",
         "x", ";", ",", "&", "\n", R, "4111111111111111", "1.2.3.4", "::1", "/home/bob/", "-----BEGIN PRIVATE KEY-----",
         "--token ", "sid", "<", ">", "Bearer abc12345", "%s", "none", "digest "]
    )
    | st.text(max_size=3),
    max_size=14,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_scrubbing_a_text_twice_changes_nothing_more(text):
    once = Scrubber().scrub_text(text)
    counts: Counter[str] = Counter()
    assert once == Scrubber().scrub_text(once, counts)
    assert counts == {}


@given(TREES | TEXTS.map(lambda text: {"a": [text]}))
def test_scrubbing_a_tree_twice_changes_nothing_more_and_never_the_original(tree):
    original = copy.deepcopy(tree)
    once = SCRUBBER.scrub_value(tree)
    assert original == tree
    assert once == SCRUBBER.scrub_value(once)


@given(TREES)
def test_types_stay(tree):
    def same(before, after):
        if after == R or isinstance(after, str):
            return isinstance(before, str | int | list | dict | type(None) | float)
        if isinstance(before, dict):
            return len(before) == len(after) and all(map(same, before.values(), after.values()))
        if isinstance(before, list):
            return len(before) == len(after) and all(map(same, before, after))
        return type(before) is type(after)

    assert same(tree, SCRUBBER.scrub_value(tree))


@given(
    TREES,
    st.lists(st.sampled_from(["list", "dict", "tuple"]), max_size=6),
    st.sampled_from(["password", "userPassword", "X-Api-Key", "DB_PASSWORD", "authToken", "client_secret"]),
)
def test_a_planted_secret_goes_wherever_it_stands(around, nesting, key):
    tree: object = {key: PLANTED, "other": around}
    for kind in nesting:
        tree = {"list": lambda t: [1, t], "dict": lambda t: {"k": t}, "tuple": lambda t: (t,)}[kind](tree)
    assert PLANTED not in repr(SCRUBBER.scrub_value(tree))


@given(
    TREES,
    st.sampled_from(
        ["password={}", '"token": "{}"', "postgres://u:{}@h/x", "?api_key={}&a=b", '{{"a": {{"secret": "{}"}}}}']
    ),
)
def test_a_planted_secret_in_a_text_goes(around, form):
    assert PLANTED not in repr(SCRUBBER.scrub_value([around, {"message": form.format(PLANTED)}]))
