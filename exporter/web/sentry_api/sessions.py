"""Sessions over time, as Sentry's metrics API tells of them and Grafana's data source asks for them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally import names
from errtally.exporter.web import parts
from errtally.exporter.web.sentry_api import answers, objects, places, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

routes = Blueprint("sentry_sessions", __name__, url_prefix=answers.PREFIX)

DEFAULT_GROUPS = 5
MAX_GROUPS = 100
_GROUPS = ("project", "project_id", "environment", "release", "session.status")
_STATUSES = ("healthy", "errored", "crashed", "abnormal")
_TERM = re.compile(r'(release|environment|project)(?:\.version)?:(?:"([^"]+)"|(\S+))')

Ended = Counter[str]
"""How many sessions were started, and how many ended in each way."""


def _crashed(ended: Ended) -> float:
    return float(sum(ended[status] for status in names.CRASHED_SESSION_STATUSES))


def _healthy(ended: Ended) -> float:
    return max(ended["started"] - _crashed(ended) - ended["errored"] - ended["abnormal"], 0.0)


def _share(part: Callable[[Ended], float]) -> Callable[[Ended], float | None]:
    return lambda ended: part(ended) / ended["started"] if ended["started"] else None


def _crash_free(ended: Ended) -> float:
    return max(ended["started"] - _crashed(ended), 0.0)


_FIELDS: dict[str, Callable[[Ended], float | None]] = {
    "sum(session)": lambda ended: float(ended["started"]),
    "session.all": lambda ended: float(ended["started"]),
    "session.healthy": _healthy,
    "session.errored": lambda ended: float(ended["errored"]),
    "session.crashed": _crashed,
    "session.abnormal": lambda ended: float(ended["abnormal"]),
    "session.crash_free": _crash_free,
    "session.crash_free_rate": _share(_crash_free),
    "session.crash_rate": _share(_crashed),
    "session.errored_rate": _share(lambda ended: float(ended["errored"])),
    "session.abnormal_rate": _share(lambda ended: float(ended["abnormal"])),
}
"""What can be asked for; shares have no value where there was no session."""

_FIELDS |= {
    "crash_free_rate(session)": _FIELDS["session.crash_free_rate"],
    "crash_rate(session)": _FIELDS["session.crash_rate"],
    **{f"count_{status}(session)": _FIELDS[f"session.{status}"] for status in _STATUSES},
}


@routes.get("/organizations/<organization>/metrics/data/")
@routes.get("/organizations/<organization>/sessions/")
def data(organization: str) -> Response:
    """Return sessions over time, in groups when asked for."""
    places.check_organization(organization)
    fields = answers.parameters("field") or ["sum(session)"]
    if unknown := [field for field in fields if field not in _FIELDS]:
        abort(400, f"field: {unknown[0][:60]!r} is none of {', '.join(_FIELDS)}")
    groups = answers.parameters("groupBy")
    if unknown := [group for group in groups if group not in _GROUPS]:
        abort(400, f"groupBy: {unknown[0][:60]!r} is none of {', '.join(_GROUPS)}")
    span = steps.asked()
    step = steps.length(span)
    moments = steps.of(span, step)
    plain = [group for group in groups if group != "session.status"]
    counted = _counted(span, step, plain)
    if not plain:
        counted.setdefault((), {})
    found = [
        group
        for by, ended in counted.items()
        for group in _groups(dict(by), ended, moments, fields, by_status="session.status" in groups)
    ]
    return answers.answer(
        {
            "start": objects.iso8601(moments[0]),
            "end": objects.iso8601(moments[-1] + step),
            "intervals": [objects.iso8601(moment) for moment in moments],
            "query": request.args.get("query", ""),
            "groups": _ordered(found, fields)[: _limit(groups)],
        }
    )


def _counted(span: steps.Span, step: int, groups: Iterable[str]) -> dict[tuple[tuple[str, Any], ...], dict[int, Ended]]:
    """Return, by group and step, how sessions ended."""
    asked = _filters()
    hours = range(int(span.since // step) * step // 3600, int(span.until // 3600) + 1)
    ids = {one.name: one.id for one in places.projects()}
    counted: dict[tuple[tuple[str, Any], ...], dict[int, Ended]] = {}
    for hour, project, environment, release, status, sessions in parts.reader().sessions(hours, **asked):
        id_ = int(ids.get(project) or places.project_id(project))
        values = {"project": id_, "project_id": id_, "environment": environment, "release": release}
        ended = counted.setdefault(tuple((group, values[group]) for group in groups), {})
        ended.setdefault(hour * 3600 // step * step, Counter())[status] += int(sessions)
    return counted


def _filters() -> dict[str, list[str]]:
    """Read which sessions are asked for, from the parameters and the query."""
    chosen = [one for one in answers.parameters("project") if one != places.ALL_PROJECTS]
    asked = {
        "projects": [places.project(one).name for one in chosen],
        "environments": answers.parameters("environment"),
        "releases": [],
    }
    query = request.args.get("query", "")
    for found in _TERM.finditer(query):
        value = found[2] or found[3]
        asked[f"{found[1]}s"].append(places.project(value).name if found[1] == "project" else value)
    if rest := _TERM.sub("", query).strip():
        abort(400, f"query: {rest[:60]!r} is none of release:, environment:, project:")
    return asked


def _groups(
    by: dict[str, Any],
    ended: Mapping[int, Ended],
    moments: list[int],
    fields: list[str],
    *,
    by_status: bool,
) -> list[dict[str, Any]]:
    if not by_status:
        return [_group(by, ended, moments, {field: _FIELDS[field] for field in fields})]
    return [
        _group({**by, "session.status": status}, ended, moments, dict.fromkeys(fields, _FIELDS[f"session.{status}"]))
        for status in _STATUSES
    ]


def _group(
    by: dict[str, Any],
    ended: Mapping[int, Ended],
    moments: list[int],
    values: Mapping[str, Callable[[Ended], float | None]],
) -> dict[str, Any]:
    total: Ended = Counter()
    for counts in ended.values():
        total.update(counts)
    nothing: Ended = Counter()
    return {
        "by": by,
        "totals": {field: value(total) for field, value in values.items()},
        "series": {field: [value(ended.get(moment, nothing)) for moment in moments] for field, value in values.items()},
    }


def _ordered(groups: list[dict[str, Any]], fields: list[str]) -> list[dict[str, Any]]:
    """Order groups as asked for, by default those with the most sessions first."""
    order = request.args.get("orderBy") or f"-{fields[0]}"
    field = order.removeprefix("-")
    sign = -1 if order.startswith("-") else 1
    if field not in fields:
        abort(400, f"orderBy: {field[:60]!r} is none of the fields")
    return sorted(groups, key=lambda group: (group["totals"][field] is None, sign * (group["totals"][field] or 0.0)))


def _limit(groups: list[str]) -> int:
    if not groups or "session.status" in groups:
        return MAX_GROUPS
    sent = request.args.get("per_page", "")
    is_number = sent.isascii() and sent.isdecimal() and len(sent) < 4  # noqa: PLR2004
    return min(max(int(sent), 1), MAX_GROUPS) if is_number else DEFAULT_GROUPS
