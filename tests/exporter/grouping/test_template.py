"""Messages that differ in values only have one pattern, and what is text stays text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.waiting import LINEAR_SECONDS

from errtally.exporter.grouping import tokens
from errtally.exporter.grouping.template import mask, untyped


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        pytest.param("took 17 ms", "took <num>", id="a number and its unit are one value"),
        pytest.param("took 1.5s", "took <num>", id="a unit may touch its number"),
        pytest.param("sent 2717 bytes (2.65 KB) of it", "sent <num> of it", id="a size told twice is one value"),
        pytest.param("from 10.0.0.1 () now", "from <ip> now", id="an empty reverse name belongs to the address"),
        pytest.param("id 7a0c3b52-11aa-4b5c-9d3e-0123456789ab", "id <uuid>", id="a UUID is not cut at its dashes"),
        pytest.param("at 2026-03-19T12:03:03.123Z done", "at <time> done", id="an ISO timestamp is one value"),
        pytest.param("at 2026-03-19 12:03:03 done", "at <time> done", id="date and time of day are one value"),
        pytest.param("at Wed Jun 29 10:48:01 2005", "at <time>", id="names of days and months join their numbers"),
        pytest.param("9 May 2026 was late", "<time> was late", id="a month may follow its day"),
        pytest.param("You May go", "You May go", id="a month's name without a number is a word"),
        pytest.param("he is a min player", "he is a min player", id="a unit's name without a number is a word"),
        pytest.param("GET https://a.example/x?id=1&b=c failed", "GET <url> failed", id="a URL goes with its query"),
        pytest.param("see https://a.example/x.", "see <url>.", id="the full stop after a URL stays"),
        pytest.param("GET /orders?id=5 failed", "GET <path> failed", id="a path loses its query"),
        pytest.param("open /var/lib/app/x.png", "open <path>", id="an absolute path"),
        pytest.param("open C:\\Users\\ann\\x.txt", "open <path>", id="a Windows path"),
        pytest.param("open src/main.py now", "open <path> now", id="a relative path with a known extension"),
        pytest.param("no config.yaml here", "no <path> here", id="a file name with a known extension"),
        pytest.param("read/write failed: and/or", "read/write failed: and/or", id="words with a slash are text"),
        pytest.param("at 0x7ffee3b0", "at <addr>", id="a memory address"),
        pytest.param("host db.internal.example.com:5432 down", "host <addr> down", id="a host goes with its port"),
        pytest.param("to 10.1.2.3:8080 failed", "to <ip> failed", id="an IPv4 address goes with its port"),
        pytest.param("to 2607:f140:6000:8:c6b3:1ff:fecd:467f up", "to <ip> up", id="an IPv6 address"),
        pytest.param("mail a.b+c@example.org lost", "mail <email> lost", id="an address with letters only"),
        pytest.param("mail a1@example.org lost", "mail <email> lost", id="an address with a digit"),
        pytest.param("commit deadbeefcafe", "commit <hex>", id="hexadecimal letters only"),
        pytest.param("commit 9f86d081884c7d65", "commit <hex>", id="a digest"),
        pytest.param("block blk_-99 lost", "block <str> lost", id="an identifier with a digit"),
        pytest.param("key 'order-1' missing", "key <str> missing", id="a quoted word"),
        pytest.param('key "a" and `b`', "key <str> and <str>", id="each kind of quote"),
        pytest.param("bad ['a', 'b', 3]", "bad [<str>]", id="a list is one value"),
        pytest.param("can't do, won't do", "can't do, won't do", id="apostrophes are no quotes"),
        pytest.param('"GET /a HTTP/1.1" 17', '"GET <path> HTTP/1.1" <num>', id="quoted text with spaces is text"),
        pytest.param(
            "<Foo object at 0x7f00aa> is no <class 'x.Y'>", "<str> is no <str>", id="Python's representations"
        ),
        pytest.param("utf-8 sha256 HTTP/1.1 x86_64", "utf-8 sha256 HTTP/1.1 x86_64", id="names with digits stay"),
        pytest.param("failed: java.io.FooException", "failed: java.io.FooException", id="an exception's name stays"),
        pytest.param("action android.intent.ACTION_SEND", "action android.intent.ACTION_SEND", id="a constant stays"),
        pytest.param("load a.b.zeta", "load <str>", id="a dotted name of three"),
        pytest.param("call init.start now", "call init.start now", id="a dotted name of two stays"),
        pytest.param("onExtend:1514038530000 14 0", "onExtend:<num>", id="text before a colon stays"),
        pytest.param("a:b c", "a:b c", id="words around a colon stay"),
        pytest.param("session closed for user cyrus", "session closed for user <str>", id="a user's name"),
        pytest.param("check pass; user unknown", "check pass; user unknown", id="an unknown user has no name"),
        pytest.param("user data is gone", "user data is gone", id="a word after user that goes on is text"),
        pytest.param("Failed password for ann from 10.0.0.1", "Failed password for <str> from <ip>", id="a login"),
        pytest.param("one\ntwo", "one", id="only the first line"),
        pytest.param("\n\n  one  \n two 2", "one", id="empty lines before it are skipped"),
        pytest.param("errors:\n\n - 17 bad", "errors: - <num> bad", id="a colon announces the second line"),
        pytest.param("errors:", "errors:", id="a colon and nothing after it"),
        pytest.param("a   b", "a b", id="runs of spaces are one"),
        pytest.param("PKCS#8 key, X11 and WOFF2", "PKCS#8 key, X11 and WOFF2", id="names of formats that have digits"),
        pytest.param("ServerAlive2 failed", "ServerAlive2 failed", id="a call's name with a number"),
        pytest.param("send on L2ListenSocket", "send on L2ListenSocket", id="a class' name with a number"),
        pytest.param("session XyQzKdTw12 lost", "session <str> lost", id="letters that are no words, with a number"),
        pytest.param("worker workerThread3 died", "worker <str> died", id="a small letter first: a thread"),
        pytest.param("no 2-edge-augmentation", "no 2-edge-augmentation", id="words that are counted"),
        pytest.param("order 17-xkqz lost", "order <str> lost", id="a number and letters that are no word"),
        pytest.param("only RTU/ASCII/TLS", "only RTU/ASCII/TLS", id="a choice of constants"),
        pytest.param("no /AcroForm here", "no /AcroForm here", id="a name as PDF writes it"),
        pytest.param("no /srv/Data here", "no <path> here", id="a path"),
        pytest.param("", "", id="nothing"),
        pytest.param(" \n ", "", id="only white space"),
        pytest.param("...", "...", id="only punctuation"),
    ],
)
def test_mask(message, pattern):
    assert mask(message) == pattern


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        pytest.param("no table 'my orders'", "no table <str>", id="quoted text is a value"),
        pytest.param("unknown format: foo", "unknown format: <str>", id="the word after the last colon is a value"),
        pytest.param("connect: timeout", "connect: timeout", id="but not when it says what happened"),
        pytest.param("open: ENOENT", "open: ENOENT", id="nor a code"),
        pytest.param("boom: ValueError", "boom: ValueError", id="nor an exception"),
        pytest.param("a: two words", "a: two words", id="nor more than a word"),
        pytest.param("a: 17", "a: <num>", id="a mask stays"),
        pytest.param("foo", "foo", id="a message without a colon"),
        pytest.param('sent back {"error": "busy"}', "sent back {error: busy}", id="what a JSON text says failed"),
        pytest.param("no such: Shop.getPrice", "no such: Shop.getPrice", id="a method after the last colon"),
        pytest.param("no such: shop.txt", "no such: <path>", id="a file after the last colon"),
        pytest.param("must be a 'str'", "must be a 'str'", id="a type that is asked for"),
        pytest.param("bad type for 'path'", "bad type for 'path'", id="the field that has a wrong type"),
        pytest.param("no conf['XCP']['MAX']", "no conf['XCP']['MAX']", id="keys in brackets, as code has them"),
        pytest.param("bad list ['XCP']", "bad list [<str>]", id="a list of values"),
        pytest.param("'sizes' and 'p' do not match", "<str> and 'p' do not match", id="what does not match"),
    ],
)
def test_mask_of_an_exceptions_message(message, pattern):
    assert mask(message, exception=True) == pattern


def test_a_value_that_is_now_a_number_now_a_word_is_one_value():
    assert untyped(mask("order 17 lost")) == untyped(mask("order a17 lost")) == "order <*> lost"
    assert untyped("no mask") == "no mask"


def test_the_cache_of_tokens_is_bounded(monkeypatch):
    monkeypatch.setattr(tokens, "CACHE_LIMIT", 11)
    for number in range(40):
        mask(f"token{number} x")
        assert len(tokens.masks) <= 11
    mask("y" * 300)
    assert "y" * 300 not in tokens.masks


@given(st.text())
def test_any_text_has_a_pattern_that_is_the_same_each_time(text):
    tokens.masks.clear()
    pattern = mask(text)
    assert mask(text) == pattern
    assert "\n" not in pattern


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_numbers_never_tell_two_messages_apart(one, other):
    assert mask(f"order {one} of shop {other}: late") == mask("order 3 of shop 4: late")


@pytest.mark.parametrize("unit", ["'", '"', "a.b.", "<1>", "Jan ", "://a", "user a ", "/?", "1(", ": ", "\n"])
def test_hostile_text_costs_no_more_than_long_text(unit):
    text = (unit * 1_000_000)[:1_000_000]
    started = time.process_time()
    mask(text)
    mask(text, exception=True)
    assert time.process_time() - started < LINEAR_SECONDS


@pytest.mark.parametrize(
    ("sent", "scrubbed"),
    [
        pytest.param("no route to 203.0.113.9:5432", "no route to [REDACTED]:5432", id="an address and its port"),
        pytest.param("mail to ann@example.com bounced", "mail to [REDACTED] bounced", id="a mail address"),
        pytest.param("can't read /home/ann/a.txt.", "can't read /home/[REDACTED]/a.txt.", id="a folder of a user"),
        pytest.param("GET https://u:p@h/x failed", "GET https://[REDACTED]@h/x failed", id="a login in a URL"),
    ],
)
def test_what_was_scrubbed_is_a_value_like_any_other(sent, scrubbed):
    assert untyped(mask(sent)) == untyped(mask(scrubbed))
