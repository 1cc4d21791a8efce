"""Requests: headers, query and body out of the WSGI environment."""

from __future__ import annotations

import gzip
import io

import pytest
from tests.exporter.inprocess import NOW, environ

from errtally.errors import TooLargeError
from errtally.exporter.ingest.request import Request


def made(body=b"", headers=None, query="", **changes):
    return Request(
        environ("/x", body, headers, query=query) | changes,
        received=NOW,
        route={},
        body_limit_bytes=100,
        decompressed_limit_bytes=200,
    )


def test_headers_are_found_by_their_lower_case_names():
    request = made(headers={"X-Sentry-Auth": "a"}, CONTENT_TYPE="text/plain")
    assert (request.header("x-sentry-auth"), request.header("content-type"), request.header("origin")) == (
        "a",
        "text/plain",
        "",
    )
    assert request.remote_address == "192.0.2.7"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("a=1&b=%20x", {"a": "1", "b": " x"}, id="parameters are decoded"),
        pytest.param("a=1&a=2", {"a": "1"}, id="of one that comes twice the first counts"),
        pytest.param("a=", {"a": ""}, id="an empty one is there"),
        pytest.param("&".join(f"a{n}=1" for n in range(101)), {}, id="more than a hundred are none"),
        pytest.param("", {}, id="no query has none"),
    ],
)
def test_the_query(query, expected):
    assert made(query=query).query == expected


def test_the_body_is_read_once_and_decompressed():
    request = made(gzip.compress(b"[1]"), {"Content-Encoding": "gzip"})
    assert request.body() == b"[1]"
    assert request.body() == b"[1]"


@pytest.mark.parametrize(
    ("length", "is_terminated", "expected"),
    [
        pytest.param("", True, b"abc", id="a chunked body is read to its end"),
        pytest.param(None, True, b"abc", id="so is one without the variable"),
        pytest.param("", False, b"", id="an input that the server does not end is not read"),
        pytest.param("2", True, b"ab", id="a length wins over the end of the input"),
        pytest.param("-1", False, b"", id="a length that is no number counts as none"),
    ],
)
def test_the_length_of_the_body(length, is_terminated, expected):
    changes = {"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"abc"), "wsgi.input_terminated": is_terminated}
    assert made(**changes).body() == expected


@pytest.mark.parametrize("length", ["101", "9" * 5000], ids=["one more than the limit", "thousands of digits"])
def test_a_length_beyond_the_limit_is_too_large(length):
    with pytest.raises(TooLargeError):
        made(CONTENT_LENGTH=length).body()


def test_what_comes_out_of_a_body_has_its_own_limit():
    with pytest.raises(TooLargeError) as caught:
        made(gzip.compress(b"x" * 201), {"Content-Encoding": "gzip"}).body()
    assert caught.value.reason == "decompressed_too_large"
