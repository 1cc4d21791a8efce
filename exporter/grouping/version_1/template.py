"""The message's pattern: what varies from one event to the next is masked, so that the rest names the issue.

Stateless: a message is split into tokens at separators, each token is judged on its own (and remembered), runs
of masks become one. So two replicas that never spoke agree on the pattern, and the cost is linear in the length.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Final

from errtally.event.scrub.catalogue import PLACEHOLDER

LENGTH_LIMIT: Final = 4096
"""Characters of a message that are looked at; what comes after rarely tells two errors apart."""

TOKEN_CACHE_LIMIT: Final = 20_000
TOKEN_CACHE_LENGTH_LIMIT: Final = 64

_WORDS: Final[dict[str, list[str]]] = json.loads(
    resources.files(__package__).joinpath("data/masking.json").read_text(encoding="utf-8")
)
_KEEP: Final = frozenset(_WORDS["keep"])
_UNITS: Final = frozenset(_WORDS["units"])
_OUTCOMES: Final = frozenset(_WORDS["outcomes"])
_CALENDAR: Final = frozenset(_WORDS["calendar"])
_TOP_LEVEL_DOMAINS: Final = frozenset(_WORDS["top_level_domains"])
_FILE_EXTENSIONS: Final = frozenset(_WORDS["file_extensions"])

_MASK: Final = "<(?:num|uuid|url|path|addr|time|ip|email|hex|str)>"
_ANY_MASK: Final = re.compile(_MASK)
ANY_VALUE: Final = "<*>"
"""The mask of all kinds of values."""

# Marks that a token may leave for the second step, which sees its neighbours. Neither occurs in text.
_UNIT_MARK: Final = "\x01"
_CALENDAR_MARK: Final = "\x02"
_MARKS: Final = {ord(_UNIT_MARK): None, ord(_CALENDAR_MARK): None}

# What scrubbing took out is a value like any other, together with what hangs on it (a port, the rest of a path).
_REDACTED: Final = re.compile(r"[^\s,;=()\[\]{}<>|\"'`]*" + re.escape(PLACEHOLDER) + r"(?:[^\s,;=()\[\]{}<>|\"'`]*\w)?")

_SEPARATORS: Final = re.compile(r"([\s,;=()\[\]{}<>|\"'`]+)")
_URL: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s\"'`<>()\[\]{}]*[^\s\"'`<>()\[\]{}.,;:!?]")
_QUERY: Final = re.compile(r"(/[^\s?\"'`<>]*)\?[^\s\"'`<>()\[\]{},]+")
# A quoted string without a space is a value; one with spaces is mostly text ("GET /x", 'no such table').
_REPR: Final = re.compile(r"<(?:class '[^'\s<>]+'|[\w.<>]+ (?:object|instance) at 0x[0-9a-fA-F]+)>")
_QUOTED: Final = re.compile(r"(?<![\w'\"`])(?:'[^'\s]*'|\"[^\"\s]*\"|`[^`\s]*`)(?!\w)")
_QUOTED_TEXT: Final = re.compile(r"(?<![\w'\"`])(?:'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`)(?!\w)")
_USER: Final = re.compile(
    r"\b([Uu]ser(?:name)?|[Pp]assword for) (?!unknown\b|<)([\w.\-@\\$]+)"
    r"(?=\s*(?:$|by |from |on |at |via |\[|\(|[,.;:]))"
)
_UNIT: Final = re.compile(rf"({_MASK})\s?{_UNIT_MARK}\w+")
_DATE_REST: Final = rf"(?:[ ,\-/:]{{1,3}}(?:{_CALENDAR_MARK}\w+|{_MASK}))*"
_DATE: Final = re.compile(
    rf"(?:{_CALENDAR_MARK}\w+\.?[ ,\-/]{{1,3}}){{1,4}}{_MASK}{_DATE_REST}"
    rf"|{_MASK}[ ,\-/]{{1,3}}{_CALENDAR_MARK}\w+{_DATE_REST}"
)
# Neighbouring values are one value: lists, "3 KB (3,072 bytes)", "10.0.0.1 ()" where a name did not resolve.
_RUN: Final = re.compile(rf"({_MASK})(?:[ ,;:/|+\-&#@.*%]*{_MASK}| ?\((?:{_MASK}%?)?\))+")
_COMPARED: Final = re.compile(rf"(?<= )[<>~]=?({_MASK})")

_DIGIT: Final = re.compile(r"\d")
_NUMBER: Final = re.compile(r"[+\-]?(?:\d[\d,_]*(?:\.\d+)?|\.\d+)(?:[eE][+\-]?\d+)?(?:%|[A-Za-zµ]{1,3})?")
_TIME: Final = re.compile(
    r"\d{4}[\-/.]\d\d?[\-/.]\d\d?(?:[T_ ].*)?|\d\d?[\-/.]\d\d?[\-/.]\d{4}|"
    r"\d{8}T\d{6}.*|\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d)?"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_ADDRESS: Final = re.compile(r"0[xX][0-9a-fA-F]+")
_HEX: Final = re.compile(r"[0-9a-fA-F]{8,}")
_IP: Final = re.compile(r"/?\d{1,3}(?:\.\d{1,3}){3}(?::\d+|/\d{1,2})?")
_COLON_HEX: Final = re.compile(r"[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,}(?:%\w+|/\d+)?")
_EMAIL: Final = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[A-Za-z]{2,}")
_PATH: Final = re.compile(r"(?:[A-Za-z]:)?\\.*\w.*|[A-Za-z]:/.+|(?:~|\.{1,2})?/[^/].*|[^/:]+/[^/:]+/.+")
_HOST: Final = re.compile(r"(?:[\w\-]+\.)+[A-Za-z]\w*")
_LABELS_OF_A_NAME: Final = 3


class _TokenMasks(dict[str, str]):
    """Token to what stands for it in the pattern; bounded, because tokens with digits never end."""

    def __missing__(self, token: str) -> str:
        masked = _mask_token(token)
        if len(token) <= TOKEN_CACHE_LENGTH_LIMIT:
            if len(self) >= TOKEN_CACHE_LIMIT:
                self.clear()
            self[token] = masked
        return masked


_masks = _TokenMasks()


def mask(message: str, *, exception: bool = False) -> str:
    """Return the message's pattern: its first line (two when the first ends with a colon), values masked.

    A mask names what it stands for: ``<num> <uuid> <url> <path> <addr> <time> <ip> <email> <hex> <str>``. Text
    beyond 4,096 characters is not looked at.

    Args:
        message: any text.
        exception: the message is an exception's, not a log line. Then quoted text is a value even with spaces in it,
            and so is one word after a last colon ("unknown format: foo"), unless it says what happened ("timeout").
    """
    text = _first_lines(message)
    if PLACEHOLDER in text:
        text = _REDACTED.sub("<str>", text)
    if "://" in text:
        text = _URL.sub("<url>", text)
    if "?" in text and "/" in text:
        text = _QUERY.sub(r"\1", text)
    if "<class '" in text or " at 0x" in text:
        text = _REPR.sub("<str>", text)
    if "'" in text or '"' in text or "`" in text:
        text = (_QUOTED_TEXT if exception else _QUOTED).sub("<str>", text)
    text = "".join(map(_masks.__getitem__, _SEPARATORS.split(text)))
    if _UNIT_MARK in text or _CALENDAR_MARK in text:
        text = _DATE.sub("<time>", _UNIT.sub(r"\1", text)).translate(_MARKS)
    if "<" in text:
        text = _COMPARED.sub(r"\1", _RUN.sub(r"\1", text))
    if "user" in text or "User" in text or "assword for" in text:
        text = _USER.sub(r"\1 <str>", text)
    return _mask_last_word(text) if exception else text


def is_outcome(word: str) -> bool:
    """Return whether a word says what happened ("timeout", "refused"), so that it tells two messages apart."""
    return word.rstrip(".!?").lower() in _OUTCOMES


def untyped(pattern: str) -> str:
    """Return the pattern with one mask for all kinds: a value that is now a number, now a word, is one value."""
    return _ANY_MASK.sub(ANY_VALUE, pattern) if "<" in pattern else pattern


def _mask_last_word(text: str) -> str:
    before, colon, word = text.rpartition(": ")
    if not colon or " " in word or "<" in word or not word:
        return text
    core = word.rstrip(".!?")
    known = core.lower() in _OUTCOMES or core.endswith(("Error", "Exception")) or (core.isupper() and len(core) > 1)
    return text if known else f"{before}: <str>"


def _first_lines(message: str) -> str:
    text = message.lstrip()[:LENGTH_LIMIT]
    if "\n" in text:
        lines = [line for line in text.splitlines() if line.strip()]
        first = lines[0].rstrip()
        text = f"{first} {lines[1]}" if first.endswith(":") and len(lines) > 1 else first
    return " ".join(text.translate(_MARKS).split())


def _mask_token(token: str) -> str:
    """Return what stands for one token, which holds no separator."""
    core = token.rstrip(".!?:")
    tail = token[len(core) :]
    if not core or core.lower() in _KEEP:
        return token
    if _DIGIT.search(core):
        return _mask_digits(core) + tail
    if core in _CALENDAR:
        return _CALENDAR_MARK + token
    if core in _UNITS or core.lower() in _UNITS:
        return _UNIT_MARK + token
    return _mask_word(core) + tail


def _mask_digits(core: str) -> str:
    """Return the mask of a token with a digit in it."""
    for pattern, name in (
        (_NUMBER, "<num>"),
        (_IP, "<ip>"),
        (_TIME, "<time>"),
        (_UUID, "<uuid>"),
        (_ADDRESS, "<addr>"),
        (_HEX, "<hex>"),
        (_EMAIL, "<email>"),
        (_PATH, "<path>"),
        (_COLON_HEX, "<ip>"),
    ):
        if pattern.fullmatch(core):
            return name
    if ":" in core:
        return ":".join(_masks[part] for part in core.split(":"))
    return "<str>"


def _mask_word(core: str) -> str:
    """Return the mask of a token without digits, or the token where it is a word."""
    if "@" in core and _EMAIL.fullmatch(core):
        return "<email>"
    if ("/" in core or "\\" in core) and _PATH.fullmatch(core):
        return "<path>"
    if ":" in core:
        return ":".join(_masks[part] for part in core.split(":"))
    if "." in core and _HOST.fullmatch(core):
        return _mask_dotted(core)
    if "/" in core and core.rpartition(".")[2].lower() in _FILE_EXTENSIONS and not core.endswith("/"):
        return "<path>"
    return "<hex>" if _HEX.fullmatch(core) else core


def _mask_dotted(core: str) -> str:
    """Return the mask of a dotted name: host, file or package; names of exceptions and constants are text."""
    labels = core.split(".")
    last = labels[-1]
    if last.endswith(("Error", "Exception")) or (last.isupper() and "_" in last):
        return core
    if last.lower() in _TOP_LEVEL_DOMAINS:
        return "<addr>"
    if last.lower() in _FILE_EXTENSIONS:
        return "<path>"
    return "<str>" if len(labels) >= _LABELS_OF_A_NAME else core
