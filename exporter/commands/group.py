"""`errtally group`: events as JSON lines in, their issues as JSON lines out, in the same order."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from errtally.config import load
from errtally.config.grouping import GroupingSettings, grouping
from errtally.errors import ConfigError, MalformedError
from errtally.event.scrub import ScrubSettings
from errtally.exporter.config import Limits
from errtally.exporter.digest.aliases import Aliases
from errtally.exporter.grouping import fingerprint
from errtally.exporter.grouping.ownership import ownership
from errtally.exporter.grouping.rules import compiled
from errtally.exporter.protocols import native
from errtally.exporter.scrubbing import scrubber, scrubbing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from errtally.exporter.grouping import Grouping

MAX_MEMO_LINES = 4096
_PROJECT = ""


@click.command()
@click.option("--explain", is_flag=True, help="Print a readable form, with what each fingerprint is made of.")
@click.option("--stream", is_flag=True, help="Answer each line as it comes, before later ones could merge issues.")
@click.option("--stats", is_flag=True, help="Print events, issues, merges and seconds to standard error.")
@click.option(
    "--config",
    "file",
    envvar="ERRTALLY_CONFIG",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file with the settings of grouping and scrubbing.",
)
def command(*, explain: bool, stream: bool, stats: bool, file: Path | None) -> None:
    """Group events from standard input.

    Each line is a native event as the batch API takes it: message, level, type, stack, platform, fingerprint ...
    Each line out is {"issue", "type", "title", "culprit", "fingerprint", "why"}. The issue is the one that the event
    ends up in when all lines are read; it differs from the fingerprint where issues were merged.
    """
    document, problems = load(file), list[str]()
    scrub = scrubbing(document, f"{file}: scrubbing", problems)
    if problems:
        raise ConfigError(problems)
    started = time.perf_counter()
    issues = Issues(grouping(document, str(file)), scrub)
    group(sys.stdin.buffer, sys.stdout.buffer, issues, explain=explain, stream=stream)
    if stats:
        click.echo(f"{issues.stats()} seconds={time.perf_counter() - started:.3f}", err=True)


class Issues:
    """The issues of one run: what the exporter would make of the same events, in the same order."""

    def __init__(self, settings: GroupingSettings, scrub: ScrubSettings | None = None) -> None:
        self.settings = settings
        self.scrubber = scrubber(scrub or ScrubSettings())
        self._aliases = Aliases(settings)
        self._age: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._events = 0

    def add(self, found: Grouping) -> None:
        """Take an event, and merge when its fingerprint is new."""
        self._events += 1
        fingerprint = found.fingerprint
        if fingerprint in self._age:
            return
        self._age[fingerprint] = len(self._age)
        join = self._aliases.note(_PROJECT, fingerprint, found.scope, found.pattern)
        if join is None:
            return
        roots = {self._aliases.resolve(_PROJECT, known) for known in (*join.known, fingerprint)}
        oldest, *others = sorted(roots, key=self._age.__getitem__)
        for other in others:
            self._aliases.into[_PROJECT, other] = oldest
            self._reasons[other] = join.reason

    def answer(self, found: Grouping) -> dict[str, Any]:
        """Return the line of an event."""
        fingerprint = found.fingerprint
        issue = self._aliases.resolve(_PROJECT, fingerprint)
        merged = () if issue == fingerprint else (f"merged into {issue}: {self._reasons[fingerprint]}",)
        return {
            "issue": issue,
            "type": found.type,
            "title": found.title,
            "culprit": found.culprit,
            "fingerprint": fingerprint,
            "why": (*found.why, *merged),
        }

    def stats(self) -> str:
        """Return counts in words."""
        merges = len(self._aliases.into)
        return f"events={self._events} issues={len(self._age) - merges} merges={merges}"


def group(events: BinaryIO, answers: BinaryIO, issues: Issues, *, explain: bool, stream: bool) -> None:
    """Write one line for each event, in order.

    Args:
        events: JSON lines; empty ones are skipped.
        answers: where the lines go.
        issues: of this run.
        explain: write for people instead of programs.
        stream: write each line before the next is read; else all of them when all are read.

    Raises:
        click.ClickException: a line is not an event; it names the line. The lines before it have been written.
    """
    write, encode = answers.write, msgspec.json.Encoder().encode

    def answer(found: Grouping) -> None:
        line = issues.answer(found)
        write(_explained(line) if explain else encode(line) + b"\n")

    waiting: list[Grouping] = []
    try:
        for found in groupings(events, issues):
            if stream:
                answer(found)
                answers.flush()
            else:
                waiting.append(found)
    finally:
        for found in waiting:
            answer(found)
        answers.flush()


def groupings(events: Iterable[bytes], issues: Issues, name: str = "standard input") -> Iterator[Grouping]:
    """Group events, and merge issues as they come.

    Args:
        events: JSON lines; empty ones are skipped.
        issues: of this run.
        name: where the lines come from, for errors.

    Raises:
        click.ClickException: a line is not an event; it names the line.
    """
    rules, own, limit = compiled(issues.settings.rules), ownership(issues.settings), Limits().item_bytes
    memo: dict[bytes, Grouping] = {}
    for number, line in enumerate(events, start=1):
        found = memo.get(line)
        if found is None:
            if not line.strip():
                continue
            try:
                # Scrubbed first, as the exporter does, so that this says what the exporter would do.
                found = fingerprint(issues.scrubber.scrub_event(native.event_from(line, 0.0, limit).event), rules, own)
            except (MalformedError, UnicodeDecodeError) as exc:
                raise click.ClickException(f"{name}, line {number}: {exc}") from exc
            if len(memo) >= MAX_MEMO_LINES:
                memo.clear()
            memo[line] = found
        issues.add(found)
        yield found


def _explained(answer: dict[str, Any]) -> bytes:
    lines = [f"{answer['issue']}  {answer['title']}"]
    if answer["culprit"]:
        lines.append(f"  at  {answer['culprit']}")
    lines += [f"  by  {ingredient}" for ingredient in answer["why"]]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")
