"""Secrets that a key in the text names: ``password=x``, ``"token": "x"``, ``Authorization: Basic x``, ``Cookie: a=b``.

Works on logs, query strings, form bodies, connection strings, pieces of JSON and of XML, escaped or not. A pattern
finds the separator behind a key's telling part; the key before it is then read by its words, and the value behind it
by what opens it. What was read is not read again, so the time grows with the length of the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.event.scrub.bare_values import bare_value, said_value
from errtally.event.scrub.catalogue import COUNT_LIMIT, PLACEHOLDER, rules
from errtally.event.scrub.cookies import scrub_cookie_header
from errtally.event.scrub.keys import KeyKind
from errtally.event.scrub.prose import is_a_name, is_prose, is_prose_before, is_unlike_words, says_little
from errtally.event.scrub.source import Place, literal
from errtally.event.scrub.spans import (
    ENCODED_QUOTES,
    LineEnds,
    container_end,
    is_harmless,
    quoted,
)

if TYPE_CHECKING:
    from errtally.event.scrub.bare_values import Span
    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.values import Counts

_KEY_LENGTH_LIMIT = 64
_KEY_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$[]%-")
_KEY_END = re.compile(r"[\w.$\u0900-\u0dff\u0e00-\u0e7f-]*(?:(?:\[|%5[Bb])[\w.$-]*)*")
_TEXT = rules()["text"]
_SUFFIXES = frozenset(_TEXT["source_suffixes"])
_TEMPLATE = re.compile(_TEXT["templates"])
_WORDS = re.compile(r"[ ][\w@.'%+-]{1,24}[ :=]")
_ESCAPED = re.compile(r"%(?:25){0,2}(?!5[BbDd])[0-9A-Fa-f]{2}")
_ARN = re.compile(r"\barn:[\w:/-]{0,100}\Z")
_FOLDED = re.compile(r"[>|][+-]?[0-9]?\r?\n[ ]{1,16}")
_TAG = re.compile(r"!!?(?:str|string|binary|int|float)[ ]{1,4}")
_NAMES_OF_COOKIES = re.compile(r"[0-9]{1,4}(?![\w=])|[A-Za-z]{1,24}(?:,[ ]?[A-Za-z]{1,24})+(?![\w=])")
_TWO_WORDS = re.compile(r"[A-Za-z]{3,12}[ ]\Z")
_FUNCTION = re.compile(
    r"(?i:get|list|create|delete|put|fetch|check|verify|validate|refresh|encrypt|decrypt|rotate|generate)(?=[A-Z_])"
)
_WORD = re.compile(r"\s{0,4}(?:[*&{<]|[A-Za-z]{1,24}+(?![^\s.,;:!?)]))")
_CALL = re.compile(r"\w{1,64}\(")
_PAIR = re.compile(
    r"""\(\s{0,4}[bBuU]?(["'])[^"'\n]{0,128}\1\s{0,4},\s{0,4}[bBuU]?["']([^"'\n]{1,256})["']\s{0,4},?\s{0,4}\)"""
)
_BARE_PAIR = re.compile(r"\([^\s,()\"'\[\]{}]{1,128},[ ]?([^\s,()\"'\[\]{}]{3,128})\)")
_COORDINATES = re.compile(r"(?:[\w.-]{1,64}:)?(?:(?:jar|pom|war|aar|ear|bundle|test-jar)(?::|\b)|[0-9]+\.[0-9])")
_TASK = re.compile(r"(?:edit|show|setup|rotate|reset|list|generate|create|verify)\b(?![=:.-])")
_BLANKS = re.compile(r"""[ \t]{0,32}(?:\r?\n[ \t]{0,16}(?=["'`]))?""")
_CHANGED = re.compile(r"""["'] (?:->|=>) (["'])""")
_PORT = re.compile(r"[0-9]{2,5}(?![\w.-])")
_NAMED_HOST = re.compile(r"(?:[A-Za-z][\w-]*\.)+[A-Za-z]{2,}\Z")
_SPREAD_LIMIT = 16
_SPREAD_SHORTEST = 6
_SPREAD_LONGEST = 512
_OPENING = re.compile(
    r"(?:(?:Some|Ok|Just|Optional|Secret|SecretStr|String)\(|string\(\d{1,9}\) |[bBuUrRfFNE@]{1,2}|<<)?"
    rf"((?:\\{{0,4}}(?:\"\"(?=[\w$!@#^*({{[-][^\"\n]{{0,256}}\"\")|[\"'`]))|[“„«\u2018]|{ENCODED_QUOTES})"
)
_NEXT_COOKIES = re.compile(r"(?:set-)?cookie2?[\"'\\]{0,5}[ \t]{0,4}[:=]")


def scrub_assignments(
    text: str,
    pattern: re.Pattern[str],
    lowered: str,
    keys: KeyMatcher,
    counts: Counts,
    *,
    place: Place = Place.TEXT,
) -> str:
    """Redact the value of every secret key.

    Args:
        text: what to scrub.
        pattern: a compiled `finder`.
        lowered: the text in lower case, of the same length.
        keys: says which keys are secret.
        counts: redactions by rule are added here.
        place: what the text is: in source only literals go, in a name only what stands behind an equals sign.
    """
    pieces: list[str] = []
    done = read = hits = 0
    lines = LineEnds(text)
    values: set[str] = set()
    for match in pattern.finditer(lowered):
        hits += 1
        if hits > COUNT_LIMIT:
            counts["limit"] = counts.get("limit", 0) + 1
            return "".join([*pieces, text[done : match.start()], PLACEHOLDER])
        if match.start() < read:
            continue
        if place >= Place.NAME and not match.group().endswith(("=", "%3d")):
            continue
        key = _key(text, match, read)
        kind = keys.kind(key) if key else KeyKind.PLAIN
        if kind is KeyKind.COOKIES:
            if text[match.end() - 1] in " \n":
                continue
            start, end, replacement, count = _cookies(text, lowered, match.end(), keys, lines)
            read = end
            rule = "cookie"
        elif kind is KeyKind.SECRET:
            start, end = _value(text, match, key, keys, lines, place)
            read = max(read, start)
            replacement, count, rule = PLACEHOLDER, int(end > start), "key"
            if _SPREAD_SHORTEST <= end - start <= _SPREAD_LONGEST and len(values) < _SPREAD_LIMIT:
                values.add(text[start:end].rstrip(".,:;"))
        else:
            continue
        if count:
            pieces += (text[done:start], replacement)
            done = read = end
            counts[rule] = counts.get(rule, 0) + count
    return _without(values, "".join([*pieces, text[done:]]), counts) if pieces else text


def _without(values: set[str], text: str, counts: Counts) -> str:
    """Take out what a key told to be secret where it stands once more: ``password=x: cannot log in with x``."""
    for value in sorted(values, key=len, reverse=True):
        if value in text and PLACEHOLDER not in value and is_unlike_words(value):
            counts["key"] = counts.get("key", 0) + text.count(value)
            text = text.replace(value, PLACEHOLDER)
    return text


def _key(text: str, match: re.Match[str], floor: int) -> str:
    """Read the whole key around a match; "" for what is a place in a file, as ``token.js:38``."""
    start = match.start()
    floor = max(floor, start - _KEY_LENGTH_LIMIT)
    while start > floor and (text[start - 1] in _KEY_CHARS or (text[start - 1] > "\x7f" and text[start - 1].isalpha())):
        start -= 1
    found = _KEY_END.match(text, match.start(), match.end())
    key = text[start : found.end() if found else match.end()]
    if key.lower() == "key" and (word := _TWO_WORDS.search(text, max(floor, start - 13), start)) is not None:
        key = word.group() + key
    if key.lower() == "token" and text[max(0, start - 11) : start].lower() == "public key ":
        return ""
    key = key.removeprefix("-D")  # a property of Java's
    if "%" in key:  # `%3BPWD%3Dx`: what stands in front of the key is a sign that was encoded
        for escaped in _ESCAPED.finditer(text, start, match.start()):
            key = text[escaped.end() : found.end() if found else match.end()]
    if text[match.end() - 1] != ":":
        return "" if text[match.end() - 1] == "\u2192" and text[start - 1 : start] == "/" else key
    if _FUNCTION.match(key) and _WORD.match(text, match.end()):
        return ""
    if _ARN.search(text, max(0, start - 2 * _KEY_LENGTH_LIMIT), start):
        return ""
    if _TASK.match(text, match.end()):
        return ""
    if _PORT.match(text, match.end()) and _NAMED_HOST.match(key):
        return ""
    if ("." in key or text[start - 1 : start] == ":") and _COORDINATES.match(text, match.end()):
        return ""
    is_file = "." in key and key.rpartition(".")[2].lower() in _SUFFIXES
    return "" if is_file or text[start - 1 : start] == "=" or _is_path(text, start) else key


def _is_path(text: str, start: int) -> bool:
    """Whether a key is the end of a path, as in ``cannot open /etc/passwd: permission denied``."""
    if text[start - 1 : start] != "/":
        return False
    before = text[max(0, start - _KEY_LENGTH_LIMIT) : start].split()
    path = before[-1].lstrip("'\"(") if before else ""
    return len(path) > 1 and (path.startswith(("/", "./", "../", "~/")) or "://" in path)


def _value(text: str, match: re.Match[str], key: str, keys: KeyMatcher, lines: LineEnds, place: Place) -> Span:
    """Where the value behind a separator lies; empty, behind what was read, when nothing there needs to go."""
    blanks = _BLANKS.match(text, match.end())
    start = blanks.end() if blanks else match.end()
    separator = text[match.end() - 1]
    separator = {"\uff1a": ":", "\u2192": ":", "[": ">", "|": " "}.get(separator, separator)
    if separator == ">" and text[match.end() - 2] in "-=":
        if text[match.end() - 2] == "-" and _CALL.match(text, match.end()):
            return start, start
        separator = "="
    folded = (_FOLDED.match(text, start) or _TAG.match(text, start)) if separator == ":" else None
    if folded is not None:  # a block of YAML, or a value with its type
        start = folded.end()
    found = _bracketed(text, match, start, separator, keys)
    if found is None and place is Place.SOURCE:
        found = literal(text, start, key, keys, lines)
    if found is not None:
        return found
    if text.startswith(PLACEHOLDER, start) or start >= len(text):
        return start, start
    if separator in ": " and is_prose_before(text, match.start(), start):
        return start, start
    is_sentence = separator == " " or _has_words(text, match)
    found = _quoted_value(text, start, lines, is_sentence=is_sentence)
    if found is not None:
        is_compared = "!" in match.group()[-4:]
        begin, end = found
        is_weak = is_compared or (separator == " " and says_little(key))
        return (begin, begin) if is_weak and not is_unlike_words(text[begin:end]) else found
    if is_sentence:
        return said_value(text, start, key)
    return bare_value(text, start, separator, key, keys, lines, is_spaced=start > match.end())


def _bracketed(text: str, match: re.Match[str], start: int, separator: str, keys: KeyMatcher) -> Span | None:
    """The value of a pair, as in ``auth=("svc", "x")``, or of a message as in ``Key (token)=(x)``; None for others."""
    pair = _PAIR.match(text, start) if separator in "=:" else None
    if pair is not None and keys.kind(pair[2]) is not KeyKind.SECRET:
        return pair.span(2)
    bare = _BARE_PAIR.match(text, start) if separator in "=:" else None
    if bare is not None and is_unlike_words(bare[1]):
        return bare.span(1)
    if separator != "=" or not text.startswith("(", start) or text[match.end() - 2] != ")":
        return None
    end = text.find(")", start, start + _KEY_LENGTH_LIMIT * 8)
    return (start + 1, end) if end > start else (start, start)


def _quoted_value(text: str, start: int, lines: LineEnds, *, is_sentence: bool) -> Span | None:
    opening = _OPENING.match(text, start)
    if opening is None:
        return None
    begin, end = quoted(text, opening.end(), opening[1], lines)
    if is_harmless(text[begin:end]):
        return end, end
    changed = _CHANGED.match(text, end)
    if changed is not None:  # as Terraform tells: "old" -> "new"
        end = quoted(text, changed.end(), changed[1], lines)[1]
    is_none = is_prose(text, begin, end) if is_sentence else is_a_name(text, begin, end)
    return (begin, begin) if is_none else (begin, end)


def _has_words(text: str, match: re.Match[str]) -> bool:
    """Whether words stand between a key and its separator: ``password for bob: x``."""
    found = _KEY_END.match(text, match.start(), match.end()) if match.group().endswith((": ", "= ")) else None
    return found is not None and _WORDS.match(text, found.end(), match.end()) is not None


def _cookies(text: str, lowered: str, start: int, keys: KeyMatcher, lines: LineEnds) -> tuple[int, int, str, int]:
    """Redact within a cookie header's value: to its closing quote, the next cookie header or the end of its line."""
    blanks = _BLANKS.match(text, start)
    start = blanks.end() if blanks else start
    opening = _OPENING.match(text, start)
    if opening is not None:
        begin, end = quoted(text, opening.end(), opening[1], lines)
    elif text.startswith(("{", "["), start):
        if text.startswith(PLACEHOLDER, start):
            return start, start + len(PLACEHOLDER), PLACEHOLDER, 0
        return start, container_end(text, start), PLACEHOLDER, 1
    else:
        begin, end = start, lines.end(start)
        following = _NEXT_COOKIES.search(lowered, start, end)
        end = following.start() if following else end
    value = text[begin:end]
    if _TEMPLATE.fullmatch(value) or _NAMES_OF_COOKIES.match(value) or is_prose(text, begin, end):
        return begin, end, value, 0
    replacement, count = scrub_cookie_header(value, keys)
    return begin, end, replacement, count
