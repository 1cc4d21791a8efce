"""Tables and curves over events, as Sentry's Discover has them and Grafana's data source asks for them.

Errtally counts all events by issue and hour (by day when they are older than two weeks) and keeps some whole. So curves
and tables by issue are exact; a table with a column of single events (``id``) shows those that were kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally.exporter.search import query, short_ids
from errtally.exporter.search.conditions import AnyOf, Field, Term, Wording
from errtally.exporter.store.reading_order import IssueQuery
from errtally.exporter.web import parts
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import answers, event_objects, objects, places, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

routes = Blueprint("sentry_explore", __name__, url_prefix=answers.PREFIX)

MAX_GROUPS = 10
MAX_ISSUES = 1_000
"""Issues that a table is made of; the most frequent ones."""

_OTHER_DATASETS = frozenset({"spans", "logs", "ourlogs", "transactions", "profiles", "metrics", "tracemetrics"})
_AGGREGATES = ("count()", "epm()", "eps()", "last_seen()", "count_unique(user)", "count_unique(issue)")


@routes.get("/organizations/<organization>/events/")
def table(organization: str) -> Response:
    """Return a table: a row for each kept event, or for each set of values that the fields tell apart."""
    places.check_organization(organization)
    if request.args.get("dataset") in _OTHER_DATASETS:
        return _table([], answers.parameters("field"))
    fields = answers.parameters("field") or ["id", "title", "project", "timestamp"]
    span = steps.asked()
    wanted = _issue_query(span)
    rows = _event_rows(wanted, span) if "id" in fields else _issue_rows(wanted, span)
    grouped = _grouped(rows, fields, span)
    _sort(grouped)
    return _table(grouped[: answers.page_size()], fields)


@routes.get("/organizations/<organization>/events/validate/")
def validate(organization: str) -> Response:
    """Say whether a query can be read."""
    places.check_organization(organization)
    error = None
    try:
        query.parse(request.args.get("query", ""), time.time())
    except query.QueryError as exc:
        error = exc.place

    def named(names: Sequence[str]) -> list[dict[str, Any]]:
        return [{"name": name, "valid": True, "attrType": None, "error": None} for name in names]

    return answers.answer(
        {
            "valid": error is None,
            "projects": [],
            "dataset": [],
            "environment": [],
            "field": named(answers.parameters("field")),
            "query": {"valid": error is None, "error": error, "fields": []},
            "orderby": named(answers.parameters("sort")),
        }
    )


@routes.get("/organizations/<organization>/events-stats/")
def curve(organization: str) -> Response:
    """Return events over time, as one curve or one for each y-axis and group."""
    places.check_organization(organization)
    span = steps.asked()
    axes = answers.parameters("yAxis") or ["count()"]
    if unknown := [axis for axis in axes if axis not in {"count()", "epm()", "eps()"}]:
        abort(400, f"yAxis: {unknown[0][:60]!r} is none of count(), epm(), eps()")
    groups = [field for field in answers.parameters("field") if field not in axes and "(" not in field]
    step = steps.length(span)
    bounds = {"start": int(span.since), "end": int(span.until), "isMetricsData": False}
    if request.args.get("dataset") in _OTHER_DATASETS:
        return answers.answer({"data": _points({}, span, step, "count()"), **bounds})
    wanted = _issue_query(span)
    counts = parts.reader().events_by_issue(wanted, span.since, span.until, step_seconds=step)
    if not groups:
        total = _added(counts.values())
        curves = {axis: {"data": _points(total, span, step, axis), "order": n} for n, axis in enumerate(axes)}
        return answers.answer({**next(iter(curves.values())), **bounds} if len(curves) == 1 else curves)
    named: dict[str, list[dict[int, int]]] = {}
    for issue in _issues(wanted):
        label = ",".join(str(_VALUES[field](issue)) if field in _VALUES else "" for field in groups)
        named.setdefault(label, []).append(counts.get(issue["id"], {}))
    totals = {label: _added(ones) for label, ones in named.items()}
    top = sorted(totals, key=lambda label: -sum(totals[label].values()))[: _top()]
    return answers.answer(
        {
            label: {"data": _points(totals[label], span, step, axes[0]), "order": order}
            if len(axes) == 1
            else {axis: {"data": _points(totals[label], span, step, axis), "order": order} for axis in axes}
            for order, label in enumerate(top)
        }
    )


@routes.get("/organizations/<organization>/stats_v2/")
def outcomes(organization: str) -> Response:
    """Return how many events were accepted; what was refused is counted in Prometheus, without its time."""
    places.check_organization(organization)
    fields = answers.parameters("field")
    if not fields or any(field not in {"sum(quantity)", "sum(times_seen)"} for field in fields):
        abort(400, "field: at least one of sum(quantity), sum(times_seen)")
    span, is_shown = steps.asked(), True
    if (chosen := answers.parameters("outcome")) and "accepted" not in chosen:
        is_shown = False
    if (chosen := answers.parameters("category")) and not {"error", "default"} & set(chosen):
        is_shown = False
    step = steps.length(span)
    moments = steps.of(span, step)
    total = _added(
        parts.reader().events_by_issue(_issue_query(span), span.since, span.until, step_seconds=step).values()
    )
    series = [total.get(int(moment // step), 0) for moment in moments]
    own = {"outcome": "accepted", "category": "error", "reason": "none"}
    by = {name: own.get(name, "") for name in answers.parameters("groupBy")}
    group = {"by": by, "totals": dict.fromkeys(fields, sum(series)), "series": dict.fromkeys(fields, series)}
    return answers.answer(
        {
            "start": objects.iso8601(span.since),
            "end": objects.iso8601(span.until),
            "intervals": [objects.iso8601(moment) for moment in moments],
            "groups": [group] if is_shown else [],
        }
    )


@routes.get("/organizations/<organization>/tags/")
def tags(organization: str) -> Response:
    """List the tags of all issues' events."""
    places.check_organization(organization)
    found = parts.reader().tag_totals()
    shown = [{"key": tag, "name": tag, "totalValues": events} for tag, events in found]
    return answers.listed(shown)


@routes.get("/organizations/<organization>/trace-items/attributes/")
def attributes(organization: str) -> Response:
    """List no attributes: spans are timed, not kept."""
    places.check_organization(organization)
    return answers.listed([])


_VALUES: dict[str, Callable[[dict[str, Any]], object]] = {
    "title": lambda issue: issue["title"],
    "message": lambda issue: issue["title"],
    "issue": lambda issue: short_ids.encode(issue["project"], issue["id"]),
    "issue.id": lambda issue: issue["id"],
    "project": lambda issue: short_ids.slug(issue["project"]),
    "project.name": lambda issue: short_ids.slug(issue["project"]),
    "project.id": lambda issue: int(places.project(issue["project"]).id),
    "level": lambda issue: issue["level"],
    "platform": lambda issue: issue["platform"] or "other",
    "platform.name": lambda issue: issue["platform"] or "other",
    "error.type": lambda issue: issue["type"],
    "event.type": lambda issue: "error" if issue["type"] else "default",
    "culprit": lambda issue: issue["culprit"],
    "release": lambda issue: issue["last_release"],
}
"""Columns that an issue says."""


_EVENT_VALUES = {
    "id": "id",
    "title": "title",
    "message": "message",
    "timestamp": "dateCreated",
    "event.type": "event.type",
}
"""Columns that an event says, by its keys."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row of a table is made of: an issue, one of its events or none, and how many events it stands for."""

    issue: dict[str, Any]
    event: dict[str, Any]
    count: int
    last_seen: float
    users: int


def _points(counts: dict[int, int], span: steps.Span, step: int, axis: str) -> list[list[Any]]:
    per = {"count()": 1.0, "epm()": step / 60, "eps()": float(step)}[axis]
    points = ((moment, counts.get(moment // step, 0)) for moment in steps.of(span, step))
    return [[moment, [{"count": count if per == 1 else count / per}]] for moment, count in points]


def _added(several: Any) -> dict[int, int]:  # noqa: ANN401 (an iterable of counts)
    total: dict[int, int] = {}
    for counts in several:
        for step, events in counts.items():
            total[step] = total.get(step, 0) + events
    return total


def _top() -> int:
    sent = request.args.get("topEvents", "")
    return min(max(int(sent), 1), MAX_GROUPS) if sent.isascii() and sent.isdecimal() and len(sent) < 4 else MAX_GROUPS  # noqa: PLR2004


def _issue_query(span: steps.Span) -> IssueQuery:
    try:
        terms = list(query.parse(request.args.get("query", ""), span.until, part("access").who()))
    except query.QueryError as exc:
        abort(400, f"Error parsing search query: {exc.place}")
    chosen = [name for name in answers.parameters("project") if name != places.ALL_PROJECTS]
    for name, texts in (
        ("project", [places.project(one).name for one in chosen]),
        ("environment", answers.parameters("environment")),
    ):
        if texts:
            terms.append(Term(AnyOf(tuple(Field(name, Wording((text,))) for text in texts))))
    return IssueQuery(span.until, terms, order="events", limit=MAX_ISSUES)


def _issues(wanted: IssueQuery) -> list[dict[str, Any]]:
    return parts.reader().listed(wanted)[0]


def _issue_rows(wanted: IssueQuery, span: steps.Span) -> list[_Row]:
    counts = parts.reader().events_by_issue(wanted, span.since, span.until, step_seconds=steps.HOUR_SECONDS)
    return [
        _Row(issue, {}, events, issue["last_seen"], issue["users"] or 0)
        for issue in _issues(wanted)
        if (events := sum(counts.get(issue["id"], {}).values()))
    ]


def _event_rows(wanted: IssueQuery, span: steps.Span) -> list[_Row]:
    issues = {id_: issue for issue in _issues(wanted) for id_ in issue["ids"]}
    kept = parts.reader().kept_events(issues=list(issues), since=span.since, limit=answers.MAX_PAGE)
    rows = []
    for event in kept if issues else ():
        issue = issues[event.issue]
        place = places.project(event.project)
        shown = event_objects.row(event, place, str(issue["id"]), issue["title"], issue["culprit"])
        rows.append(_Row(issue, shown, 1, event.happened, 1))
    return rows


def _grouped(rows: Sequence[_Row], fields: Sequence[str], span: steps.Span) -> list[dict[str, Any]]:
    """Return a row for each set of values of the fields that are no aggregates."""
    plain = [field for field in fields if field not in _AGGREGATES]
    groups: dict[tuple[Any, ...], list[_Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_cell(row, field) for field in plain), []).append(row)
    made = []
    for values, members in groups.items():
        count = sum(member.count for member in members)
        aggregates: dict[str, Any] = {
            "count()": count,
            "epm()": count / span.minutes,
            "eps()": count / span.minutes / 60,
            "last_seen()": objects.iso8601(max(member.last_seen for member in members)),
            "count_unique(user)": sum(member.users for member in members),
            "count_unique(issue)": len({member.issue["id"] for member in members}),
        }
        made.append({**dict(zip(plain, values, strict=True)), **{f: aggregates[f] for f in fields if f in aggregates}})
    return made


def _cell(row: _Row, field: str) -> Any:  # noqa: ANN401 (a text or a number)
    event = row.event
    if event:
        if field in _EVENT_VALUES:
            return event[_EVENT_VALUES[field]]
        tag = field[5:-1] if field.startswith("tags[") and field.endswith("]") else field
        sent = next((one["value"] for one in event["tags"] if one["key"] == tag), None)
        if sent is not None:
            return sent
        if field.startswith("user."):
            return (event["user"] or {}).get({"user.ip": "ip_address"}.get(field, field[5:]))
    elif field == "timestamp":
        return objects.iso8601(row.last_seen)
    return _VALUES[field](row.issue) if field in _VALUES else None


def _sort(rows: list[dict[str, Any]]) -> None:
    order = request.args.get("sort") or "-count()"
    name = order.removeprefix("-")
    if rows and name in rows[0]:
        known = [row for row in rows if row[name] is not None]
        known.sort(key=lambda row: row[name], reverse=order.startswith("-"))
        rows[:] = known + [row for row in rows if row[name] is None]


def _table(rows: Sequence[dict[str, Any]], fields: Sequence[str]) -> Response:
    kinds = {"count()": "integer", "epm()": "number", "eps()": "number", "last_seen()": "date", "timestamp": "date"}
    types = {field: kinds.get(field, "string") for field in fields}
    headers = answers.links(None, part("config").external_url)
    return answers.answer({"data": list(rows), "meta": {"fields": types, "units": {}}}, headers=headers)
