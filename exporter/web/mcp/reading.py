"""Tools that read: each returns Markdown."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.exporter.search import cursor as cursors
from errtally.exporter.search import query
from errtally.exporter.search.conditions import Field, Term, Wording
from errtally.exporter.store.reading_order import IssueQuery
from errtally.exporter.web import markdown, markdown_pages, parts
from errtally.exporter.web.markdown import code, fenced
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import places
from errtally.exporter.web.sentry_api.objects import iso8601

if TYPE_CHECKING:
    from collections.abc import Mapping

SEARCHED_EVENTS = 2_000
"""Kept events that a trace is looked for in: the newest."""

_COMPARED = 20


class ToolError(Exception):
    """A tool can't do what it is asked for; the message says what would be right."""


def list_issues(given: Mapping[str, Any]) -> str:
    """List issues."""
    wanted = _issue_query(given.get("query") or "is:unresolved", given.get("project"))
    try:
        place = cursors.decode(given["cursor"]) if given.get("cursor") else None
    except cursors.CursorError as exc:
        raise ToolError(f"cursor: {exc}: leave it out to begin anew") from exc
    found, page = parts.reader().listed(
        replace(
            wanted,
            environment=given.get("environment"),
            order=given.get("sort", "last_seen"),
            cursor=place,
            limit=given.get("limit", 20),
        )
    )
    lines = [markdown.line(one, _url()) for one in found] or ["No issue matches."]
    further = f"\nMore: cursor {page.next.encode()}\n" if page.next is not None else ""
    return markdown.capped([(f"{markdown.STRANGER}\n{further}\n", ""), *((f"{line}", "") for line in lines)])


def get_issue(given: Mapping[str, Any]) -> str:
    """Show an issue with one of its events."""
    found = issue(given["issue"])
    text = markdown_pages.render(found, given.get("event", "latest"), with_libraries=given.get("frames") == "all")
    if text is None:
        raise ToolError("that event is not kept: latest, oldest, or an id that list_events tells")
    return text


def list_events(given: Mapping[str, Any]) -> str:
    """List kept events of an issue."""
    found = issue(given["issue"])
    events = parts.reader().kept_events(issues=found["ids"], limit=given.get("limit", 10))
    lines = [
        f"- {code(one.event_id, 40)} {iso8601(one.happened)} {code(one.environment, 60)} "
        f"{code(one.page.get('release') or 'no release', 80)} {code(one.page.get('message') or found['title'], 200)}"
        for one in events
    ]
    head = f"{len(events)} of {len(found['samples'])} kept events of {found['events']}. {markdown.STRANGER}\n"
    return markdown.capped([(head, ""), *((line, "") for line in lines)])


def get_event(given: Mapping[str, Any]) -> str:
    """Show one event."""
    kept = parts.reader().kept_event(given["event"].replace("-", "").lower())
    found = parts.reader().issue(kept.fingerprint, kept.project) if kept is not None else None
    if kept is None or found is None:
        raise ToolError("that event is not kept: an issue keeps 50 of its events, see list_events")
    if given.get("raw"):
        return markdown.capped([(f"{markdown.STRANGER}\n", json.dumps(kept.page, indent=1, ensure_ascii=False))])
    return markdown_pages.render(found, kept.event_id) or ""


def find_by_trace(given: Mapping[str, Any]) -> str:
    """Find kept events of a trace."""
    trace_id = given["trace_id"].replace("-", "").lower()
    events = [
        one
        for one in parts.reader().kept_events(limit=SEARCHED_EVENTS)
        if str(one.page.get("trace_id") or "").replace("-", "").lower() == trace_id
    ]
    lines = [
        f"- {code(one.event_id, 40)} {iso8601(one.happened)} {code(one.project, 80)} issue {one.fingerprint} "
        f"{code(one.page.get('message') or '', 200)}"
        for one in events[:50]
    ]
    head = f"{len(events)} of the newest {SEARCHED_EVENTS} kept events are of this trace. {markdown.STRANGER}\n"
    return markdown.capped([(head, ""), *((line, "") for line in lines)])


def compare_releases(given: Mapping[str, Any]) -> str:
    """Say what a release changed."""
    name = _project(given["project"])
    known = [one["release"] for one in parts.reader().releases(name) if one["seen"] is not None]
    release = given.get("release") or (known[0] if known else None)
    if release is None:
        raise ToolError("no event or session of this project named a release")
    older = known[known.index(release) + 1 :] if release in known else known
    before = given.get("before") or (older[0] if older else None)
    regressed = [*query.parse("is:regressed", 0.0), Term(Field("last_release", Wording((release,))))]
    parted = {
        f"New in {code(release)}": [Term(Field("first_release", Wording((release,))))],
        f"Regressed, and seen in {code(release)}": regressed,
    }
    if before is not None:
        parted[f"Gone: open, and last seen in {code(before)}"] = [
            *query.parse("is:unresolved", 0.0),
            Term(Field("last_release", Wording((before,)))),
        ]
    sections = [(f"# {code(release)} against {code(before or 'nothing')}\n\n{markdown.STRANGER}\n", "")]
    for title, terms in parted.items():
        wanted = IssueQuery(time.time(), terms, project=name, order="users", limit=_COMPARED)
        found, page = parts.reader().listed(wanted)
        lines = [markdown.line(one, _url()) for one in found] or ["none"]
        more = "\nand more: list_issues finds them\n" if page.next is not None else ""
        sections += [(f"## {title}\n\n" + "\n".join(lines) + f"\n{more}", "")]
    return markdown.capped(sections)


def rates(given: Mapping[str, Any]) -> str:
    """Return numbers of now, and the PromQL for more."""
    wanted = _project(given["project"]) if given.get("project") else None
    numbers, *_ = parts.reader().overview(time.time())
    lines = []
    for name, one in sorted(numbers.items()):
        if wanted in {None, name}:
            apdex = f"{one.apdex:.2f}" if one.apdex is not None else "no requests"
            lines.append(
                f"- {code(name, 80)}: {one.events_per_minute:.1f} events/min (5 min), {one.events_day} events (24 h), "
                f"Apdex {apdex} (5 min), {one.unresolved} open issues, {one.new_day} new (24 h), "
                f"{one.regressed} regressed"
            )
    matchers = "".join(
        f'{label}="{value}",'
        for label, value in (("project", wanted), ("environment", given.get("environment")))
        if value and '"' not in value and "\\" not in value and "\n" not in value
    ).rstrip(",")
    durations = names.SERVICE_REQUEST_DURATION.name
    queries = (
        ("errors a second", f"sum by (project) (rate({names.SERVICE_EVENTS.name}{{{matchers}}}[5m]))"),
        ("requests a second", f"sum by (project) (rate({names.SERVICE_REQUESTS.name}{{{matchers}}}[5m]))"),
        (
            "95th percentile of durations",
            f"histogram_quantile(0.95, sum by (project, le) (rate({durations}_bucket{{{matchers}}}[5m])))",
        ),
        ("sessions by status", f"sum by (project, status) (rate({names.SESSIONS.name}{{{matchers}}}[1h]))"),
    )
    promql = "".join(f"- {title}:\n\n{fenced(text)}" for title, text in queries)
    return markdown.capped(
        [("\n".join(lines or ["Nothing was counted yet."]) + "\n", ""), (f"## PromQL\n\n{promql}", "")]
    )


def alerts(given: Mapping[str, Any]) -> str:
    """List alerts that fire."""
    wanted = _project(given["project"]) if given.get("project") else None
    sections = [(f"{markdown.STRANGER}\n", "")]
    for stored in parts.reader().firing(wanted):
        where = "".join(
            f", {name} <{address}>" for name, address in sorted(stored["links"].items()) if _is_plain(address)
        )
        runbook = f"<{_url()}/runbooks/{stored['name']}>" if stored["name"].isalnum() else "none"
        text = f"- {code(stored['name'], 100)} ({code(stored['severity'], 40)}) since {iso8601(stored['starts_at'])}: "
        sections.append((f"{text}{code(stored['summary'])}, runbook {runbook}{where}", ""))
    return markdown.capped(sections if len(sections) > 1 else [("No alert fires.\n", "")])


def projects(_given: Mapping[str, Any]) -> str:
    """List projects."""
    numbers, *_ = parts.reader().overview(time.time())
    released: dict[str, str] = {}
    for one in reversed(parts.reader().releases()):
        if one["seen"] is not None:
            released[one["project"]] = one["release"]
    lines = []
    for place in places.projects():
        rate = numbers[place.name].events_per_minute if place.name in numbers else 0.0
        environments = ", ".join(code(one, 60) for one in place.environments[:10]) or "none"
        newest = code(released[place.name], 80) if place.name in released else "none"
        name = code(place.name, 80)
        lines.append(
            f"- {name}, id {place.id}: environments {environments}; newest release {newest}; {rate:.1f} events/min"
        )
    return markdown.capped([(line, "") for line in lines] or [("No project yet.", "")])


def issue(named: str) -> dict[str, Any]:
    """Return the issue that a text names.

    Raises:
        ToolError: there is none.
    """
    found = markdown_pages.find(named)
    if found is None:
        raise ToolError("there is no such issue: list_issues tells short ids such as SHOP-1A")
    return found


def _project(named: str) -> str:
    for place in places.projects():
        if named in {place.name, place.slug, place.id}:
            return place.name
    raise ToolError(f"there is no project {named[:60]!r}: the tool projects lists them")


def _issue_query(text: str, project: str | None) -> IssueQuery:
    now = time.time()
    try:
        terms = query.parse(text, now, part("access").who())
    except query.QueryError as exc:
        raise ToolError(f"query: {exc.place}") from exc
    return IssueQuery(now, terms, project=_project(project) if project else None)


def _is_plain(address: str) -> bool:
    return address.startswith(("http://", "https://")) and not any(c in address for c in "<> \n\r\t\"'`")


def _url() -> str:
    url: str = part("config").external_url
    return url
