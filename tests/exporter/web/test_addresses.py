"""Addresses within templates are those that Flask builds, whatever was asked for before."""

from __future__ import annotations

import pytest
from flask import Flask

from errtally.exporter.web import addresses


@pytest.fixture
def app():
    made = Flask(__name__)
    made.add_url_rule("/", "index")
    made.add_url_rule("/issues/<fingerprint>", "issue")
    return made


CASES = [
    pytest.param("index", {}, id="a page"),
    pytest.param("issue", {"fingerprint": "ab/c d", "project": "a&b"}, id="what has to be quoted"),
    pytest.param("issue", {"fingerprint": "ab", "project": None}, id="a value that is left out"),
    pytest.param("index", {"back": 1}, id="a number"),
    pytest.param("index", {"back": True}, id="a truth that equals the number"),
    pytest.param("index", {"query": "x" * 5000}, id="a long query"),
    pytest.param("index", {"_external": True}, id="with the host"),
    pytest.param("index", {"query": ["a", "b"]}, id="several values"),
]


@pytest.mark.parametrize(("endpoint", "values"), CASES)
def test_it_is_what_flask_builds(app, endpoint, values):
    url_for = addresses.kept(app)
    with app.test_request_context("/"):
        for _ in range(2):
            for case in CASES:
                url_for(case.values[0], **case.values[1])
            assert url_for(endpoint, **values) == app.url_for(endpoint, **values)


def test_each_prefix_of_a_proxy_has_addresses_of_its_own(app):
    url_for = addresses.kept(app)
    for prefix in ("", "/errors", "/other", ""):
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": prefix}):
            assert url_for("issue", fingerprint="ab") == f"{prefix}/issues/ab"
