"""The report as a text file for node_exporter's textfile collector, so that the debt is a line on a dashboard."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from errtally import names
from errtally.analyser.checks.registry import CHECKS
from errtally.analyser.model import LANGUAGES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from errtally.analyser.model import Report
    from errtally.names import Metric

_PROBLEMS = ("unreadable", "too-large", "syntax", "manifest", "internal")


def render(report: Report, project: str) -> str:
    """Return the series of a report.

    Findings of the baseline count: a baseline hides debt from a build, not from the people who watch it. Every check
    has its series, at 0 where it found nothing, so that a graph begins before the first finding.

    Args:
        report: what a run found.
        project: value of the label, so that one machine can hold the files of several trees.
    """
    return "\n".join(_lines(report, project)) + "\n"


def _lines(report: Report, project: str) -> Iterator[str]:
    findings = Counter((finding.check, finding.severity) for finding in [*report.findings, *report.known])
    severities: dict[str, set[Severity]] = {check.name: {check.severity} for check in CHECKS}
    for check, severity in findings:
        severities[check] |= {severity}
    yield from _family(
        names.ANALYSER_FINDINGS,
        (
            ((project, check, severity.value), findings[check, severity])
            for check, values in sorted(severities.items())
            for severity in sorted(values, key=lambda value: value.rank)
        ),
    )
    new = Counter(finding.severity for finding in report.findings)
    yield from _family(
        names.ANALYSER_NEW_FINDINGS, (((project, severity.value), new[severity]) for severity in Severity)
    )
    yield from _family(names.ANALYSER_SUPPRESSED, [((project,), report.suppressed)])
    problems = Counter(problem.kind for problem in report.problems)
    yield from _family(names.ANALYSER_PROBLEMS, (((project, kind), problems[kind]) for kind in _PROBLEMS))
    languages = [language for language in LANGUAGES if language in report.files]
    yield from _family(names.ANALYSER_FILES, (((project, name), report.files[name]) for name in languages))
    yield from _family(names.ANALYSER_LINES, (((project, name), report.lines[name]) for name in languages))
    for metric, key in (
        (names.ANALYSER_TRY_BLOCKS, "try_blocks"),
        (names.ANALYSER_HANDLERS, "handlers"),
        (names.ANALYSER_GENERIC_CATCHES, "generic_catches"),
    ):
        yield from _family(
            metric, (((project, name), report.facts[name].counts["handling", key]) for name in languages)
        )
    yield from _family(
        names.ANALYSER_CONSOLE_CALLS, (((project, name), report.facts[name].total("console")) for name in languages)
    )
    yield from _family(
        names.ANALYSER_LOG_CALLS,
        (
            ((project, name, level), count)
            for name in languages
            for level, count in sorted(report.facts[name].part("level").items())
        ),
    )


def _family(metric: Metric, samples: Iterable[tuple[tuple[str, ...], int]]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for values, count in samples:
        labels = ",".join(f'{name}="{_escape(value)}"' for name, value in zip(metric.labels, values, strict=True))
        yield f"{metric.name}{{{labels}}} {count}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
