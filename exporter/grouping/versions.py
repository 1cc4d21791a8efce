"""The versions of the algorithm: the newest groups; former ones say what an issue was called before.

A former version stays here for a transition. While it does, each event is grouped by it too, so that an issue goes
on under its old name: the writer makes a new fingerprint an alias of the old one when that is a known issue.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from errtally.exporter.grouping.fingerprint import VERSION, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.event.model import Event
    from errtally.exporter.grouping.model import Grouping, Rule

TRANSITION_SECONDS: Final = 90 * 86400
"""How long after the first event of a new version the old fingerprints are still looked up."""


class Version(NamedTuple):
    """One version of the algorithm, by its number."""

    number: int
    fingerprint: Callable[[Event, Rule | None], Grouping]


REGISTRY: Final[tuple[Version, ...]] = (Version(VERSION, fingerprint),)
"""The newest first. With one version only, an event is grouped once."""


def identify(event: Event, rule: Rule | None = None, registry: Sequence[Version] = REGISTRY) -> Grouping:
    """Group an event by the newest version; ``former`` has its fingerprints by the others.

    Args:
        event: scrubbed.
        rule: server-side fingerprint rules.
        registry: versions, the newest first.
    """
    newest, *former = registry
    grouping = newest.fingerprint(event, rule)
    if not former:
        return grouping
    return replace(grouping, former=tuple([version.fingerprint(event, rule).fingerprint for version in former]))
