"""`errtally events show`: one event that was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from errtally.exporter.commands.remote import format_option, remote_options, write_json, write_rows

if TYPE_CHECKING:
    from errtally.exporter.commands.remote import Remote


@click.group()
def command() -> None:
    """Show events that were kept."""


@command.command()
@remote_options
@format_option
@click.argument("event")
def show(*, remote: Remote, format_: str, event: str) -> None:
    """Show EVENT by its id, as logs and traces name it."""
    found = remote.get(f"/api/0/organizations/errtally/eventids/{quote(event, safe='')}/")
    if format_ == "json":
        write_json(found["event"])
        return
    if format_ == "markdown":
        click.echo(remote.text(f"/issues/{found['groupId']}.md", {"event": found["eventId"]}), nl=False)
        return
    whole = found["event"]
    rows = [
        ("event", whole["eventID"]),
        ("title", whole["title"]),
        ("issue", found["groupId"]),
        ("project", found["projectSlug"]),
        ("time", whole["dateCreated"]),
        ("release", (whole["release"] or {}).get("version")),
        *((f"tag {tag['key']}", tag["value"]) for tag in whole["tags"]),
    ]
    for entry in whole["entries"]:
        if entry["type"] != "exception":
            continue
        for one in reversed(entry["data"]["values"]):
            rows.append((one["type"], one["value"]))
            frames = (one["stacktrace"] or {}).get("frames", [])
            rows += [("  at", f"{f['function']} ({f['filename']}:{f['lineNo']})") for f in reversed(frames)]
    write_rows(("", ""), rows, format_)
