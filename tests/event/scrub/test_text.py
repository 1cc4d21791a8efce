"""What goes out of a text and what stays."""

from __future__ import annotations

from collections import Counter

import pytest

from errtally.errors import ConfigError
from errtally.event.scrub import Scrubber, ScrubSettings

R = "[REDACTED]"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nabc+/=\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("paid with 4111111111111111", f"paid with {R}", id="a Visa number goes"),
        pytest.param("card 378282246310005.", f"card {R}.", id="an American Express number goes"),
        pytest.param("4111-1111-1111-1111 declined", f"{R} declined", id="a card number with dashes goes"),
        pytest.param("4111 1111 1111 1111 declined", f"{R} declined", id="a card number with spaces goes"),
        pytest.param("2223003122003222 declined", f"{R} declined", id="a Mastercard of the newer range goes"),
        pytest.param("to GB82WEST12345698765432 now", f"to {R} now", id="an account number goes"),
        pytest.param("to GB82 WEST 1234 5698 7654 32 now", f"to {R} now", id="an account number with spaces goes"),
        pytest.param("key AKIAIOSFODNN7EXAMPLE", f"key {R}", id="an AWS key goes"),
        pytest.param("postgres://bob:s3cr3t@db/x", f"postgres://{R}@db/x", id="user and password of a URL go"),
        pytest.param("http://abc:p@ss@h/x", f"http://{R}@h/x", id="a URL's password may hold an at sign"),
        pytest.param("http://abcdef0123@h/1", f"http://{R}@h/1", id="a key alone in an http URL goes"),
        pytest.param("Authorization: Basic dXNlcjpwYXNz", f"Authorization: Basic {R}", id="basic credentials go"),
        pytest.param("sent Basic dXNlcjpwYXNz there", f"sent Basic {R} there", id="basic credentials go without key"),
        pytest.param("got Bearer abc123def456", f"got Bearer {R}", id="a bearer token goes"),
        pytest.param('{"user":{"apiKey":"x"}}', '{"user": {"apiKey": "[REDACTED]"}}', id="a key in a JSON text goes"),
        pytest.param(
            '{"a":"x@y.co","a":1,"token":2}', f'{{"a": 1, "token": "{R}"}}', id="of two equal keys none is missed"
        ),
        pytest.param('{"a":"x@y.co","a":1}', f'{{"a":"{R}","a":1}}', id="a key that comes again hides nothing"),
        pytest.param('{"auth":{"a":[1]}}', '{"auth": "[REDACTED]"}', id="a container in a JSON text goes whole"),
        pytest.param("password=hunter2&x=1", f"password={R}&x=1", id="a form's password goes"),
        pytest.param("user%5Bpassword%5D=hunter2&x=1", f"user%5Bpassword%5D={R}&x=1", id="a nested form field goes"),
        pytest.param("GET /x?api_key=abc&y=2 HTTP/1.1", f"GET /x?api_key={R}&y=2 HTTP/1.1", id="a query's key goes"),
        pytest.param(r"body {\"token\":\"abc\"}", rf"body {{\"token\":\"{R}\"}}", id="a key in escaped JSON goes"),
        pytest.param('"{\\"token\\":\\"abc\\"}"', f'"{{\\"token\\":\\"{R}\\"}}"', id="a JSON text in JSON goes"),
        pytest.param("Server=a;Password=p,w(1);Db=x", f"Server=a;Password={R};Db=x", id="a connection string's goes"),
        pytest.param('{"password": "it\'s \\"x\\" y", ', f'{{"password": "{R}", ', id="quotes within a value hold"),
        pytest.param("login(user='a', passwd='b c')", f"login(user='a', passwd='{R}')", id="an argument goes"),
        pytest.param('os.environ["API_KEY"] = "abc"', f'os.environ["API_KEY"] = "{R}"', id="a subscript goes"),
        pytest.param("run --db-password hunter2 -v", f"run --db-password {R} -v", id="a command line's goes"),
        pytest.param("<password>hunter2</password>", f"<password>{R}</password>", id="an XML element goes"),
        pytest.param("PGPASSWORD=x1 psql", f"PGPASSWORD={R} psql", id="an environment variable goes"),
        pytest.param(
            "Cookie: theme=dark; sessionid=abc", f"Cookie: theme=dark; sessionid={R}", id="cookies go by their names"
        ),
        pytest.param("Cookie: gibberish", f"Cookie: {R}", id="a cookie header that can't be parsed goes whole"),
        pytest.param(f"jwt {JWT} sent", f"jwt {R} sent", id="a JSON web token goes"),
        pytest.param(f"a {PEM} b", f"a {R} b", id="a private key goes"),
        pytest.param("a " + PEM.replace("\n", "\\n") + " b", f"a {R} b", id="an escaped private key goes"),
        pytest.param("x ghp_" + "a1" * 18, f"x {R}", id="a GitHub token goes"),
        pytest.param("x glpat-" + "a1" * 10, f"x {R}", id="a GitLab token goes"),
        pytest.param("x xoxb-1234567890-abcdef", f"x {R}", id="a Slack token goes"),
        pytest.param("x sk_live_" + "a1" * 12, f"x {R}", id="a Stripe key goes"),
        pytest.param(f"x SG.{'a' * 22}.{'b' * 43}", f"x {R}", id="a SendGrid key goes"),
        pytest.param("x sk-" + "a1" * 24, f"x {R}", id="an OpenAI key goes"),
        pytest.param("x npm_" + "a1" * 18, f"x {R}", id="an npm token goes"),
        pytest.param("x pypi-" + "Ab" * 40, f"x {R}", id="a PyPI token goes"),
        pytest.param("ssn 078-05-1120", f"ssn {R}", id="a social security number goes"),
        pytest.param("for bob+news@example.co.uk.", f"for {R}.", id="an e-mail address goes"),
        pytest.param("für jürgen@müller.de!", f"für {R}!", id="an e-mail address in unicode goes"),
        pytest.param("from 192.0.2.1:443", f"from {R}:443", id="a public IPv4 address goes"),
        pytest.param("from ::ffff:192.0.2.1 in", f"from {R} in", id="a mapped IPv6 address goes"),
        pytest.param("from 2001:db8::1 in", f"from {R} in", id="an IPv6 address goes"),
        pytest.param("2001:db8:1:2:3:4:5:6 in", f"{R} in", id="an IPv6 address in full goes"),
        pytest.param("mac 00:1B:44:11:3A:B7", f"mac {R}", id="a hardware address goes"),
        pytest.param("open /home/alice/x.py", f"open /home/{R}/x.py", id="a home directory's user goes"),
        pytest.param(r"open C:\Users\Al\x.py", rf"open C:\Users\{R}\x.py", id="a Windows user goes"),
    ],
)
def test_a_secret_goes(text, expected):
    assert expected == Scrubber().scrub_text(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("4111111111111112", id="a number with a wrong Luhn sum"),
        pytest.param("id 41111111111111111111111", id="a longer run of digits"),
        pytest.param("GB82WEST12345698765431", id="an account number with a wrong remainder"),
        pytest.param("at 1795499178.4441333", id="a timestamp"),
        pytest.param("at 1795499178444", id="a timestamp in milliseconds"),
        pytest.param("id 123e4567-e89b-12d3-a456-426614174000", id="a uuid"),
        pytest.param("12345678-1234-1234-1234-123456789012", id="a uuid of digits"),
        pytest.param("999.1.1.1", id="octets beyond 255"),
        pytest.param("release v1.2.3.4 and libx-1.2.3.4.jar and pkg==1.2.3.4", id="version numbers"),
        pytest.param("Chrome/96.0.64.45 on Linux", id="a product's version"),
        pytest.param("connect to 10.0.0.5:5432 and 127.0.0.1 and ::1 failed", id="private addresses"),
        pytest.param("author: Bob", id="author"),
        pytest.param("authority=x; tokenizer: fast; monkey=3; keyboard: de", id="words that only contain a key word"),
        pytest.param("compass=n; secretary: Ann; passenger=2; session_duration=12", id="more such words"),
        pytest.param("max_tokens=100 prompt_tokens: 12", id="counts of tokens"),
        pytest.param("SyntaxError: Unexpected token: '<'", id="a syntax error's token"),
        pytest.param("Unexpected token < in JSON at position 0", id="a JSON error's token"),
        pytest.param("    at verify (/srv/app/src/token.js:38:69)", id="a source file called token"),
        pytest.param('  File "/srv/auth.py", line 3, in check', id="a source file called auth"),
        pytest.param("Auth::Token::verify failed", id="names of Ruby"),
        pytest.param("login with token=%s password: %(pw)s secret={}", id="gaps of a template"),
        pytest.param("password=None token: null", id="nothing as value"),
        pytest.param("password: required", id="what a form says"),
        pytest.param("basic authentication failed, bearer authentication too", id="prose about authentication"),
        pytest.param("eyJub3Q.a.b", id="three parts without a header"),
        pytest.param("000-12-3456 666-12-3456 900-12-3456 123-00-4567", id="impossible social security numbers"),
        pytest.param("lodash@4.17.21 and shop@1.4.2", id="versioned packages"),
        pytest.param("git@github.com:a/b and fn@app.js:1:2", id="other uses of the at sign"),
        pytest.param("Cafe::Bad and std::abc", id="names that look like IPv6"),
        pytest.param("call +49 170 1234567", id="phone numbers, unless asked for"),
        pytest.param("2026-11-24T05:43:52.479921Z took 12:03:03", id="dates and times"),
        pytest.param("GET /users/17/orders and https://shop.example/home/sale/", id="routes like home directories"),
        pytest.param("Connection to https://api.example.org/v1/orders/70075?t=3659b2cdac timed out", id="a URL"),
        pytest.param("ssh key not found; task-management-is-hard-to-do", id="dashes"),
        pytest.param("authorization: bearer token expected", id="what is said of a header"),
        pytest.param("auth=basic for kafka", id="the name of a method of authentication"),
    ],
)
def test_what_only_looks_like_a_secret_stays(text):
    assert text == Scrubber().scrub_text(text)


@pytest.mark.parametrize(
    ("settings", "text", "expected"),
    [
        pytest.param(ScrubSettings(emails=False), "to a.b@example.org", "to a.b@example.org", id="e-mail kept"),
        pytest.param(ScrubSettings(ip_addresses="keep"), "at 192.0.2.1", "at 192.0.2.1", id="addresses kept"),
        pytest.param(ScrubSettings(ip_addresses="all"), "at 10.0.0.5", f"at {R}", id="private addresses too"),
        pytest.param(ScrubSettings(home_directories=False), "/home/a/b", "/home/a/b", id="home directories kept"),
        pytest.param(ScrubSettings(phones=True), "call +49 170 1234567", f"call {R}", id="phone numbers"),
        pytest.param(ScrubSettings(keys=("customerRef",)), "customer_ref=abc", f"customer_ref={R}", id="a key word"),
        pytest.param(ScrubSettings(patterns=("ORD-[0-9]+",)), "order ORD-17", f"order {R}", id="a further pattern"),
        pytest.param(ScrubSettings(allow=("retry_token",)), "retry_token=5", "retry_token=5", id="an allowed key"),
    ],
)
def test_settings_change_what_goes(settings, text, expected):
    assert expected == Scrubber(settings).scrub_text(text)


def test_bad_settings_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        Scrubber(ScrubSettings(patterns=("(", "x*"), ip_addresses="some"))
    assert len(caught.value.problems) == 3


def test_redactions_are_counted_by_rule():
    counts: Counter[str] = Counter()
    Scrubber().scrub_text("password=a token=b for x@example.org", counts)
    assert dict(counts) == {"key": 2, "email": 1}


def test_a_text_seen_to_be_clean_stays_clean():
    scrubber = Scrubber()
    assert scrubber.scrub_text("nothing here") is scrubber.scrub_text("nothing here")


def test_beyond_ten_thousand_hits_the_rest_goes_whole():
    counts: Counter[str] = Counter()
    scrubbed = Scrubber().scrub_text("a@b.co " * 10_100 + "tail", counts)
    assert "tail" not in scrubbed
    assert counts["limit"] == 1
