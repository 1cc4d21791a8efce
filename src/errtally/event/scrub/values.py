"""Secrets that show by their own form: tokens, keys, cards, accounts, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from errtally.event.scrub.catalogue import COUNT_LIMIT, PLACEHOLDER, rules
from errtally.event.scrub.checks import CHECKS, PUBLIC_ONLY
from errtally.event.scrub.gates import any_word
from errtally.event.scrub.keys import KeyKind
from errtally.event.scrub.spans import is_harmless
from errtally.event.scrub.token_checks import is_random

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.settings import ScrubSettings

_FEW = 4
_PROSE = frozenset(rules()["text"]["prose"])
_WORDS = _PROSE | frozenset(rules()["text"]["harmless_values"])
_LONG_USER = 16
_SHORTEST_LONE_TOKEN = 12

Counts = MutableMapping[str, int]
"""How often each rule took something out; a Counter or a dict."""


@dataclass(frozen=True, slots=True)
class ValueRule:
    """One pattern.

    Attributes:
        needles: lowered text without any of these can't match; empty when the rule is for digits or colons.
        gate: the pattern of what no word tells; "" = none.
        has_needle: searches for the needles where they are many, or for what no word tells.
        sign: stands in every text that can match beside a needle; "" when the needles themselves are rare enough.
        digits: tried only where the guard for digits found something.
        colons: tried also where five colons or dashes stand.
        check: says whether a match is a secret.
        keep: the number of the group that stays in front of the placeholder; 0 = none.
    """

    name: str
    pattern: re.Pattern[str]
    needles: tuple[str, ...]
    gate: str
    has_needle: Callable[[str], re.Match[str] | None] | None
    sign: str
    digits: bool
    colons: bool
    check: Callable[[re.Match[str]], bool] | None
    keep: int

    def applies(self, lowered: str, *, has_digits: bool, has_colons: bool) -> bool:
        """Say cheaply whether the rule can match at all."""
        if (self.digits and has_digits) or (self.colons and has_colons):
            return True
        if self.sign not in lowered:
            return False
        if self.has_needle is not None:
            return self.has_needle(lowered) is not None
        for needle in self.needles:  # noqa: SIM110 (twice as fast as any() of a generator, on the hot path)
            if needle in lowered:
                return True
        return False

    def scrub(self, text: str, counts: Counts) -> str:
        """Redact every match that the check confirms."""
        pieces: list[str] = []
        done = 0
        for hits, match in enumerate(self.pattern.finditer(text)):
            if hits >= COUNT_LIMIT:
                counts["limit"] = counts.get("limit", 0) + 1
                return "".join([*pieces, text[done : match.start()], PLACEHOLDER])
            if self.check is not None and not self.check(match):
                continue
            kept = next((part for part in match.groups()[:: self.keep + 1] if part), "") if self.keep else ""
            pieces += (text[done : match.start()], kept, PLACEHOLDER)
            done = match.end()
            counts[self.name] = counts.get(self.name, 0) + 1
        return "".join([*pieces, text[done:]]) if pieces else text


Block = tuple["Callable[[str], re.Match[str] | None] | None", tuple[ValueRule, ...]]
"""Rules that follow each other, and what says for all of them that none can match; None when nothing does."""


def blocks(rules_: Iterable[ValueRule]) -> tuple[Block, ...]:
    """Put rules together, in their order, that are for words and not for numbers."""
    found: list[Block] = []
    for by_words, group in groupby(rules_, lambda rule: not (rule.digits or rule.colons)):
        members = tuple(group)
        if not by_words:
            found.append((None, members))
            continue
        words = any_word({needle for rule in members for needle in rule.needles})
        own = {rule.gate for rule in members if rule.gate}
        found.append((re.compile("|".join([*filter(None, [words]), *sorted(own)])).search, members))
    return tuple(found)


def value_rules(settings: ScrubSettings, keys: KeyMatcher) -> tuple[ValueRule, ...]:
    """Build the rules that the settings ask for, in the order in which they are applied."""

    def secret_flag(match: re.Match[str]) -> bool:
        value = match.group()[len(match.group(1)) :].strip("[]'\"")
        is_name = value.isupper() and value.replace("_", "").isalpha()  # as `usage:` tells: --password PASSWORD
        is_name = is_name or (value.isidentifier() and keys.kind(value) is KeyKind.SECRET)
        return not is_name and value.lower() not in _PROSE and keys.kind(match.group(1).strip()) is KeyKind.SECRET

    def secret_argument(match: re.Match[str]) -> bool:
        value = match.group()[len(match.group(1)) :].strip("'\"")
        # A list of two names of fields is no name and its value.
        return (
            keys.kind(match.group(3)) is KeyKind.SECRET
            and keys.kind(value) is KeyKind.PLAIN
            and value.lower() not in _WORDS
            and not is_harmless(value)
        )

    checks = {**CHECKS, "secret_flag": secret_flag, "secret_argument": secret_argument, "userinfo": _userinfo}
    if settings.ip_addresses == "public":
        checks |= PUBLIC_ONLY
    switches = {
        "emails": settings.emails,
        "ip_addresses": settings.ip_addresses != "keep",
        "home_directories": settings.home_directories,
        "phones": settings.phones,
    }
    return tuple(
        ValueRule(
            name=entry["rule"],
            pattern=re.compile(entry["pattern"]),
            needles=tuple(entry.get("needles", ())),
            gate=entry.get("gate", ""),
            has_needle=_gate(entry),
            sign=entry.get("sign", ""),
            digits=entry.get("digits", False),
            colons=entry.get("colons", False),
            check=checks[entry["check"]] if "check" in entry else None,
            keep=entry.get("keep", 0),
        )
        for entry in rules()["values"]
        if switches.get(entry.get("switch"), True)
    )


def _gate(entry: Mapping[str, Any]) -> Callable[[str], re.Match[str] | None] | None:
    """What finds quickly that a rule may match, where that is not a few words."""
    if "gate" in entry:
        return re.compile(entry["gate"]).search
    needles = entry.get("needles", ())
    return re.compile(any_word(needles)).search if len(needles) > _FEW else None


def _userinfo(match: re.Match[str]) -> bool:
    """User and password in a URL; a user alone in http, where it is a key (a Sentry DSN, a token), or a random one."""
    userinfo = match.group(2)
    if ":" in userinfo:
        return userinfo.rpartition(":")[2].strip("*x") != ""
    if userinfo.isalpha() and len(userinfo) < _LONG_USER:
        return False
    is_web = match.string[max(0, match.start() - 5) : match.start()].lower().endswith(("http", "https"))
    return is_web or (len(userinfo) >= _SHORTEST_LONE_TOKEN and is_random(userinfo))
