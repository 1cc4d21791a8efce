"""The order of a project's releases: by version or date where the names tell, else by when they appeared.

Names alone do not order everything (``9f3c2a1`` and ``1.4.2``), and an order that picks its rule anew for each pair
runs in circles. So every release gets a rank when it appears: the number at which it, or a newer release of its own
series, appeared first. Ranks order releases of different series, names those of one series; together that is a total
order, and a release that appears later changes nothing about those known before.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ESTABLISHED_USES = 10
ESTABLISHED_SHARE = 0.1
"""A release that something came in of so often, or this part of what the most used one has, is one that runs."""

MAX_RELEASES = 1000
"""Releases of one project that are known; beyond, the one that appeared first is forgotten."""

_CALENDAR_YEARS = range(1990, 2101)
_DATE = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:[T _-](?P<hour>[0-9]{2})[:.-]?(?P<minute>[0-9]{2})(?:[:.-]?(?P<second>[0-9]{2}))?(?:\.[0-9]+)?Z?)?"
)
_COMPACT_DATE = re.compile(
    r"(?P<year>(?:19|20)[0-9]{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12][0-9]|3[01])"
    r"(?:[T_-]?(?P<hour>[01][0-9]|2[0-3])(?P<minute>[0-5][0-9])(?P<second>[0-5][0-9])?)?"
)
_VERSION = re.compile(
    r"[vV]?(?P<core>[0-9]{1,18}(?:\.[0-9]{1,18}){0,5})"
    r"(?:-(?P<commits>[0-9]{1,9})-g[0-9a-f]{7,40}(?:-dirty)?|-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_MAX_BUILD_NUMBER_DIGITS = 6
"""A longer whole number is as likely the beginning of a commit's hash."""

VersionKey = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]
"""Numbers; 0 for a pre-release, 1 for a release, more for commits after it; the identifiers of a pre-release."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a release's name tells.

    Attributes:
        series: releases that compare by their names share it: the package and the kind of name.
        key: place within the series; None when only the order of appearance tells.
    """

    series: tuple[str, str]
    key: VersionKey | None


@lru_cache(maxsize=4096)
def parse(release: str) -> Name:
    """Read a release's name: ``1.4.2``, ``v1.4``, ``shop@1.4.2-rc.1+77``, ``2026.11.3``, ``2026-11-24``, or any other.

    Semantic Versioning 2.0 decides, with any count of numbers and leading zeros allowed. What ``git describe`` adds
    (``1.4.2-5-g9f3c2a1``) are commits after the release, not before it.
    """
    package, _, version = release.rpartition("@")
    if found := _DATE.fullmatch(version) or _COMPACT_DATE.fullmatch(version):
        numbers = tuple([int(part or 0) for part in found.group("year", "month", "day", "hour", "minute", "second")])
        return Name((package, "date"), (numbers, 1, ()))
    found = _VERSION.fullmatch(version)
    if found is None or (version.isdigit() and len(version) > _MAX_BUILD_NUMBER_DIGITS):
        return Name((package, "name"), None)
    core = [int(part) for part in found["core"].split(".")]
    kind = "calendar" if len(core) > 1 and core[0] in _CALENDAR_YEARS else "version"
    while core and core[-1] == 0:
        core.pop()
    if found["commits"] is not None:
        return Name((package, kind), (tuple(core), 1 + int(found["commits"]), ()))
    pre = tuple([_identifier(part) for part in found["pre"].split(".")]) if found["pre"] else ()
    return Name((package, kind), (tuple(core), 0 if pre else 1, pre))


def _identifier(text: str) -> tuple[int, int, str]:
    """Order of a pre-release's identifiers: numbers by value, before texts."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


@dataclass(frozen=True, slots=True)
class Release:
    """A release that a project has had.

    Attributes:
        number: counts the project's releases in the order in which they appeared.
        rank: number at which it, or a newer one of its series, appeared first.
        seen: when something of it came in first; None when only a person named it so far.
    """

    release: str
    number: int
    rank: int
    seen: float | None = None

    @property
    def place(self) -> tuple[int, VersionKey, int]:
        """Where it stands in the project's order."""
        return (self.rank, parse(self.release).key or _NO_KEY, self.number)


_NO_KEY: VersionKey = ((), 0, ())


@dataclass(slots=True)
class Releases:
    """The releases of one project, in their order."""

    known: dict[str, Release] = field(default_factory=dict)
    next_number: int = 1
    uses: Counter[str] = field(default_factory=Counter)
    """How often something of a release came in."""

    @classmethod
    def load(cls, releases: Iterable[Release]) -> Releases:
        """Build from what the store has."""
        loaded = cls({one.release: one for one in sorted(releases, key=lambda one: one.number)})
        loaded.next_number = max((one.number for one in loaded.known.values()), default=0) + 1
        return loaded

    def add(self, release: str, seen: float | None) -> tuple[Release, list[str]]:
        """Note a release that appears, or that was only named and is seen now.

        Args:
            release: its name, not "".
            seen: when something of it came in; None when a person named it.

        Returns:
            The release, and the names of those forgotten for it.
        """
        former = self.known.get(release)
        if former is not None:
            made = Release(release, former.number, former.rank, seen if former.seen is None else former.seen)
            self.known[release] = made
            return made, []
        rank, name = self.next_number, parse(release)
        if name.key is not None:
            for other in self.known.values():
                theirs = parse(other.release)
                if theirs.series == name.series and theirs.key is not None and theirs.key > name.key:
                    rank = min(rank, other.rank)
        made = self.known[release] = Release(release, self.next_number, rank, seen)
        self.next_number += 1
        forgotten = list(self.known)[: max(len(self.known) - MAX_RELEASES, 0)]
        for name_ in forgotten:
            del self.known[name_]
            self.uses.pop(name_, None)
        return made, forgotten

    def newest(self) -> Release | None:
        """Return the newest release of which something came in, None without any.

        One that hardly anything came in of, beside others of which much did, may be made up (`999.9.9`): it would stand
        in front of all that come.
        """
        seen = [one for one in self.known.values() if one.seen is not None]
        most = max((self.uses[one.release] for one in seen), default=0)
        needed = min(ESTABLISHED_USES, ESTABLISHED_SHARE * most)
        return max((one for one in seen if self.uses[one.release] >= needed), key=_place, default=None)

    def named(self, sent: str) -> str:
        """Return the release that a person means: with or without package, as the project's releases are called.

        Args:
            sent: ``10.24.0`` may mean ``app@10.24.0``, and ``v1.4`` ``1.4.0``.
        """
        name = parse(sent)
        if sent in self.known or name.key is None:
            return sent
        package, kind = name.series
        places = sorted(self.known.values(), key=_place, reverse=True)
        for one in places:
            theirs = parse(one.release)
            is_same_package = theirs.series[0] == package or not package or not theirs.series[0]
            if theirs.key == name.key and theirs.series[1] == kind and is_same_package:
                return one.release
        packages = {parse(one.release).series[0] for one in places if parse(one.release).key is not None}
        if not packages or package in packages:
            return sent
        if not package:
            newest = next(parse(one.release).series[0] for one in places if parse(one.release).key is not None)
            return f"{newest}@{sent}"
        return sent.rpartition("@")[2] if packages == {""} else sent


def _place(release: Release) -> tuple[int, VersionKey, int]:
    return release.place
