"""Secrets that a key in the text names: ``password=x``, ``"token": "x"``, ``Authorization: Basic x``, ``Cookie: a=b``.

Works on logs, query strings, form bodies, connection strings, source lines and pieces of JSON, escaped or not. A
pattern finds the separator behind a key's telling part; the key before it is then read by its words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import COUNT_LIMIT, PLACEHOLDER, rules
from errtally.event.scrub.cookies import scrub_cookie_header
from errtally.event.scrub.keys import KeyKind, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.values import Counts

_KEY_LENGTH_LIMIT = 64
_CONTAINER_LIMIT = 4096
_PUNCTUATION_LIMIT = 3
_KEY_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$[]%-")
_TEXT = rules()["text"]
_SUFFIXES = frozenset(_TEXT["source_suffixes"])
_HARMLESS = frozenset(_TEXT["harmless_values"])
_PROSE = _HARMLESS | frozenset(_TEXT["prose"])
_TEMPLATE = re.compile(_TEXT["templates"])
_BLANKS = re.compile(r"[ \t]{0,4}")
_SCHEME = re.compile(rf"(?:{'|'.join(_TEXT['schemes'])})[ ]+(?=[^\s])", re.IGNORECASE)
_QUOTE = re.compile(r"""(\\{0,4})(["'`])""")
_QUOTED_BODY = {quote: re.compile(rf"(?:[^{quote}\\\n]++|\\.)*+") for quote in "\"'`"}
_UNQUOTED = re.compile(
    r"""(?:[^\s&;,"'`<>()\[\]{}\\]|[(\[{]|[)\]}](?=[^\s,"'<>)\]}\\])|,(?!\s|\w{1,40}[=:])|\\(?!["'nrt\\]))*+"""
)
_BRACKET = re.compile(r"[{}\[\]]")


def anchors(extra: Iterable[str] = ()) -> str:
    """The pattern, for lowered text, of a key's telling part alone."""
    return "|".join(sorted(_anchors(extra)))


def _anchors(extra: Iterable[str]) -> set[str]:
    found = {re.escape(anchor) for anchor in _TEXT["key_anchors"]}
    return found | {r"[_.-]?".join(map(re.escape, words(key))) for key in extra if words(key)}


def finder(extra: Iterable[str] = ()) -> str:
    """The pattern, for lowered text, of a key's telling part up to and with the separator."""
    tail = (
        r"[a-z0-9_.\[\]$%-]{0,40}+"
        r"""\\{0,4}["'`]?\]?[ \t]{0,4}(?:=>|:=|=+|:(?![:/]|\\{1,4}[^"'`\\])|>(?=[^<>\s]{1,256}</))"""
    )
    # Each branch begins with a letter of its own: only so `re` skips quickly to the next place where one can begin.
    return "|".join(anchor + tail for anchor in sorted(_anchors(extra)))


def scrub_assignments(text: str, pattern: re.Pattern[str], lowered: str, keys: KeyMatcher, counts: Counts) -> str:
    """Redact the value of every secret key; ``lowered`` is the text in lower case, of the same length."""
    pieces: list[str] = []
    done = 0
    hits = 0
    for match in pattern.finditer(lowered):
        hits += 1
        if hits > COUNT_LIMIT:
            counts["limit"] = counts.get("limit", 0) + 1
            return "".join([*pieces, text[done : match.start()], PLACEHOLDER])
        if match.start() < done:
            continue
        kind = _kind(text, match, done, keys)
        if kind is KeyKind.PLAIN:
            continue
        blanks = _BLANKS.match(text, match.end())
        start = blanks.end() if blanks else match.end()
        if kind is KeyKind.COOKIES:
            start, end, replacement, count = _cookies(text, start, keys)
            rule = "cookie"
        else:
            start, end = _value(text, start, _PROSE if text[match.end() - 1] == ":" else _HARMLESS)
            replacement, count, rule = PLACEHOLDER, int(end > start), "key"
        if count:
            pieces += (text[done:start], replacement)
            done = end
            counts[rule] = counts.get(rule, 0) + count
    return "".join([*pieces, text[done:]]) if pieces else text


def _kind(text: str, match: re.Match[str], floor: int, keys: KeyMatcher) -> KeyKind:
    """Read the whole key around a match; ``token.js:38`` is a place in a source file, not a key."""
    start = match.start()
    floor = max(floor, start - _KEY_LENGTH_LIMIT)
    while start > floor and text[start - 1] in _KEY_CHARS:
        start -= 1
    key = text[start : match.end()].rstrip("=:> \t").rstrip("\"'`\\]")
    if text[match.end() - 1] == ":" and key.rpartition(".")[2].lower() in _SUFFIXES and "." in key:
        return KeyKind.PLAIN
    return keys.kind(key)


def _value(text: str, start: int, harmless: frozenset[str]) -> tuple[int, int]:
    """Where the value that begins at ``start`` lies; empty when nothing there needs to go."""
    if text.startswith(PLACEHOLDER, start) or start >= len(text):
        return start, start
    quote = _QUOTE.match(text, start)
    if quote is not None:
        begin, end = _quoted(text, quote)
        return (begin, begin) if _is_harmless(text[begin:end]) else (begin, end)
    template = _TEMPLATE.match(text, start)
    if template is not None and not text[template.end() : template.end() + 1].isalnum():
        return start, start
    if text[start] in "{[":
        return start, _container_end(text, start)
    scheme = _SCHEME.match(text, start)
    if scheme is not None:
        return _after_scheme(text, scheme)
    found = _UNQUOTED.match(text, start)
    end = found.end() if found else start
    value = text[start:end]
    if value.rstrip(".!?:").lower() in harmless or not any(map(str.isalnum, value[:64])):
        return start, start
    return start, end


def _after_scheme(text: str, scheme: re.Match[str]) -> tuple[int, int]:
    """What follows the name of an authorization scheme; Digest has many parameters."""
    start = scheme.end()
    if text.startswith(PLACEHOLDER, start):
        return start, start
    if scheme.group().lower().startswith("digest"):
        return start, _line_end(text, start)
    rest = _UNQUOTED.match(text, start)
    return start, rest.end() if rest else start


def _quoted(text: str, quote: re.Match[str]) -> tuple[int, int]:
    """The content of a quoted value; an unclosed one ends with its line."""
    begin = quote.end()
    if not quote[1]:
        body = _QUOTED_BODY[quote[2]].match(text, begin)
        return begin, body.end() if body else begin
    line_end = _line_end(text, begin)
    close = text.find(quote.group(), begin, line_end)
    return begin, close if close >= 0 else line_end


def _is_harmless(value: str) -> bool:
    """Nothing to hide: empty, redacted already, a gap of a template, or a token of a syntax error."""
    if value.endswith(PLACEHOLDER):
        return value.removesuffix(PLACEHOLDER).rstrip().lower() in {"", *_TEXT["schemes"]}
    if len(value) <= _PUNCTUATION_LIMIT and not any(map(str.isalnum, value)):
        return True
    return _TEMPLATE.fullmatch(value) is not None


def _container_end(text: str, start: int) -> int:
    """Where brackets that open at ``start`` close again; at most some thousand characters on."""
    limit = min(len(text), start + _CONTAINER_LIMIT)
    depth = 0
    for bracket in _BRACKET.finditer(text, start, limit):
        depth += 1 if bracket.group() in "{[" else -1
        if depth == 0:
            return bracket.end()
    return limit


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _cookies(text: str, start: int, keys: KeyMatcher) -> tuple[int, int, str, int]:
    """Redact within a cookie header's value, which runs to its closing quote or the end of its line."""
    quote = _QUOTE.match(text, start)
    if quote is not None:
        begin, end = _quoted(text, quote)
    elif text.startswith(("{", "["), start):
        begin, end = start, start if text.startswith(PLACEHOLDER, start) else _container_end(text, start)
        if end > begin:
            return begin, end, PLACEHOLDER, 1
    else:
        begin, end = start, _line_end(text, start)
    value = text[begin:end]
    if _TEMPLATE.fullmatch(value) or value.rstrip(".!?:").lower() in _PROSE:
        return begin, end, value, 0
    replacement, count = scrub_cookie_header(value, keys)
    return begin, end, replacement, count
