"""`errtally group`: events as JSON lines in, their issues as JSON lines out, in the same order."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from errtally.event.model import Event
from errtally.exporter.grouping import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from errtally.exporter.grouping import Grouping


@click.command()
@click.option("--explain", is_flag=True, help="Print a readable form, with what each fingerprint is made of.")
def command(*, explain: bool) -> None:
    """Group events from standard input.

    Each line is a native event as the batch API takes it: message, level, type, stack, platform, fingerprint ...
    Each line out is {"issue", "type", "title", "culprit", "fingerprint", "why"}.
    """
    group(sys.stdin.buffer, sys.stdout.buffer, explain=explain)


def group(events: BinaryIO, issues: BinaryIO, *, explain: bool) -> None:
    """Write one issue for each event, in order.

    Args:
        events: JSON lines; empty ones are skipped.
        issues: where the lines go, while more are read.
        explain: write for people instead of programs.

    Raises:
        click.ClickException: a line is not an event; it names the line. The lines before it have been written.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    encode = msgspec.json.Encoder().encode
    for number, line in enumerate(events, start=1):
        if not line.strip():
            continue
        try:
            grouping = fingerprint(event_from_native(decode(line)))
        except (msgspec.MsgspecError, UnicodeDecodeError, TypeError) as exc:
            issues.flush()
            raise click.ClickException(f"standard input, line {number}: {exc}") from exc
        issues.write(_explained(grouping) if explain else encode(_as_dict(grouping)) + b"\n")
    issues.flush()


def event_from_native(native: Mapping[str, Any]) -> Event:
    """Return the event of a native one as far as grouping looks at it.

    Raises:
        TypeError: a key that should hold a string holds something else.
    """
    fingerprint_parts = native.get("fingerprint")
    if fingerprint_parts is not None and not isinstance(fingerprint_parts, list):
        raise TypeError(f"'fingerprint' must be a list of strings, not {type(fingerprint_parts).__name__}")
    context = native.get("context")
    context = context if isinstance(context, dict) else {}
    tags = context.get("tags")
    return Event(
        event_id="",
        timestamp=0.0,
        level=_text(native, "level") or "error",
        type=_text(native, "type"),
        message=_text(native, "message") or "",
        stack=_text(native, "stack"),
        platform=_text(native, "platform"),
        logger=_text(native, "logger"),
        transaction=_text(native, "transaction"),
        fingerprint=[str(part) for part in fingerprint_parts] if fingerprint_parts else None,
        environment=str(context.get("environment") or ""),
        release=str(context["release"]) if context.get("release") else None,
        tags={str(name): str(value) for name, value in tags.items()} if isinstance(tags, dict) else {},
    )


def _text(native: Mapping[str, Any], key: str) -> str | None:
    value = native.get(key)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{key!r} must be a string, not {type(value).__name__}")
    return value


def _as_dict(grouping: Grouping) -> dict[str, Any]:
    return {
        "issue": grouping.fingerprint,
        "type": grouping.type,
        "title": grouping.title,
        "culprit": grouping.culprit,
        "fingerprint": grouping.fingerprint,
        "why": grouping.why,
    }


def _explained(grouping: Grouping) -> bytes:
    lines = [f"{grouping.fingerprint}  {grouping.title}"]
    if grouping.culprit:
        lines.append(f"  at  {grouping.culprit}")
    lines += [f"  by  {ingredient}" for ingredient in grouping.why]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")
