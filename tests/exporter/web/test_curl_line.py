"""The request of an event as a line for curl."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.exporter.web.curl_line import curl_line
from errtally.exporter.web.shown_text import visible


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        pytest.param({"url": "https://e/x"}, "curl --url https://e/x", id="an address"),
        pytest.param(
            {"method": "PUT", "url": "https://e/x", "query_string": "a=1&b=2", "headers": {"A": "it's", "Host": "e"}},
            "curl -X PUT --url 'https://e/x?a=1&b=2' -H 'A: it'\"'\"'s'",
            id="method, query, headers but those that curl sets",
        ),
        pytest.param(
            {"method": "POST", "url": "http://e/", "data": {"a": [1]}, "headers": [["X", "1"]]},
            "curl --url http://e/ -H 'X: 1' --data-raw '{\"a\": [1]}'",
            id="a body as JSON",
        ),
        pytest.param(
            {"method": "POST", "url": "http://e/", "data": {"a": "b c"},
             "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
            "curl --url http://e/ -H 'Content-Type: application/x-www-form-urlencoded' --data-raw a=b+c",
            id="a form",
        ),
        pytest.param({"url": "ftp://e/"}, "", id="not of the web"),
        pytest.param({"url": "https://e/", "method": "GET; rm -rf /"}, "curl --url https://e/", id="no method"),
        pytest.param({}, "", id="nothing"),
    ],
)  # fmt: skip
def test_a_request_is_a_line(request_, line) -> None:
    assert curl_line(request_) == line


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_nothing_of_it_is_more_than_an_argument(url, header, body) -> None:
    sent = {"url": f"https://e/{url}", "method": "POST", "headers": {"A": header}, "data": body}
    line = curl_line(sent)
    assert "\x1b" not in line
    arguments = shlex.split(line)
    assert arguments[0] == "curl"
    assert set(arguments[1::2]) <= {"-X", "--url", "-H", "--data-raw"}
    assert visible(sent["url"]) in arguments
    assert visible(f"A: {header}") in arguments
    assert not body or arguments[-1] == visible(body)
