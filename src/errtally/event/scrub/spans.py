"""How far a value reaches that begins at a given place: to its closing quote or bracket, or as far as a word goes."""

from __future__ import annotations

import re

from errtally.event.scrub.catalogue import PLACEHOLDER, rules

ENCODED_QUOTES = r"%(?:25){0,2}2[27]|&quot;|&#3[49];|&#x2[27];|\\u002[27]"
"""Quotes as they stand in addresses, in HTML and in escaped JSON."""

_CONTAINER_LIMIT = 4096
_PEEK = 64
_PUNCTUATION_LIMIT = 3
_TEXT = rules()["text"]
_TEMPLATE = re.compile(_TEXT["templates"])
_HARMLESS = frozenset(_TEXT["harmless_values"])
_SCHEMES = frozenset(_TEXT["schemes"])
_SCHEME = re.compile(rf"(?:{'|'.join(_TEXT['schemes'])})[ ]{{1,8}}(?=[^\s])", re.IGNORECASE)
# A doubled quote within is one of SQL's, libpq's, PowerShell's and YAML's; the end of one text and the begin of another
# have something between them.
_QUOTED_BODY = {quote: re.compile(rf"(?:[^{quote}\\\n]++|\\.|(?<=\w){quote}{quote}(?=\w))*+") for quote in "\"'`"}
_UNQUOTED = re.compile(
    r"""(?:[^\s&;,"'`<>()\[\]{}\\%]|[(\[{]|[)\]}](?=[^\s,"'<>)\]}\\])|,(?!\s|\w{1,40}[=:])|\\(?!["'nrt\\u])"""
    r"""|%(?!(?:25){0,2}(?:2[267Cc]|7[Dd])))*+"""
)
_CLOSING = {"“": "”", "„": "“", "«": "»", "\u2018": "\u2019"}
_BRACKET = re.compile(r"[{}\[\]]")


class LineEnds:
    """Finds ends of lines, each once."""

    __slots__ = ("_end", "_start", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._start = self._end = -1

    def end(self, start: int) -> int:
        """Where the line that holds ``start`` ends."""
        if not self._start <= start <= self._end:
            end = self._text.find("\n", start)
            self._start, self._end = start, len(self._text) if end < 0 else end
        return self._end


def quoted(text: str, begin: int, quote: str, lines: LineEnds) -> tuple[int, int]:
    """The content of a quoted value that begins at ``begin``; an unclosed one ends with its line."""
    body = _QUOTED_BODY.get(quote)
    if body is not None:
        found = body.match(text, begin)
        return begin, found.end() if found else begin
    line_end = lines.end(begin)
    close = text.find(_CLOSING.get(quote, quote), begin, line_end)
    return begin, close if close >= 0 else line_end


def unquoted(text: str, start: int, separator: str) -> tuple[int, int]:
    """A value without quotes; empty when it says ``null`` or is punctuation alone."""
    peeked = _UNQUOTED.match(text, start, start + _PEEK)
    begin = peeked.group() if peeked else ""
    if len(begin) < _PEEK:
        end = start + len(begin)
    else:
        whole = _UNQUOTED.match(text, start) if any(map(str.isalnum, begin)) else None
        end = whole.end() if whole else start
    if separator == ";":
        markup = text.find("&lt;", start, min(end + len("&lt;"), len(text)))
        end = markup if markup >= 0 else end
    if begin.rstrip(".!?:)}]").lower() in _HARMLESS or not any(map(str.isalnum, begin)):
        return start, start
    return start, end


def scheme_end(text: str, start: int, lines: LineEnds) -> tuple[int, int] | None:
    """What follows the name of an authorization scheme, None when none stands there; to the line's end for some."""
    scheme = _SCHEME.match(text, start)
    if scheme is None:
        return None
    start = scheme.end()
    if text.startswith(PLACEHOLDER, start):
        return start, start
    if scheme.group().lower().startswith(("digest", "aws4", "hawk")):
        return start, lines.end(start)
    template = _TEMPLATE.match(text, start)
    return (start, start) if template else unquoted(text, start, "=")


def container_end(text: str, start: int) -> int:
    """Where brackets that open at ``start`` close again; at most some thousand characters on."""
    limit = min(len(text), start + _CONTAINER_LIMIT)
    depth = 0
    for bracket in _BRACKET.finditer(text, start, limit):
        depth += 1 if bracket.group() in "{[" else -1
        if depth == 0:
            return bracket.end()
    return limit


def is_harmless(value: str) -> bool:
    """Nothing to hide: empty, redacted already, a gap of a template, or a token of a syntax error."""
    if value.endswith(PLACEHOLDER):
        return value[-_PEEK:].removesuffix(PLACEHOLDER).rstrip().lower() in {"", *_SCHEMES}
    if len(value) <= _PUNCTUATION_LIMIT and not any(map(str.isalnum, value)):
        return True
    if value[-1:] == " " and value[:_PEEK].strip().lower() in _SCHEMES:
        return True
    scheme = _SCHEME.match(value)
    return _TEMPLATE.fullmatch(value, scheme.end() if scheme else 0) is not None
