"""SQL finds what a query means in plain Python, on issues at random, with and without merged ones."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporter.databases import POSTGRES, database_at
from tests.exporter.search import plain

from errtally.exporter.search.query import parse
from errtally.exporter.store import asking
from errtally.exporter.store.listing import find
from errtally.exporter.store.reading_order import ORDERS, IssueQuery

if TYPE_CHECKING:
    from errtally.exporter.search.conditions import Term

EXAMPLES = int(os.environ.get("ERRTALLY_QUERY_EXAMPLES", "300"))
QUERIES = (
    "", "declined", "DECLINED", '"no milk"', "milk*left", "straSSE", "STRASSE*", "überlauf", "50%", "%", "_", "case_",
    r"\\", r'"\""', "card*safari", "eu-west", "edge_1", "error", "http*shop", "reach*http", "production",
    "type:valueerror", "type:Value", "type:*error", "type:50%*", "type:snake_case", "type:snake*", "type:s*e", "type:*",
    "type:Überlauf", "type:überlauf", 'type:"50% off"', "culprit:*cart.py*", "culprit:db_*", "culprit:*in",
    "culprit:**", "project:shop", "project:ban*", "environment:production", "environment:stag*", "environment:none",
    "release:shop@1.0", "release:shop@1.*", "release:*beta", "level:error", "level:fatal",
    "is:unresolved", "is:resolved", "is:ignored", "is:regressed", "is:new", "is:merged",
    "browser:safari", "browser:firefox*", "browser:*98%", "tag.level:error", "region:us", "region:*", "nothing:*",
    "level:[error, fatal]", "browser:[safari, edge_1]", "is:unassigned", "assigned:me", "has:user", "has:browser",
    "has:nothing", "issue.id:3", "issue.id:99999", "issue.priority:high", "timesSeen:>100", "first_release:shop@1.0",
    "platform:python", "stack.function:pay", "error.type:[KeyError, snake_case]",
    "users:>10", "users:>=10", "users:<5", "users:<=5", "users:0", "events:>200", "events:<=50", "events:100",
    "first_seen:<2d", "first_seen:>2d", "last_seen:<1h", "last_seen:>1h", "first_seen:>2026-11-20",
    "first_seen:<=2026-11-20", "last_seen:2026-11-22", "last_seen:>=2026-11-22T00:00", "first_seen:<1w",
    "is:assigned", "is:linked", "is:unhandled", "error.unhandled:1", "error.handled:true", "assigned:ann",
    "order", "ORDER*ann", "dirtyexit", "Resque::DirtyExit", "77", "x", "nullpointer*ann", "C:\\Temp", "nosuch:thing",
    "nothing:order*", "localhost:5432", "KeyError:", "type:java.lang.NullPointerException", "type:java.lang.*",
    "type:java.lang.Null", "release:>=shop@1.1", "release:<1.1", "release:>1.1", "release:<=shop@2.0-beta",
    "first_release:<=1.0", "first_release:>shop@1.0", "release.version:>=1.1", "browser:SAFARI", "browser:fire*",
    "assignee:bob*", "assigned:[none, ann]", "priority:high", "priority:low",
)  # fmt: skip


MERGES = ("nothing merged", "some merged", "nothing merged, few is many")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((database, merges), id=f"{merges}, in {database}")
        for database in ("SQLite", "PostgreSQL")
        for merges in MERGES
    ],
)
def store(request, tmp_path_factory):
    database, merges = request.param
    made = plain.issues(Random(7), 150)
    if merges != "some merged":
        for one in made:
            one.merged_into, one.is_alias_target, one.members = None, False, []
    with pytest.MonkeyPatch.context() as patch:
        if database == "PostgreSQL":
            patch.setenv(POSTGRES, request.getfixturevalue("postgres"))
        else:
            patch.delenv(POSTGRES, raising=False)
        db = database_at(tmp_path_factory.mktemp("store")).writer()
        plain.write(db, made)
        if merges.endswith("few is many"):  # so that ways for what many issues have are taken
            patch.setattr(asking, "COMMON", 20)
            patch.setattr(asking, "_MUCH_COMMONER", 0.1)
        yield db, made
    db.close()


def find_all(db, query: str) -> list[int]:
    return find(db, IssueQuery(plain.NOW, parse(query, plain.NOW), limit=1000)).issues


def terms_of(db, query: str) -> tuple[Term, ...]:
    return asking.ask(db, parse(query, plain.NOW)).terms


@pytest.mark.parametrize("query", QUERIES)
def test_one_term_and_its_negation_find_what_python_finds(store, query: str) -> None:
    db, made = store
    expected = plain.found(made, terms_of(db, query))
    assert set(find_all(db, query)) == expected
    if query:
        assert set(find_all(db, f"-{query}")) == plain.found(made, ()) - expected


TERMS = st.lists(st.tuples(st.sampled_from(["", "-", "!"]), st.sampled_from(QUERIES[1:])), min_size=2, max_size=4)


@settings(max_examples=EXAMPLES, deadline=None)
@given(terms=TERMS)
def test_terms_together_find_what_python_finds(store, terms: list[tuple[str, str]]) -> None:
    db, made = store
    query = " ".join(sign + term for sign, term in terms)
    assert set(find_all(db, query)) == plain.found(made, terms_of(db, query))


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n"), min_size=1, max_size=12))
def test_any_text_is_found_as_python_finds_it(store, text: str) -> None:
    db, made = store
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    for query in (quoted, f"type:{quoted}", f"tag.browser:{quoted}", f"environment:{quoted}"):
        assert set(find_all(db, query)) == plain.found(made, terms_of(db, query))


@pytest.mark.parametrize("order", ORDERS[:-1])
def test_an_order_is_by_the_sum_over_what_was_merged(store, order: str) -> None:
    db, made = store
    value = {
        "last_seen": lambda one: max(member.last_seen for member in one.all()),
        "first_seen": lambda one: min(member.first_seen for member in one.all()),
        "events": lambda one: sum(member.events for member in one.all()),
        "users": lambda one: sum(sum(member.environments.values()) for member in one.all()),
    }[order]
    roots = [one for one in made if one.merged_into is None]
    expected = [one.id for one in sorted(roots, key=lambda one: (value(one), one.id), reverse=True)]
    assert find(db, IssueQuery(plain.NOW, order=order, limit=1000)).issues == expected


@pytest.mark.parametrize(
    ("narrowed", "holds"),
    [
        pytest.param({"project": "shop"}, lambda one: one.project == "shop", id="a project, by its exact name"),
        pytest.param({"level": "fatal"}, lambda one: one.shown_level == "fatal", id="a level"),
        pytest.param({"status": "open"}, lambda one: one.status in {"unresolved", "regressed"}, id="open ones"),
        pytest.param({"status": "unresolved"}, lambda one: one.status == "unresolved", id="a status"),
        pytest.param(
            {"environment": "staging"},
            lambda one: any("staging" in member.environments for member in one.all()),
            id="an environment",
        ),
    ],
)
def test_filters_beside_the_query(store, narrowed: dict[str, str], holds) -> None:
    db, made = store
    expected = {one.id for one in made if one.merged_into is None and holds(one)}
    assert set(find(db, IssueQuery(plain.NOW, limit=1000, **narrowed)).issues) == expected
