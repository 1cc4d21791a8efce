"""Tokens that people make, in a file or in a database that exporters share."""

from __future__ import annotations

import pytest
from tests.exporter.databases import address_of

from errtally.errors import StoreError
from errtally.exporter.store.tokens import TokenError, TokenStore
from errtally.exporter.token import hash_of

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
def stores(tmp_path):
    """What two processes have."""
    address = address_of(tmp_path)
    return TokenStore(tmp_path, address), TokenStore(tmp_path, address)


def test_there_are_none_at_first(stores):
    one, _ = stores
    assert (one.all(), one.find("x"), one.named("ci"), one.revoke("ci")) == ([], None, None, False)


def test_a_token_is_known_everywhere_and_only_by_its_hash(stores):
    one, other = stores
    secret = one.create("ci", ("read", "ingest-artifacts"), "ann", 5.0)
    found = other.find(hash_of(secret))
    assert (found.name, found.scopes, found.created, found.by, found.last_used) == (
        "ci", ("read", "ingest-artifacts"), 5.0, "ann", None,
    )  # fmt: skip
    assert other.named("ci") == found
    assert secret not in str(other.all())
    other.note_use("ci", 9.0)
    assert one.named("ci").last_used == 9.0


def test_a_name_is_given_once_until_it_is_revoked(stores):
    one, other = stores
    one.create("ci", ("read",), "ann", 5.0)
    with pytest.raises(TokenError, match="revoke it first"):
        other.create("ci", ("read",), "bob", 6.0)
    assert other.revoke("ci")
    assert one.all() == []
    other.create("ci", ("admin",), "bob", 7.0)
    assert [token.by for token in one.all()] == ["bob"]


def test_tokens_are_listed_by_name(stores):
    one, other = stores
    for name in ("b", "a", "C"):
        one.create(name, ("read",), "ann", 5.0)
    assert [token.name for token in other.all()] == ["C", "a", "b"]


def test_a_shared_database_that_does_not_answer_is_told_and_asked_again(tmp_path):
    away = TokenStore(tmp_path, "postgresql://nobody@127.0.0.1:1/x")
    for _ in range(2):
        with pytest.raises(StoreError, match=r"PostgreSQL x at 127\.0\.0\.1"):
            away.all()
