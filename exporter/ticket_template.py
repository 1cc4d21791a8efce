"""Where a tracker begins a ticket: an address of the configuration that an issue fills in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS = ("title", "body", "link", "short_id")
"""What can stand in braces."""


@dataclass(frozen=True, slots=True)
class TicketTemplate:
    """Where a tracker begins a ticket.

    Attributes:
        name: what its link says.
        url: an address with ``{title}``, ``{body}``, ``{link}`` and ``{short_id}``.
        project: of whose issues; "" for those of all.
    """

    name: str
    url: str
    project: str = ""


def read(entries: Sequence[Mapping[str, str]], place: str, problems: list[str]) -> tuple[TicketTemplate, ...]:
    """Read templates; what stands in braces has to be known, or the tracker would show the braces.

    Args:
        entries: of the configuration, valid by its schema.
        place: what they are called in a problem.
        problems: where to add what is wrong.
    """
    for index, entry in enumerate(entries):
        for field in re.findall(r"\{([^{}]*)\}", entry["url"]):
            if field not in FIELDS:
                known = ", ".join(f"{{{one}}}" for one in FIELDS)
                problems.append(f"{place}[{index}].url: {{{field}}} is none of {known}")
    return tuple(TicketTemplate(**entry) for entry in entries)
