"""Keys: which project a request belongs to, and who is refused with which status."""

from __future__ import annotations

import pytest

from errtally.errors import UnauthorizedError
from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.ingest.keys import Keys

CONFIGURED = Keys(
    ExporterConfig(
        projects=(
            Project("shop", "42", frozenset({"shop-key", "second_key"})),
            Project("mail", "mail", frozenset({"mail-key"})),
        )
    )
)
OPEN = Keys(ExporterConfig())


@pytest.mark.parametrize(
    ("keys", "project", "key", "expected"),
    [
        pytest.param(OPEN, None, None, "default", id="with nothing configured no key and no project are needed"),
        pytest.param(OPEN, "any", "x", "any", id="with nothing configured any key and project go"),
        pytest.param(OPEN, "a" * 64, None, "a" * 64, id="a project's name may have 64 characters"),
        pytest.param(OPEN, "a", "k" * 64, "a", id="a key may have 64 characters"),
        pytest.param(CONFIGURED, "42", "shop-key", "shop", id="a project is known by its id"),
        pytest.param(CONFIGURED, "shop", "second_key", "shop", id="a project is known by its name and any of its keys"),
        pytest.param(CONFIGURED, None, "mail-key", "mail", id="the key alone says which project"),
    ],
)
def test_who_may_send(keys, project, key, expected):
    assert keys.project(project, key) == expected


@pytest.mark.parametrize(
    ("keys", "project", "key", "reason", "status"),
    [
        pytest.param(CONFIGURED, "42", None, "missing_key", 401, id="a configured project needs a key"),
        pytest.param(CONFIGURED, "42", "nobodys", "unknown_key", 403, id="an unknown key is refused"),
        pytest.param(CONFIGURED, "mail", "shop-key", "wrong_project", 403, id="a key of another project is refused"),
        pytest.param(CONFIGURED, "7", "shop-key", "wrong_project", 403, id="a project that is not there is refused"),
        pytest.param(CONFIGURED, "42", "shop-ke", "unknown_key", 403, id="a part of a key is not the key"),
        pytest.param(OPEN, "1", "", "bad_key", 401, id="an empty key is malformed"),
        pytest.param(OPEN, "1", "k" * 65, "bad_key", 401, id="a key of 65 characters is malformed"),
        pytest.param(OPEN, "1", "k\n", "bad_key", 401, id="a key with a line break is malformed"),
        pytest.param(OPEN, "1", "schlüssel", "bad_key", 401, id="a key beyond ASCII is malformed"),
        pytest.param(OPEN, "__other__", None, "bad_project", 400, id="the catch-all label can't be sent to"),
        pytest.param(OPEN, "", None, "bad_project", 400, id="an empty project is malformed"),
        pytest.param(OPEN, "a" * 65, None, "bad_project", 400, id="a project of 65 characters is malformed"),
        pytest.param(OPEN, "a/b", None, "bad_project", 400, id="a project with a slash is malformed"),
    ],
)
def test_who_is_refused(keys, project, key, reason, status):
    with pytest.raises(UnauthorizedError) as caught:
        keys.project(project, key)
    assert (caught.value.reason, caught.value.status) == (reason, status)


def test_a_refusal_does_not_repeat_the_key():
    with pytest.raises(UnauthorizedError) as caught:
        CONFIGURED.project("42", "a-secret-of-somebody")
    assert "a-secret-of-somebody" not in str(caught.value)
