"""`errtally group`: events as JSON lines in, their issues as JSON lines out, in the same order."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from errtally.errors import MalformedError
from errtally.event.scrub import Scrubber
from errtally.exporter.config import Limits
from errtally.exporter.grouping import fingerprint
from errtally.exporter.protocols import native

if TYPE_CHECKING:
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
    encode, scrubber, limit = msgspec.json.Encoder().encode, Scrubber(), Limits().item_bytes
    for number, line in enumerate(events, start=1):
        if not line.strip():
            continue
        try:
            # Scrubbed first, as the exporter does, so that this says what the exporter would do.
            grouping = fingerprint(scrubber.scrub_event(native.event_from(line, 0.0, limit).event))
        except (MalformedError, UnicodeDecodeError) as exc:
            issues.flush()
            raise click.ClickException(f"standard input, line {number}: {exc}") from exc
        issues.write(_explained(grouping) if explain else encode(_as_dict(grouping)) + b"\n")
    issues.flush()


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
