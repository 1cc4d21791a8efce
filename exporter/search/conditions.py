"""What a query asks of an issue: conditions that have to hold, whatever the words were that said them."""

from __future__ import annotations

from dataclasses import dataclass

STATES = (
    "unresolved", "resolved", "ignored", "regressed", "new", "merged", "assigned", "unassigned", "linked", "unhandled",
)  # fmt: skip
"""What ``is:`` takes."""

NEW_SECONDS = 86_400
"""How long an issue is new."""

TEXTS = (
    "type",
    "culprit",
    "project",
    "environment",
    "release",
    "first_release",
    "level",
    "platform",
    "assignee",
    "priority",
)
"""Fields that are compared as texts."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Text to look for: literal parts, with any characters between them."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Text within type, title, pattern, culprit, a message or a tag's value; case does not matter.

    Attributes:
        is_common: whether so many texts have it that it is quicker to look at each issue that the rest leaves.
        is_tag_common: the same of values of tags.
    """

    text: Wording
    is_common: bool = False
    is_tag_common: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What an issue is: one of `STATES`."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an issue is a text as a whole; the case of ASCII letters does not matter."""

    name: str
    text: Wording


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag has a value; case does not matter in the value.

    Attributes:
        is_sure: whether the words can mean nothing else. Else ``localhost:5432`` is a tag where there are tags of
            that name, and a text where there are none.
        is_common: as of `Words`.
    """

    name: str
    text: Wording
    is_sure: bool = False
    is_common: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """``events`` or ``users`` against an amount; the operator is one of SQL's and Python's but for ``=``."""

    name: str
    operator: str
    amount: int


@dataclass(frozen=True, slots=True)
class Moment:
    """``first_seen`` or ``last_seen`` is not before ``since`` and before ``until``, seconds since the epoch."""

    name: str
    since: float | None
    until: float | None


@dataclass(frozen=True, slots=True)
class Has:
    """A tag has any value."""

    name: str


@dataclass(frozen=True, slots=True)
class LatestRelease:
    """The first or last release is the newest one that the project's events or sessions named."""


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """``release`` or ``first_release`` stands before or behind another in the order of the project's releases.

    Attributes:
        operator: one of SQL's.
        among: projects and releases for which that is so; None before the store was asked.
    """

    name: str
    operator: str
    release: str
    among: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A user of a kept event is called so; the case of letters does not matter.

    Attributes:
        kinds: by what, some of `people.KINDS`.
        hashes: what the name is for the store; none before its key was asked for.
    """

    kinds: tuple[str, ...]
    name: str
    hashes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """The issue has this number, or something that was merged into it has."""

    number: int


@dataclass(frozen=True, slots=True)
class Fixed:
    """Every issue matches, or none: what is asked for is the same for all of them."""

    holds: bool


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several conditions holds."""

    conditions: tuple[Condition, ...]


Condition = (
    Words
    | State
    | Field
    | Tag
    | Number
    | Moment
    | Has
    | LatestRelease
    | ReleaseOrder
    | Person
    | Identity
    | Fixed
    | AnyOf
)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition, or that it does not hold."""

    condition: Condition
    is_negated: bool = False
