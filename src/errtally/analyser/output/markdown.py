"""The report as Markdown, for a pull request or a wiki page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.summary import Summary, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Report

_PLACES = 20
_NAMES = 10
_SKIPPED = 50


def render(report: Report) -> str:
    """Return the report's text."""
    return "\n".join(_lines(report, summarise(report))) + "\n"


def _lines(report: Report, summary: Summary) -> Iterator[str]:
    yield "# Error handling\n"
    files = ", ".join(f"{count} {language}" for language, count in report.files.items()) or "no"
    yield f"{sum(report.files.values())} files ({files}), {sum(report.lines.values())} lines. "
    yield f"{len(report.findings)} findings, {len(report.known)} known from the baseline, "
    yield f"{report.suppressed} suppressed, {report.hidden} of low confidence hidden.\n"
    yield "| what | count |"
    yield "| --- | --- |"
    yield f"| try blocks | {summary.try_blocks} |"
    yield f"| handlers | {summary.handlers} |"
    yield f"| generic catches | {summary.generic_catches} |"
    yield f"| promises without a catch | {summary.promises_without_catch} |"
    yield f"| console calls | {sum(summary.console.values())} |"
    yield f"| log calls | {sum(summary.levels.values())} |"
    yield ""
    for title, counts in (("Raised", summary.raised), ("Caught", summary.caught), ("Reported by", summary.reported)):
        if counts:
            yield f"{title}: {_top(counts)}.\n"
    if summary.levels:
        style = "structured" if summary.is_structured else "not structured"
        yield f"Log levels: {_top(summary.levels)}; {style}.\n"
    for part, title in (("logging", "Logging"), ("tracker", "Trackers"), ("metrics", "Metrics")):
        found = [
            f"{one.name} ({'not initialised, ' if one.is_initialised is False else ''}{one.place})"
            for one in summary.libraries
            if one.part == part
        ]
        yield f"{title}: {', '.join(found) or 'none'}.\n"
    yield f"Global handlers: {_top(summary.global_handlers) or 'none'}.\n"
    yield "## Recommendations\n"
    for number, one in enumerate(summary.recommendations, 1):
        where = f"`{one.check.name}`, {one.severity}, {len(one.findings)}"
        yield f"{number}. **{one.check.summary}** ({where}). {one.check.why}"
        yield f"   Instead: {one.check.instead}"
        for finding in one.findings[:_PLACES]:
            yield f"   - `{finding.path}:{finding.line}` {_escape(finding.message)}"
        if len(one.findings) > _PLACES:
            yield f"   - and {len(one.findings) - _PLACES} more"
    if not summary.recommendations:
        yield "None."
    if report.skipped:
        yield "\n## Files that were left out\n"
        for left in report.skipped[:_SKIPPED]:
            yield f"- `{left.path}` {left.language or left.reason}"
        if len(report.skipped) > _SKIPPED:
            yield f"- and {len(report.skipped) - _SKIPPED} more"
    if report.problems:
        yield "\n## Files that were not analysed as a whole\n"
        for problem in report.problems:
            yield f"- `{problem.path}:{problem.line}` {problem.kind}: {_escape(problem.message)}"


def _top(counts: dict[str, int]) -> str:
    shown = [f"{name} {count}" for name, count in list(counts.items())[:_NAMES]]
    return ", ".join(shown) + (f", {len(counts) - _NAMES} more" if len(counts) > _NAMES else "")


def _escape(words: str) -> str:
    return words.replace("<", "&lt;").replace("|", "\\|")
