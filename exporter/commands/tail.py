"""`errtally tail`: events as they are counted, one a line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from errtally.exporter.commands.remote import FORMATS, UNREACHABLE, fail, remote_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from errtally.exporter.commands.remote import Remote

SILENCE_SECONDS = 120.0
"""The exporter gives a sign of life more often than this."""


@click.command()
@remote_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS[:2]),
    default="table",
    show_default=True,
    help="json: one object a line.",
)
@click.option("--project", help="Only of this one.")
@click.option("--environment", help="Only of this one.")
@click.option("--level", multiple=True, help="Only of this one; may be repeated.")
@click.option("--count", type=click.IntRange(1), help="End after so many.")
def command(
    *,
    remote: Remote,
    format_: str,
    project: str | None,
    environment: str | None,
    level: tuple[str, ...],
    count: int | None,
) -> None:
    """Follow the events as they are counted, until interrupted."""
    asked = {"project": project, "environment": environment, "level": ",".join(level)}
    shown = 0
    with remote.open("GET", "/api/errors/stream", asked, timeout_seconds=SILENCE_SECONDS) as stream:
        try:
            for kind, data in frames(line.decode("utf-8", "replace") for line in stream):
                if kind:
                    click.echo(f"({kind}: {json.dumps(data)})", err=True)
                    continue
                click.echo(json.dumps(data, ensure_ascii=False) if format_ == "json" else _line(data))
                shown += 1
                if shown == count:
                    return
        except KeyboardInterrupt:
            return
        except OSError as exc:
            fail(f"the stream ended: {exc}", UNREACHABLE)
    fail("the exporter ended the stream", UNREACHABLE)


def frames(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name ("" for an event) and data of what a stream of server-sent events says."""
    name, data = "", ""
    for line in lines:
        field, _, value = line.rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += value
        elif not line.strip():
            if data:
                yield name, json.loads(data)
            name, data = "", ""


def _line(data: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(data["timestamp"], UTC).strftime("%H:%M:%S")
    mark = "new " if data["is_new"] else "regressed " if data["is_regressed"] else ""
    text = " ".join((data["message"] or data["title"]).split())
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return f"{at} {data['level']:7} {data['project']}/{data['environment']} {mark}{data['type']}: {text[:300]}"
