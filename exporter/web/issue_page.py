"""What the page of an issue shows, put together from the store's answers, and the JSON of one of its events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, current_app, redirect, request, url_for
from flask import Response as FlaskResponse

from errtally import names
from errtally.exporter.web import charts, event_view, links
from errtally.exporter.web.shown_text import Allowance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response as WerkzeugResponse

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.store.reading import StoreReader

MAX_TAG_VALUES_SHOWN = 6
MAX_ALERTS_SHOWN = 10
MAX_HISTORY_SHOWN = 50
TAGS_CHARACTERS = 14_000
"""Of HTML for what the events share."""

TAG_CHARACTERS = 100
_TAG_MARKUP, _SHARE_MARKUP = 180, 180
MAX_MERGED_SHOWN = 50

routes = Blueprint("issue_page", __name__)


@dataclass(frozen=True, slots=True)
class Steps:
    """The kept events of an issue, to step through; ids, "" where there is nothing to step to.

    Attributes:
        place: of the shown one, 1 for the oldest; 0 when the shown one is not kept.
    """

    place: int
    count: int
    first: str
    previous: str
    next: str
    latest: str


@dataclass(frozen=True, slots=True)
class TagShare:
    """One value of a tag, and its share of the events that have the tag; ``percent`` is a whole number."""

    value: str
    events: int
    percent: int
    is_rest: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """What the events of an issue have under one name; values by events, the rest last."""

    name: str
    shares: tuple[TagShare, ...]


def context(found: dict[str, Any], *, reader: StoreReader, config: ExporterConfig, now: float) -> dict[str, Any]:
    """Return what the template needs beside the issue itself.

    Args:
        found: the issue as the reader gives it.
        reader: the store.
        config: knows where Grafana is.
        now: seconds since the epoch.

    Raises:
        StoreError: the store can't be read.
    """
    ids, project = found["ids"], found["project"]
    kept = [sample["event_id"] for sample in reversed(found["samples"])]
    event_id = request.args.get("event") or (kept[-1] if kept else "")
    event = reader.sample(ids, event_id) if event_id else None
    hour, day = int(now // 3600), int(now // 86400)
    by_day = reader.days(ids, day - charts.DAYS_SHOWN + 1)
    fingerprints = {found["fingerprint"], *(merged["fingerprint"] for merged in found["merged_fingerprints"])}
    of_issue, of_project = alerts_of(reader.firing(project), fingerprints, request.script_root)
    return {
        "event": event_view.view(event) if event is not None else None,
        "steps": steps(kept, event_id),
        "charts": (
            charts.by_hour(reader.hours(ids, hour - charts.HOURS_SHOWN + 1), now),
            charts.by_day(by_day, now),
        ),
        "fortnight": charts.newest(by_day, day, charts.FORTNIGHT_DAYS),
        "tags": tags(reader.tags(ids)),
        "alerts_of_issue": of_issue,
        "alerts_of_project": of_project,
        "dashboards": links.dashboards(config.grafana_url, project, found["fingerprint"]),
        "history": found["history"][:MAX_HISTORY_SHOWN],
        "merged": found["merged_fingerprints"][:MAX_MERGED_SHOWN],
    }


def steps(kept: Sequence[str], event_id: str) -> Steps:
    """Return where one can go from an event.

    Args:
        kept: ids of the events that are kept, the oldest first.
        event_id: the one that is shown; it need not be among them.
    """
    if not kept:
        return Steps(0, 0, "", "", "", "")
    place = kept.index(event_id) + 1 if event_id in kept else 0
    return Steps(
        place,
        len(kept),
        first=kept[0] if place != 1 else "",
        previous=kept[place - 2] if place > 1 else "",
        next=kept[place] if 0 < place < len(kept) else "",
        latest=kept[-1] if place != len(kept) else "",
    )


def tags(counted: Mapping[str, Sequence[tuple[str, int]]]) -> tuple[Tag, ...]:
    """Return tags with shares: the values that most events have, and what is left as one.

    Args:
        counted: tag to values and events, most events first; `names.OTHER` stands for values that were too many.
    """
    found: list[Tag] = []
    allowance = Allowance(TAGS_CHARACTERS)
    for name, values in counted.items():
        total = sum(events for _, events in values)
        named = [(value, events) for value, events in values if value != names.OTHER]
        # One value more than fits is shown itself: it would not be shorter as "other".
        cut = MAX_TAG_VALUES_SHOWN if len(named) > MAX_TAG_VALUES_SHOWN + 1 else len(named)
        if allowance.is_empty:
            break
        label = allowance.take(name, TAG_CHARACTERS, markup=_TAG_MARKUP)
        shares = [
            TagShare(
                allowance.take(value, TAG_CHARACTERS, markup=_SHARE_MARKUP),
                events,
                _percent(events, total),
                is_rest=False,
            )
            for value, events in named[:cut]
            if not allowance.is_empty
        ]
        if rest := total - sum(share.events for share in shares):
            shares.append(TagShare("other values", rest, _percent(rest, total), is_rest=True))
        found.append(Tag(label, tuple(shares)))
    return tuple(found)


def alerts_of(
    firing: Sequence[Mapping[str, Any]], fingerprints: set[str], base: str = ""
) -> tuple[tuple[links.AlertView, ...], tuple[links.AlertView, ...]]:
    """Return the alerts about an issue, and those about its project and no other issue."""
    shown = [links.alert(stored, base) for stored in firing]
    of_issue = tuple(alert for alert in shown if alert.issue in fingerprints)
    of_project = tuple(alert for alert in shown if not alert.issue)
    return of_issue[:MAX_ALERTS_SHOWN], of_project[:MAX_ALERTS_SHOWN]


@routes.get("/issues/<fingerprint>/events/<event_id>.json")
def event_json(fingerprint: str, event_id: str) -> FlaskResponse:
    """Return one kept event whole, as far as it was kept."""
    reader: StoreReader = current_app.extensions["errtally"]["reader"]
    found = reader.issue(fingerprint, request.args.get("project"))
    event = reader.sample(found["ids"], event_id) if found is not None else None
    if event is None:
        abort(404)
    return FlaskResponse(json.dumps(event, indent=1, ensure_ascii=False), content_type="application/json")


@routes.get("/events/<event_id>")
def event_page(event_id: str) -> WerkzeugResponse:
    """Lead from an event's id alone, such as that of an exemplar in Grafana, to the event on its issue's page."""
    reader: StoreReader = current_app.extensions["errtally"]["reader"]
    kept = reader.kept_event(event_id.replace("-", "").lower())
    found = reader.issue(kept.fingerprint, kept.project) if kept is not None else None
    if kept is None or found is None:
        abort(404)
    return redirect(url_for("web.issue", fingerprint=found["fingerprint"], project=kept.project, event=kept.event_id))


def _percent(events: int, total: int) -> int:
    """Return a whole percentage; what is there at all is never 0, and what is not all never 100."""
    share = round(100 * events / total)
    return min(max(share, 1), 99) if events < total else 100
