"""The report on a terminal."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from errtally.analyser.model import Finding, Report, Severity
from errtally.analyser.summary import ServiceSummary, Summary, summarise

if TYPE_CHECKING:
    from typing import TextIO

_STYLES = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_PAGE_WIDTH = 120
_PLACES = 5
_NAMES = 6
_PROBLEMS = 10
_INDENT = (0, 0, 0, 3)
_REASONS = {"test": "test code", "generated": "a program wrote it", "language": "{} is not read"}


def render(report: Report, file: TextIO, *, width: int | None = None, show_all: bool = False) -> None:
    """Write the report.

    Args:
        report: what a run found.
        file: colours are written only where it is a terminal.
        width: in characters; the terminal's own when None.
        show_all: every place of a recommendation, and not only the first few.
    """
    console = Console(file=file, width=width, highlight=False, soft_wrap=False)
    summary = summarise(report)
    console.print(_overview(report, summary))
    if summary.recommendations:
        console.print()
        console.print(Text(f"What to do first: {_by_severity(report)}, the worst on top.", style="bold"))
    for number, one in enumerate(summary.recommendations, 1):
        console.print()
        title = Text(f"{number}. ")
        title.append(f"{one.severity}", style=_STYLES[one.severity])
        title.append(f"  {one.check.summary}  ", style="bold")
        places = "1 place" if len(one.findings) == 1 else f"{len(one.findings)} places"
        title.append(f"({one.check.name}, {places})", style="dim")
        console.print(title)
        console.print(Padding(Text(one.check.why), _INDENT, expand=False))
        console.print(Padding(Text(f"Instead: {one.check.instead}", style="green"), _INDENT, expand=False))
        shown = one.findings if show_all else one.findings[:_PLACES]
        for finding in shown:
            console.print(_place(finding), soft_wrap=True)
        if len(shown) < len(one.findings):
            console.print(Text(f"     and {len(one.findings) - len(shown)} more; --all shows them", style="dim"))
    if report.problems:
        console.print()
        console.print(Text(f"{len(report.problems)} files were not analysed as a whole:", style="bold"))
        for problem in report.problems if show_all else report.problems[:_PROBLEMS]:
            console.print(Text(f"   {problem.path}:{problem.line}: {problem.kind}: {problem.message}"), soft_wrap=True)
    if show_all and report.skipped:
        console.print()
        console.print(Text(f"{len(report.skipped)} files were left out:", style="bold"))
        for left in report.skipped:
            reason = _REASONS[left.reason].format(left.language)
            console.print(Text(f"   {left.path}: {reason}"), soft_wrap=True)
    console.print()
    console.print(Text(_last_line(report), style="bold"))


def text(report: Report, *, show_all: bool = False) -> str:
    """Return what `render` writes, without colours and as wide as a page."""
    file = io.StringIO()
    render(report, file, width=_PAGE_WIDTH, show_all=show_all)
    return file.getvalue()


def _by_severity(report: Report) -> str:
    counts = {severity: sum(one.severity is severity for one in report.findings) for severity in Severity}
    return ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)


def _place(finding: Finding) -> Text:
    line = Text("     ")
    line.append(f"{finding.path}:{finding.line}:{finding.column}", style="magenta")
    line.append(f"  {finding.message}")
    return line


def _overview(report: Report, summary: Summary) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    files = ", ".join(f"{count} {language}" for language, count in report.files.items()) or "none"
    table.add_row("files", Text(f"{files}; {sum(report.lines.values())} lines"))
    table.add_row(
        "error handling",
        Text(
            f"{summary.try_blocks} try blocks, {summary.handlers} handlers, {summary.generic_catches} generic catches, "
            f"{summary.promises_without_catch} promises without a catch"
        ),
    )
    table.add_row("raised", Text(_top(summary.raised)))
    table.add_row("caught", Text(_top(summary.caught)))
    table.add_row("reported by", Text(_top(summary.reported)))
    structured = ", structured" if summary.is_structured else ", not structured" if summary.levels else ""
    table.add_row("logging", Text(f"{_libraries(summary, 'logging')}{structured}; levels: {_top(summary.levels)}"))
    table.add_row("console", Text(_top(summary.console)))
    trackers, metrics = _libraries(summary, "tracker"), _libraries(summary, "metrics")
    table.add_row("monitoring", Text(f"trackers: {trackers}; metrics: {metrics}"))
    table.add_row("global handlers", Text(_top(summary.global_handlers)))
    for service in summary.services if len(summary.services) > 1 else ():
        if service.trackers or service.servers:
            table.add_row(f"  {service.folder or '.'}", Text(_service(service)))
    if unread := Counter(one.language for one in report.skipped if one.reason == "language"):
        table.add_row("not read", Text(", ".join(f"{count} {language}" for language, count in sorted(unread.items()))))
    return table


def _service(service: ServiceSummary) -> str:
    trackers = [name + ("" if is_ready else " (not initialised)") for name, is_ready in service.trackers.items()]
    return (
        f"trackers: {', '.join(trackers) or 'none'}; servers: {_top(service.servers)}; "
        f"global handlers: {_top(service.global_handlers)}"
    )


def _libraries(summary: Summary, part: str) -> str:
    found = [
        one.name + (" (not initialised)" if one.is_initialised is False else "")
        for one in summary.libraries
        if one.part == part
    ]
    return ", ".join(found) or "none"


def _top(counts: dict[str, int]) -> str:
    shown = [f"{name} {count}" for name, count in list(counts.items())[:_NAMES]]
    return (", ".join(shown) + (f", {len(counts) - _NAMES} more" if len(counts) > _NAMES else "")) or "none"


def _last_line(report: Report) -> str:
    parts = [f"{len(report.findings)} findings"]
    if report.known:
        parts.append(f"{len(report.known)} known from the baseline")
    if report.hidden:
        parts.append(f"{report.hidden} of low confidence hidden (--min-confidence low shows them)")
    if report.suppressed:
        parts.append(f"{report.suppressed} suppressed")
    if tests := report.skipped_for("test"):
        parts.append(f"{tests} test files left out (--include-tests takes them in)")
    if generated := report.skipped_for("generated"):
        parts.append(f"{generated} files left out that a program wrote")
    return ", ".join(parts)
