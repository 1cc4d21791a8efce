"""What the page of an issue shows, put together from the store's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import request
from markupsafe import escape

from errtally import names
from errtally.exporter.store.listing import SPARK_HOURS
from errtally.exporter.web import charts, event_view, links, notices, tickets
from errtally.exporter.web.shown_text import Allowance, text_of, visible
from errtally.exporter.web.sparkline import sparkline
from errtally.exporter.web.suspects import Suspect, suspects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.store.reading import StoreReader

MAX_TAG_VALUES_SHOWN = 6
MAX_ALERTS_SHOWN = 10
MAX_HISTORY_SHOWN = 50
TAGS_CHARACTERS = 14_000
"""Of HTML for what the events share."""

TAG_CHARACTERS = 100
MAX_NOTES_SHOWN, NOTES_CHARACTERS = 20, 6_000
WHERE_CHARACTERS = 200
_TAG_MARKUP, _SHARE_MARKUP = 320, 300
MAX_MERGED_SHOWN = 50


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
    """What the events of an issue have under one name; values by events, the rest last.

    Attributes:
        name: as it is shown.
        sent: as it was sent.
    """

    name: str
    sent: str
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
    environment = request.args.get("environment", "")
    numbers = numbers_of(found, environment)
    kept = [
        sample["event_id"]
        for sample in reversed(found["samples"])
        if not environment or sample["environment"] == environment
    ]
    newest = reader.sample(ids, kept[-1]) if kept else None
    event_id = request.args.get("event") or (kept[-1] if kept else "")
    event = newest if kept and event_id == kept[-1] else (reader.sample(ids, event_id) if event_id else None)
    hour, day = int(now // 3600), int(now // 86400)
    by_hour = reader.hours(ids, hour - charts.HOURS_SHOWN + 1, environment or None)
    by_day = reader.days(ids, day - charts.DAYS_SHOWN + 1, environment or None)
    fingerprints = {found["fingerprint"], *(merged["fingerprint"] for merged in found["merged_fingerprints"])}
    of_issue, of_project = alerts_of(reader.firing(project), fingerprints, request.script_root)
    heading = (event_view.heading(newest) if newest is not None else "") or visible(found["title"])
    return {
        "heading": heading,
        "where": _where(newest) if newest is not None else "",
        "environment": environment,
        "numbers": numbers,
        "spark": sparkline({at: events for at, (events, _) in by_hour.items()}, hour, SPARK_HOURS),
        "event": event_view.view(event) if event is not None else None,
        "steps": steps(kept, event_id),
        "charts": (
            charts.by_hour(by_hour, now),
            charts.by_day(by_day, now),
        ),
        "fortnight": charts.newest(by_day, day, charts.FORTNIGHT_DAYS),
        "tags": tags(reader.tags(ids)),
        "alerts_of_issue": of_issue,
        "alerts_of_project": of_project,
        "tickets": tickets.begin(config.tickets, found, heading, _address(config, found)),
        "dashboards": links.dashboards(config.grafana_url, project, found["fingerprint"]),
        "history": found["history"][:MAX_HISTORY_SHOWN],
        "notes": _notes(found["history"]),
        "similar": reader.similar(found),
        "suspects": _suspects(found, event, reader),
        "notice": notices.of(request.args, request.args.getlist("issue")),
        "merged": found["merged_fingerprints"][:MAX_MERGED_SHOWN],
    }


def _suspects(found: Mapping[str, Any], event: Mapping[str, Any] | None, reader: StoreReader) -> tuple[Suspect, ...]:
    """Return the commits that may have brought the issue, where they were told."""
    if event is None or not found["first_release"]:
        return ()
    return suspects(event, reader.commits(found["project"], found["first_release"]))


def _address(config: ExporterConfig, found: Mapping[str, Any]) -> str:
    return f"{config.external_url}/issues/{found['fingerprint']}?project={quote(found['project'])}"


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
        label = allowance.take(name, TAG_CHARACTERS, markup=_TAG_MARKUP + len(quote(name)))
        shares = [
            TagShare(
                allowance.take(value, TAG_CHARACTERS, markup=_SHARE_MARKUP + len(quote(value[:TAG_CHARACTERS]))),
                events,
                _percent(events, total),
                is_rest=False,
            )
            for value, events in named[:cut]
            if not allowance.is_empty
        ]
        if rest := total - sum(share.events for share in shares):
            shares.append(TagShare("other values", rest, _percent(rest, total), is_rest=True))
        found.append(Tag(label, name, tuple(shares)))
    return tuple(found)


def alerts_of(
    firing: Sequence[Mapping[str, Any]], fingerprints: set[str], base: str = ""
) -> tuple[tuple[links.AlertView, ...], tuple[links.AlertView, ...]]:
    """Return the alerts about an issue, and those about its project and no other issue."""
    shown = [links.alert(stored, base) for stored in firing]
    of_issue = tuple(alert for alert in shown if alert.issue in fingerprints)
    of_project = tuple(alert for alert in shown if not alert.issue)
    return of_issue[:MAX_ALERTS_SHOWN], of_project[:MAX_ALERTS_SHOWN]


def numbers_of(found: Mapping[str, Any], environment: str) -> Mapping[str, Any]:
    """Return ``events``, ``users``, ``first_seen`` and ``last_seen`` of an issue: in an environment, or in all.

    Args:
        found: the issue as the reader gives it.
        environment: "" for all; in one where it was not seen it has all there is as well.
    """
    return next((one for one in found["environments"] if one["environment"] == environment), found)


def _notes(history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the newest notes that a page has room for."""
    notes = [entry for entry in history if entry["what"] == "note"]
    room = NOTES_CHARACTERS
    shown: list[Mapping[str, Any]] = []
    for note in notes[:MAX_NOTES_SHOWN]:
        room -= len(str(escape(note["details"]["text"])).encode())
        if room < 0 and shown:
            break
        shown.append(note)
    return shown


def _where(event: Mapping[str, Any]) -> str:
    """Return what the program was doing: its transaction, else the address that was asked for."""
    request_ = event.get("request")
    url = request_.get("url") if isinstance(request_, dict) else None
    return visible((text_of(event.get("transaction")) or text_of(url))[:WHERE_CHARACTERS])


def _percent(events: int, total: int) -> int:
    """Return a whole percentage; what is there at all is never 0, and what is not all never 100."""
    share = round(100 * events / total)
    return min(max(share, 1), 99) if events < total else 100
