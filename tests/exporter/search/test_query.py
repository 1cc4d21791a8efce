"""The query language: what it reads, and where it says that it can't."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errtally.exporter.search.conditions import (
    AnyOf,
    Field,
    Fixed,
    Has,
    Identity,
    LatestRelease,
    Moment,
    Number,
    Person,
    ReleaseOrder,
    State,
    Tag,
    Term,
    Wording,
    Words,
)
from errtally.exporter.search.query import MAX_LENGTH, MAX_TERMS, MAX_WILDCARDS, QueryError, parse
from errtally.exporter.search.quoting import of_tag

NOW = 1_795_500_000.0
EXAMPLES = int(os.environ.get("ERRTALLY_QUERY_EXAMPLES", "300"))


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()


def words(*parts: str) -> Words:
    return Words(Wording(parts))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        pytest.param("timeout", words("timeout"), id="a free word"),
        pytest.param('"card declined"', words("card declined"), id="a quoted phrase"),
        pytest.param(r'"a \"b\" \\ c*"', words('a "b" \\ c*'), id="in quotes a backslash escapes and a star is a star"),
        pytest.param("time*out", words("time", "out"), id="a wildcard in a word"),
        pytest.param("a**b", words("a", "b"), id="two wildcards side by side are one"),
        pytest.param(r"a\*b", words("a*b"), id="an escaped star is a star"),
        pytest.param("*", words("", ""), id="a star alone is anything"),
        pytest.param("https://shop.example/x", words("https://shop.example/x"), id="an address is a word"),
        pytest.param("is:unresolved", State("unresolved"), id="a state"),
        pytest.param("IS:Merged", State("merged"), id="case of keys and states does not matter"),
        pytest.param("level:Error", Field("level", Wording(("error",))), id="a level"),
        pytest.param("type:*Error", Field("type", Wording(("", "Error"))), id="a type with a wildcard"),
        pytest.param('culprit:"a b"', Field("culprit", Wording(("a b",))), id="a quoted value"),
        pytest.param("release:shop@1.2", Field("release", Wording(("shop@1.2",))), id="a release"),
        pytest.param("project:a:b", Field("project", Wording(("a:b",))), id="a value with a colon"),
        pytest.param("browser:Safari", Tag("browser", Wording(("Safari",))), id="any other key is a tag"),
        pytest.param("tag.level:x", Tag("level", Wording(("x",)), is_sure=True), id="a tag whose name is a key"),
        pytest.param(
            'tag."two words":x*', Tag("two words", Wording(("x", "")), is_sure=True), id="a tag with a quoted name"
        ),
        pytest.param("users:>10", Number("users", ">", 10), id="more users than"),
        pytest.param("events:>=100", Number("events", ">=", 100), id="at least so many events"),
        pytest.param("events:7", Number("events", "=", 7), id="exactly so many events"),
        pytest.param("first_seen:<2d", Moment("first_seen", NOW - 2 * 86400, None), id="younger than"),
        pytest.param("last_seen:>1h", Moment("last_seen", None, NOW - 3600), id="not for longer than"),
        pytest.param("last_seen:<=90m", Moment("last_seen", NOW - 5400, None), id="minutes"),
        pytest.param("first_seen:>3w", Moment("first_seen", None, NOW - 3 * 7 * 86400), id="weeks"),
        pytest.param("firstSeen:-24h", Moment("first_seen", NOW - 86400, None), id="Sentry's younger than"),
        pytest.param("age:+2w", Moment("first_seen", None, NOW - 14 * 86400), id="Sentry's older than"),
        pytest.param("lastSeen:-30s", Moment("last_seen", NOW - 30, None), id="seconds"),
        pytest.param(
            "lastSeen:>=2026-01-31T08:30:00+01:00",
            Moment("last_seen", at(2026, 1, 31, 7, 30), None),
            id="a moment in another zone",
        ),
        pytest.param("timesSeen:>1", Number("events", ">", 1), id="Sentry's number of events"),
        pytest.param("userCount:>=5", Number("users", ">=", 5), id="Sentry's number of users"),
        pytest.param("error.type:*Error", Field("type", Wording(("", "Error"))), id="Sentry's type"),
        pytest.param("platform.name:python", Field("platform", Wording(("python",))), id="a platform"),
        pytest.param("title:card*declined", words("card", "declined"), id="a title is words"),
        pytest.param("stack.function:pay", Field("culprit", Wording(("", "pay", ""))), id="a function in the culprit"),
        pytest.param("is:archived", State("ignored"), id="Sentry's word for ignored"),
        pytest.param("is:unassigned", State("unassigned"), id="nobody sees to it"),
        pytest.param("assigned:me", Field("assignee", Wording(("me",))), id="who asks sees to it"),
        pytest.param("assigned:none", Field("assignee", Wording(("",))), id="Sentry's word for nobody"),
        pytest.param('assignee:"none"', Field("assignee", Wording(("none",))), id="somebody who is called none"),
        pytest.param("error.unhandled:1", State("unhandled"), id="nothing caught it"),
        pytest.param("error.handled:False", State("unhandled"), id="it was not handled"),
        pytest.param("bookmarks:me", Fixed(holds=False), id="none is bookmarked"),
        pytest.param("issue.category:error", Fixed(holds=True), id="all are errors"),
        pytest.param("issue.category:performance", Fixed(holds=False), id="none is of another category"),
        pytest.param("has:user", Number("users", ">", 0), id="hit somebody"),
        pytest.param("has:release", Has("release"), id="has a tag"),
        pytest.param("release:latest", LatestRelease(), id="the newest release"),
        pytest.param("release:>=1.4", ReleaseOrder("release", ">=", "1.4"), id="a release and those behind it"),
        pytest.param("first_release:<1.4", ReleaseOrder("first_release", "<", "1.4"), id="began before a release"),
        pytest.param('release:">=1"', Field("release", Wording((">=1",))), id="a release that is called so"),
        pytest.param("user:u-1", Person(("id", "email", "username", "ip"), "u-1"), id="a user by any name"),
        pytest.param("user.email:a@b.c", Person(("email",), "a@b.c"), id="a user by an address for mail"),
        pytest.param("user:id:7", Person(("id",), "7"), id="a user as Sentry's tag has it"),
        pytest.param("Resque::DirtyExit", words("Resque::DirtyExit"), id="a type whose parts have colons between"),
        pytest.param("KeyError:", words("KeyError:"), id="a type in front of its message"),
        pytest.param('a"b', words('a"b'), id="a quote in a word"),
        pytest.param(r"C:\Temp\x.txt", Tag("C", Wording((r"\Temp\x.txt",))), id="backslashes stay"),
        pytest.param(r"D\x\*y", words(r"D\x*y"), id="but those before a star"),
        pytest.param("issue:SHOP-1A", Identity(42), id="a short id"),
        pytest.param("issue.id:42", Identity(42), id="a number"),
        pytest.param("tags[two words]:x", Tag("two words", Wording(("x",)), is_sure=True), id="a tag in brackets"),
        pytest.param(
            "level:[error, Fatal]",
            AnyOf((Field("level", Wording(("error",))), Field("level", Wording(("fatal",))))),
            id="any of several",
        ),
        pytest.param(
            'browser:["Safari, 17", Fire*]',
            AnyOf((Tag("browser", Wording(("Safari, 17",))), Tag("browser", Wording(("Fire", ""))))),
            id="quotes and wildcards in a list",
        ),
        pytest.param(
            "issue.priority:low",
            Field("priority", Wording(("low",))),
            id="a priority",
        ),
        pytest.param(
            "browser:[Safari", Tag("browser", Wording(("[Safari",))), id="a bracket that is not closed is a character"
        ),
        pytest.param("first_seen:<2026-01-31", Moment("first_seen", None, at(2026, 1, 31)), id="before a day"),
        pytest.param("first_seen:<=2026-01-31", Moment("first_seen", None, at(2026, 2, 1)), id="until a day's end"),
        pytest.param("first_seen:>2026-01-31", Moment("first_seen", at(2026, 2, 1), None), id="after a day"),
        pytest.param("first_seen:>=2026-01-31", Moment("first_seen", at(2026, 1, 31), None), id="from a day on"),
        pytest.param("last_seen:2026-01-31", Moment("last_seen", at(2026, 1, 31), at(2026, 2, 1)), id="within a day"),
        pytest.param(
            "last_seen:>=2026-01-31T08:30Z", Moment("last_seen", at(2026, 1, 31, 8, 30), None), id="from a minute on"
        ),
    ],
)
def test_a_term_is_read(text: str, condition: object) -> None:
    assert parse(text, NOW) == (Term(condition),)
    assert parse(f" -{text} !{text}\n", NOW) == (Term(condition, is_negated=True),) * 2


def test_terms_come_in_order_and_an_empty_query_has_none() -> None:
    assert parse("a is:new\t-b", NOW) == (Term(words("a")), Term(State("new")), Term(words("b"), is_negated=True))
    assert parse("", NOW) == parse(" \n\t ", NOW) == ()


@pytest.mark.parametrize(
    ("title", "looked_for"),
    [
        pytest.param("KeyError: 'sku'", ["KeyError:", "'sku'"], id="Python"),
        pytest.param(
            'NullPointerException: Cannot invoke "Cart.size()" because "<local4>" is null',
            ["NullPointerException:", "Cannot", "invoke", "Cart.size()", "because", "<local4>", "is", "null"],
            id="Java",
        ),
        pytest.param("Resque::DirtyExit: no - 5 != 6", ["Resque::DirtyExit:", "no", "-", "5", "!=", "6"], id="Ruby"),
        pytest.param("a -> b => c --flag !", ["a", "->", "b", "=>", "c", "--flag", "!"], id="arrows and dashes"),
    ],
)
def test_a_pasted_title_is_words(title: str, looked_for: list[str]) -> None:
    assert parse(title, NOW) == tuple(Term(words(word)) for word in looked_for)


def test_a_minus_within_a_word_is_part_of_it() -> None:
    assert parse("time-out!", NOW) == (Term(words("time-out!")),)


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        pytest.param('a "b c', 2, "not closed", id="an open quote"),
        pytest.param('a ""', 2, "nothing stands", id="an empty quote"),
        pytest.param('"a"b', 3, "space", id="a word right behind a quote"),
        pytest.param("x level: bad", 2, "quote a text", id="a key without a value"),
        pytest.param('level:er"ror', 6, "debug, info", id="a quote in a value"),
        pytest.param("user:ann*", 5, "no beginning", id="a part of a user's name"),
        pytest.param("release:>=", 8, "compared", id="no release to compare with"),
        pytest.param("is:broken", 3, "unresolved, resolved", id="an unknown state"),
        pytest.param("level:bad", 6, "debug, info", id="an unknown level"),
        pytest.param("users:>many", 6, "whole number", id="users that are no number"),
        pytest.param("users:>-1", 6, "whole number", id="a negative number"),
        pytest.param("users:>1.5", 6, "whole number", id="a fraction"),
        pytest.param("events:>" + "9" * 16, 7, "whole number", id="a number too large"),
        pytest.param("events:²", 7, "whole number", id="a digit that is none"),
        pytest.param("first_seen:2d", 11, "compared", id="an age without a comparison"),
        pytest.param("first_seen:<2y", 11, "age or a date", id="an unknown unit"),
        pytest.param("first_seen:<2026-02-30", 11, "age or a date", id="a day that is none"),
        pytest.param("last_seen:>", 10, "age or a date", id="nothing to compare with"),
        pytest.param("tag.:x", 0, "tag's name", id="a tag without a name"),
        pytest.param('tag."a" b', 7, "colon", id="a quoted tag without a value"),
        pytest.param("a OR b", 2, "no OR", id="a connective"),
        pytest.param("lastRelease:1", 0, "nothing of the kind", id="another one"),
        pytest.param("is:escalating", 3, "unresolved, resolved", id="a state of Sentry's that there is not"),
        pytest.param("level:[error, bad]", 14, "debug, info", id="a wrong value in a list"),
        pytest.param("level:[error,]", 13, "missing", id="an empty value in a list"),
        pytest.param("browser:[a, [b]", 12, "within a list", id="a list in a list"),
        pytest.param("browser:[a b]", 9, "quote a value", id="a space in a value of a list"),
        pytest.param("browser:[a]b", 11, "space", id="a word right behind a list"),
        pytest.param("issue:what", 6, "short id", id="no short id"),
        pytest.param("has:", 0, "quote a text", id="no name of a tag"),
        pytest.param("a\0b", 1, "character", id="a NUL"),
        pytest.param("a\ud800", 1, "character", id="half of a pair"),
        pytest.param("*a" * (MAX_WILDCARDS + 1), 0, "wildcards", id="too many wildcards"),
        pytest.param("a " * (MAX_TERMS + 1), 2 * MAX_TERMS, "terms", id="too many terms"),
        pytest.param("a" * (MAX_LENGTH + 1), MAX_LENGTH, "characters", id="a query too long"),
    ],
)
def test_a_query_that_cannot_be_read_names_the_place(text: str, position: int, told: str) -> None:
    with pytest.raises(QueryError, match=told) as raised:
        parse(text, NOW)
    assert raised.value.position == position
    assert raised.value.place.endswith(f"at character {position + 1}")


FRAGMENTS = st.sampled_from(
    ["is:", "level:", "tag.", 'tag."', "users:>", "first_seen:<", "2d", "2026-01-31", '"', "\\", "*", ":", "-", "!",
     " ", "[", "]", ",", "issue:", "has:", "tags[", "release:latest",
     "new", "error", "é", "²", "\0", "\ud800", "T00:00Z", "99999999999999999", "<=", "OR"]
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(FRAGMENTS, max_size=12).map("".join)))
def test_no_text_raises_anything_but_the_parsers_error(text: str) -> None:
    position, terms = 0, ()
    try:
        terms = parse(text, NOW)
    except QueryError as error:
        position = error.position
    else:
        assert bool(terms) == bool(text.strip())
    assert 0 <= position <= len(text)
    assert len(terms) <= MAX_TERMS


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text and text.isprintable()))
def test_any_text_can_be_looked_for_when_it_is_quoted(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert parse(f'"{quoted}"', NOW) == (Term(words(text)),)
    assert parse(f'tag."{quoted}":"{quoted}"', NOW) == (Term(Tag(text, Wording((text,)), is_sure=True)),)


@pytest.mark.parametrize(("name", "value"), [("browser", "Safari 17"), ("two words", 'a "b" \\ *'), ("is", "-")])
def test_the_query_for_a_tag_s_value_asks_for_just_that(name: str, value: str) -> None:
    assert parse(of_tag((name, value)), 0.0) == (Term(Tag(name, Wording((value,)), is_sure=True)),)
