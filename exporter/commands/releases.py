"""`errtally releases`: what was released when, and how many issues each brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from errtally.exporter.commands.remote import format_option, remote_options, write_json, write_rows

if TYPE_CHECKING:
    from errtally.exporter.commands.remote import Remote


@click.command()
@remote_options
@format_option
@click.option("--project", multiple=True, help="Only of this one; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 5000), default=25, show_default=True, help="At most so many.")
def command(*, remote: Remote, format_: str, project: tuple[str, ...], limit: int) -> None:
    """List the releases that events or sessions named, the newest first."""
    path = "/api/0/organizations/errtally/releases/"
    found = list(remote.pages(path, {"project": project}, limit))
    if format_ == "json":
        write_json(found)
        return
    rows = [
        (one["version"], ", ".join(each["name"] for each in one["projects"]), one["dateCreated"][:19] + "Z",
         one["newGroups"])
        for one in found
    ]  # fmt: skip
    write_rows(("RELEASE", "PROJECTS", "SEEN SINCE", "NEW ISSUES"), rows, format_)
