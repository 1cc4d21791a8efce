"""The end of a text that was cut: half of a secret is no longer known for one by its form, so what may be one goes.

Looks only behind the last white space, and for what has blanks in it at the last characters, so it costs next to
nothing. What a key names (``password=x``) needs no end and is found as in any text.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import PLACEHOLDER, rules
from errtally.event.scrub.keys import KeyKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.settings import ScrubSettings
    from errtally.event.scrub.values import Counts

MARKS = ("…", "...")
"""What stands where a text was cut: ours, and that of most clients."""

_WINDOW = 600
_WORD_LIMIT = 65_536
_TOKEN_CHARACTERS = string.ascii_letters + string.digits + "_-.+/=%"
_ADDRESS_CHARACTERS = string.ascii_letters + string.digits + "._%+-@"
_TOKEN_START = re.compile(rules()["cut"]["token_start"])
_USERINFO = re.compile(r"(?<=://)[^\s/?#\"'<>\\`@\[\]]+\Z")
_AUTHORIZATION = re.compile(r"\b(?:basic|bearer)[ ]+([^\s\[]{2,})\Z", re.IGNORECASE)
_ELEMENT = re.compile(r"<([\w:.-]{1,64})>([^<>]{1,512})\Z")
_HOME = re.compile(r"(?:/(?:home|[Uu]sers)/|\\[Uu]sers\\{1,4})([^\s/\\:\"'<>\[\]]+)\Z")
_NUMBER = re.compile(r"(?<![\w.])\+?[0-9](?:[ ()-]{0,2}[0-9]){5,30}[ -]?\Z")
_ACCOUNT = re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){3,32}[ ]?\Z")
_IPV4 = re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){2,3}\.?\Z")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?:[:-][0-9A-Fa-f]{0,4}){3,8}\Z")


def scrub_cut(text: str, settings: ScrubSettings, keys: KeyMatcher, counts: Counts) -> str:
    """Redact what may be the beginning of a secret at the end of a text that ends in one of `MARKS`."""
    mark = MARKS[0] if text.endswith(MARKS[0]) else MARKS[1]
    whole = text[: -len(mark)]
    for rule, find in _FINDERS:
        if not _is_on(rule, settings):
            continue
        start = find(whole, keys, mark)
        if start is not None and start < len(whole):
            counts[rule] = counts.get(rule, 0) + 1
            return f"{whole[:start]}{PLACEHOLDER}{mark}"
    return text


def _is_on(rule: str, settings: ScrubSettings) -> bool:
    return {
        "email": settings.emails,
        "ip_address": settings.ip_addresses != "keep",
        "home_directory": settings.home_directories,
    }.get(rule, True)


def _trailing(text: str, characters: str) -> int:
    """Where the last characters of these begin; no further back than some thousand."""
    floor = max(len(text) - _WORD_LIMIT, 0)
    return floor + len(text[floor:].rstrip(characters))


def _token(text: str, _: KeyMatcher, __: str) -> int | None:
    start = _trailing(text, _TOKEN_CHARACTERS)
    found = _TOKEN_START.search(text, start)
    return found.start() if found else None


def _userinfo(text: str, _: KeyMatcher, mark: str) -> int | None:
    """User and password of an address; behind a mark of others a host alone, with a port or not, is one that ended."""
    floor = max(len(text) - _WORD_LIMIT, text.rfind("://"), 0)
    found = _USERINFO.search(text, floor)
    if found is None:
        return None
    rest = found.group().partition(":")[2]
    return found.start() if mark == MARKS[0] or (rest and not rest.isdigit()) else None


def _email(text: str, _: KeyMatcher, __: str) -> int | None:
    start = _trailing(text, _ADDRESS_CHARACTERS)
    place = text.find("@", start)
    return start if place > start and text[start:place] != "git" else None


def _first_group(pattern: re.Pattern[str]) -> Callable[[str, KeyMatcher, str], int | None]:
    def find(text: str, _: KeyMatcher, __: str) -> int | None:
        found = pattern.search(text, max(len(text) - _WINDOW, 0))
        return None if found is None else found.start(pattern.groups)

    return find


def _element(text: str, keys: KeyMatcher, _: str) -> int | None:
    found = _ELEMENT.search(text, max(len(text) - _WINDOW, 0))
    if found is None or found[2].startswith(PLACEHOLDER) or keys.kind(found[1]) is not KeyKind.SECRET:
        return None
    return found.start(2)


_FINDERS: tuple[tuple[str, Callable[[str, KeyMatcher, str], int | None]], ...] = (
    ("token", _token),
    ("url_credentials", _userinfo),
    ("authorization", _first_group(_AUTHORIZATION)),
    ("key", _element),
    ("email", _email),
    ("iban", _first_group(_ACCOUNT)),
    ("ip_address", _first_group(_IPV4)),
    ("ip_address", _first_group(_IPV6)),
    ("card", _first_group(_NUMBER)),
    ("home_directory", _first_group(_HOME)),
)
