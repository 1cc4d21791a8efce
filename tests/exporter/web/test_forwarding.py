"""Behind a proxy: headers count as far as those who wrote them are trusted, and the path is taken off once."""

from __future__ import annotations

import pytest

from errtally.exporter.web.forwarding import Forwarding, elements

TRUSTED = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]


def through(environ, *, trusted=TRUSTED, external_url="http://x"):
    base = {"REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "PATH_INFO": "/", "HTTP_HOST": "inner:9765"}
    seen = base | environ
    for _ in range(2):
        Forwarding(trusted, external_url).see_through(seen)
    return seen


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param({"HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "203.0.113.9", id="one proxy"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "203.0.113.9, 10.1.2.3"}, "203.0.113.9", id="two proxies"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9"}, "203.0.113.9", id="what the client invents"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "6.6.6.6, nonsense"}, "127.0.0.1", id="behind nonsense is nobody"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "10.9.9.9, 10.1.2.3"}, "10.9.9.9", id="a client among the proxies"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "203.0.113.9:4711"}, "203.0.113.9", id="with a port"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "[2001:db8::1]:4711"}, "2001:db8::1", id="IPv6 with a port"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "2001:db8::1"}, "2001:db8::1", id="IPv6"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "::ffff:203.0.113.9"}, "203.0.113.9", id="IPv4 in IPv6"),
        pytest.param({"HTTP_X_FORWARDED_FOR": ""}, "127.0.0.1", id="nothing"),
        pytest.param(
            {"HTTP_FORWARDED": 'for="[2001:db8::1]:47";proto=https'}, "2001:db8::1", id="the standard's header"
        ),
        pytest.param({"HTTP_FORWARDED": "for=203.0.113.9, for=10.0.0.1"}, "203.0.113.9", id="of two proxies"),
        pytest.param({"HTTP_FORWARDED": "for=203.0.113.9, for=unknown"}, "127.0.0.1", id="a hidden hop"),
        pytest.param({"HTTP_FORWARDED": "for=_x"}, "127.0.0.1", id="a made-up name"),
        pytest.param({"HTTP_FORWARDED": ';;="'}, "127.0.0.1", id="no header of that form"),
        pytest.param(
            {"HTTP_X_FORWARDED_FOR": "203.0.113.9", "HTTP_FORWARDED": "for=6.6.6.6"},
            "203.0.113.9",
            id="the usual one wins",
        ),
        pytest.param(
            {"REMOTE_ADDR": "198.51.100.7", "HTTP_X_FORWARDED_FOR": "6.6.6.6"}, "198.51.100.7", id="nobody trusted"
        ),
        pytest.param({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "6.6.6.6"}, "", id="no peer"),
        pytest.param(
            {"REMOTE_ADDR": "fd00::1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "203.0.113.9", id="a proxy with IPv6"
        ),
    ],
)
def test_the_client_is_the_nearest_that_no_trusted_proxy_is(sent, expected):
    assert through(sent)["REMOTE_ADDR"] == expected


def test_without_trust_nothing_counts():
    sent = {"HTTP_X_FORWARDED_FOR": "6.6.6.6", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "evil"}
    seen = through(sent, trusted=[])
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("127.0.0.1", "http", "inner:9765")


@pytest.mark.parametrize(
    ("sent", "scheme", "host"),
    [
        pytest.param(
            {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "errors.example"}, "https", "errors.example",
            id="the usual headers",
        ),
        pytest.param({"HTTP_FORWARDED": "for=1.2.3.4;proto=HTTPS;host=a.example"}, "https", "a.example", id="other"),
        pytest.param({"HTTP_X_FORWARDED_PROTO": "gopher"}, "http", "inner:9765", id="no scheme of ours"),
    ],
)  # fmt: skip
def test_scheme_and_host_are_those_that_the_client_used(sent, scheme, host):
    seen = through(sent)
    assert (seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == (scheme, host)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/errtally/issues", "/issues"), ("/issues", "/issues"), ("/errtally", "/"), ("/errtallyx", "/errtallyx")],
)  # fmt: skip
def test_the_path_of_the_outside_is_taken_off_whether_or_not_a_proxy_did(path, expected):
    seen = through({"PATH_INFO": path}, external_url="https://x/errtally")
    assert (seen["PATH_INFO"], seen["SCRIPT_NAME"]) == (expected, "/errtally")


def test_a_header_of_the_standard_is_read_with_its_quotes():
    assert elements('For="a\\"b" ; Proto=http,for=c') == [{"for": 'a"b', "proto": "http"}, {"for": "c"}]


def test_a_chain_without_end_costs_little():
    assert through({"HTTP_X_FORWARDED_FOR": ", ".join(["10.0.0.1"] * 10_000)})["REMOTE_ADDR"] == "10.0.0.1"
