"""Links that begin a ticket about an issue in a tracker, with its fields filled in. Pure."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from errtally.exporter.search import short_ids
from errtally.exporter.ticket_template import FIELDS
from errtally.exporter.web.links import Link
from errtally.exporter.web.shown_text import visible
from errtally.exporter.web.times import utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.ticket_template import TicketTemplate

MAX_URL = 6_000
"""Characters of an address: browsers and servers take at least 8,000."""

MAX_TITLE = 200
_FIELD = re.compile(rf"\{{({'|'.join(FIELDS)})\}}")


def begin(templates: Sequence[TicketTemplate], issue: Mapping[str, Any], heading: str, link: str) -> tuple[Link, ...]:
    """Return the links of an issue's project.

    Args:
        templates: as configured.
        issue: as the store's reader has it.
        heading: what broke, in words.
        link: address of the issue's page.
    """
    short_id = short_ids.encode(issue["project"], issue["id"])
    title = f"[{short_id}] {heading}"[:MAX_TITLE]
    fields = {"title": title, "body": _body(issue, heading, link), "link": link, "short_id": short_id}
    chosen = [one for one in templates if one.project in {"", issue["project"]}]
    return tuple(Link(one.name, _filled(one.url, fields)) for one in chosen)


def _filled(template: str, fields: Mapping[str, str]) -> str:
    """Fill an address in; of a body that is too long the end is left out, where a character ends."""
    body = fields["body"]
    while len(filled := _FIELD.sub(partial(_quoted, {**fields, "body": body}), template)) > MAX_URL and body:
        body = body[: -max((len(filled) - MAX_URL) // 12, 1)]  # a character is 12 of an address at most
    return filled


def _quoted(fields: Mapping[str, str], found: re.Match[str]) -> str:
    return quote(fields[found[1]], safe="")


def _body(issue: Mapping[str, Any], heading: str, link: str) -> str:
    """Say what broke in Markdown; what clients sent stands in a block, so that none of it is markup."""
    release = f", release {issue['last_release']}" if issue["last_release"] else ""
    what = "\n".join(line for line in (heading, visible(issue["culprit"])) if line).replace("```", "'''")
    return (
        f"```\n{what}\n```\n\n"
        f"{issue['events']} events, {issue['users'] or 0} users; first seen {utc(issue['first_seen'])}, "
        f"last seen {utc(issue['last_seen'])}{release}.\n\n{link}\n"
    )
