"""`errtally issues`: list and show issues, and decide about them, from a terminal or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from errtally.exporter.commands.remote import FAILED, fail, format_option, remote_options, write_json, write_rows

if TYPE_CHECKING:
    from errtally.exporter.commands.remote import Remote

_ISSUES = "/api/0/organizations/errtally/issues/"
_ORDERS = {"last_seen": "date", "first_seen": "new", "events": "freq", "users": "user", "trend": "trends"}
_HEAD = ("ISSUE", "LEVEL", "STATUS", "EVENTS", "USERS", "LAST SEEN", "ASSIGNEE", "TITLE")


@click.group()
def command() -> None:
    """List and show issues, and decide about them.

    ISSUE is a short id (SHOP-1A) or a number. Exit codes: 0 done, 1 refused, 2 wrong call, 3 not allowed, 4 no such
    issue, 5 the exporter can't be reached.
    """


@command.command("list")
@remote_options
@format_option
@click.argument("query", nargs=-1)
@click.option("--project", multiple=True, help="Only of this one; may be repeated.")
@click.option("--environment", multiple=True, help="Only seen in this one; may be repeated.")
@click.option("--sort", type=click.Choice(list(_ORDERS)), default="last_seen", show_default=True, help="The order.")
@click.option("--limit", type=click.IntRange(1, 5000), default=25, show_default=True, help="At most so many.")
@click.option("--fail-if-any", is_flag=True, help="Exit with 1 when there is any.")
def list_(
    *,
    remote: Remote,
    format_: str,
    query: tuple[str, ...],
    project: tuple[str, ...],
    environment: tuple[str, ...],
    sort: str,
    limit: int,
    fail_if_any: bool,
) -> None:
    """List the issues that QUERY finds; without it, unresolved ones."""
    asked = {"query": " ".join(query) or "is:unresolved", "project": project, "environment": environment}
    found = list(remote.pages(_ISSUES, {**asked, "sort": _ORDERS[sort]}, limit))
    if format_ == "json":
        write_json(found)
    else:
        write_rows(_HEAD, [_row(one) for one in found], format_)
    if fail_if_any and found:
        raise SystemExit(FAILED)


@command.command()
@remote_options
@format_option
@click.argument("issue")
@click.option("--event", default="latest", show_default=True, help="Its event: an id, latest or oldest.")
def show(*, remote: Remote, format_: str, issue: str, event: str) -> None:
    """Show ISSUE with one of its events."""
    if format_ == "json":
        write_json(remote.get(_path(issue)))
    elif format_ == "markdown":
        click.echo(remote.text(f"/issues/{quote(issue, safe='')}.md", {"event": event}), nl=False)
    else:
        found = remote.get(_path(issue))
        rows = [
            ("issue", found["shortId"]),
            ("title", found["title"]),
            ("status", f"{found['status']} {found['substatus'] or ''}"),
            ("level", found["level"]),
            ("assignee", (found["assignedTo"] or {}).get("name")),
            ("events", found["count"]),
            ("users", found["userCount"]),
            ("first seen", found["firstSeen"]),
            ("last seen", found["lastSeen"]),
            ("first release", (found["firstRelease"] or {}).get("version")),
            ("last release", (found["lastRelease"] or {}).get("version")),
            ("culprit", found["culprit"]),
            ("page", found["permalink"]),
        ]
        write_rows(("", ""), rows, format_)


@command.command()
@remote_options
@click.argument("issues", nargs=-1, required=True)
@click.option("--next-release", is_flag=True, help="In the release that comes after the newest one.")
@click.option("--in-release", help="In this release.")
def resolve(*, remote: Remote, issues: tuple[str, ...], next_release: bool, in_release: str | None) -> None:
    """Resolve ISSUES."""
    if next_release and in_release:
        raise click.UsageError("--next-release and --in-release exclude each other")
    details: dict[str, Any] = {"inNextRelease": True} if next_release else {}
    details |= {"inRelease": in_release} if in_release else {}
    _put(remote, issues, {"status": "resolved", "statusDetails": details})


@command.command()
@remote_options
@click.argument("issues", nargs=-1, required=True)
@click.option("--until-events", type=click.IntRange(1), help="Until so many more events.")
@click.option("--until-users", type=click.IntRange(1), help="Until so many more users.")
@click.option("--for-hours", type=click.FloatRange(0, min_open=True), help="For so long.")
def ignore(
    *,
    remote: Remote,
    issues: tuple[str, ...],
    until_events: int | None,
    until_users: int | None,
    for_hours: float | None,
) -> None:
    """Ignore ISSUES."""
    minutes = max(round(for_hours * 60), 1) if for_hours is not None else None
    given = {"ignoreCount": until_events, "ignoreUserCount": until_users, "ignoreDuration": minutes}
    details = {name: value for name, value in given.items() if value is not None}
    if len(details) > 1:
        raise click.UsageError("only one of --until-events, --until-users and --for-hours can hold")
    _put(remote, issues, {"status": "ignored", "statusDetails": details})


@command.command()
@remote_options
@click.argument("issues", nargs=-1, required=True)
def reopen(*, remote: Remote, issues: tuple[str, ...]) -> None:
    """Reopen ISSUES."""
    _put(remote, issues, {"status": "unresolved"})


@command.command()
@remote_options
@click.argument("issue")
@click.argument("name")
def assign(*, remote: Remote, issue: str, name: str) -> None:
    """Say that NAME sees to ISSUE; `me` for the token that asks, an empty one for nobody."""
    _put(remote, (issue,), {"assignedTo": name})


@command.command()
@remote_options
@click.argument("into")
@click.argument("issues", nargs=-1, required=True)
def merge(*, remote: Remote, into: str, issues: tuple[str, ...]) -> None:
    """Merge ISSUES into INTO."""
    target, project = remote.fingerprint(into)
    for issue in issues:
        fingerprint, other = remote.fingerprint(issue)
        if other != project:
            fail(f"{issue} is of project {other}, {into} of {project}: these can't be merged")
        path = f"/api/issues/{fingerprint}/merge"
        remote.send("POST", path, {"into": target}, {"project": project})
        click.echo(f"{issue}: merged into {into}")


def _put(remote: Remote, issues: tuple[str, ...], body: dict[str, Any]) -> None:
    for issue in issues:
        found = remote.send("PUT", _path(issue), body)
        named = (found["assignedTo"] or {}).get("name") or "nobody"
        click.echo(f"{found['shortId']}: {f'assigned to {named}' if 'assignedTo' in body else found['status']}")


def _path(issue: str) -> str:
    return f"{_ISSUES}{quote(issue, safe='')}/"


def _row(found: dict[str, Any]) -> tuple[object, ...]:
    named = (found["assignedTo"] or {}).get("name")
    status = "regressed" if found["substatus"] == "regressed" else found["status"]
    return (found["shortId"], found["level"], status, found["count"], found["userCount"], found["lastSeen"][:19] + "Z",
            named, found["title"][:120])  # fmt: skip
