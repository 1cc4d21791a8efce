"""The versions of the algorithm: the newest groups; former ones say what an issue was called before.

A former version stays here for a transition. While it does, each event is grouped by it too, so that an issue goes
on under its old name: the writer makes a new fingerprint an alias of the old one when that is a known issue.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from errtally.exporter.grouping import version_1
from errtally.exporter.grouping.fingerprint import VERSION, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.event.model import Event
    from errtally.exporter.grouping.model import Grouping, Rule
    from errtally.exporter.grouping.ownership import Ownership

TRANSITION_SECONDS: Final = 90 * 86400
"""How long after the first event of a new version the old fingerprints are still looked up."""


class Version(NamedTuple):
    """One former version of the algorithm, by its number."""

    number: int
    fingerprint: Callable[[Event, Rule | None], Grouping]


FORMER: Final[tuple[Version, ...]] = (Version(version_1.VERSION, version_1.fingerprint),)
"""The newest first."""

NUMBERS: Final = (VERSION, *(version.number for version in FORMER))


def identify(
    event: Event,
    rule: Rule | None = None,
    own: Ownership | None = None,
    *,
    former: Sequence[Version] = FORMER,
) -> Grouping:
    """Group an event by the newest version; ``former`` has its fingerprints by the others.

    Args:
        event: scrubbed.
        rule: server-side fingerprint rules.
        own: which frames the settings call the application's.
        former: the versions before, the newest first.
    """
    return with_former(fingerprint(event, rule, own), event, rule, former)


def with_former(
    grouping: Grouping, event: Event, rule: Rule | None = None, former: Sequence[Version] = FORMER
) -> Grouping:
    """Add an event's fingerprints by former versions to what the newest says."""
    if not former:
        return grouping
    return replace(grouping, former=tuple([version.fingerprint(event, rule).fingerprint for version in former]))
