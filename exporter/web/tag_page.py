"""The values of one tag of an issue: how many events have each, and when they were first and last seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, abort, make_response, render_template, request

from errtally import names
from errtally.exporter.web import parts, policy

if TYPE_CHECKING:
    from flask import Response

routes = Blueprint("tag", __name__)


@routes.get("/issues/<fingerprint>/tags/<path:tag>")
def page(fingerprint: str, tag: str) -> Response:
    """Show what a tag's values are."""
    reader = parts.reader()
    found = reader.issue(fingerprint, request.args.get("project"))
    values = reader.tags(found["ids"]).get(tag) if found is not None else None
    if found is None or values is None:
        abort(404)
    times = reader.tag_times(found["ids"])
    total = sum(events for _, events in values)
    html = render_template(
        "tag.html",
        issue=found,
        tag=tag,
        rows=[
            {
                "value": value,
                "is_rest": value == names.OTHER,
                "events": events,
                "share": 100 * events / total,
                "first_seen": times[tag, value][0],
                "last_seen": times[tag, value][1],
            }
            for value, events in values
        ],
        total=total,
        now=time.time(),
    )
    return policy.with_own_script(make_response(html))
