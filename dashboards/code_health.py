"""Code health: how programs deal with errors, as the analyser read it from their source, and whether it gets better.

The analyser's series come from text files, by node_exporter. Two hosts may have the file of one project: the larger
number counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BAD, BY_SEVERITY, FAIR, GOOD, RED
from errtally.dashboards.frame import framed
from errtally.dashboards.layout import Section
from errtally.dashboards.panels import bar_gauge, query, stat, time_series
from errtally.dashboards.tables import Column, table

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel

_THIRD, _HALF = (8, 9), (12, 9)
_CHECKS, _LINES = 12, 1000
_NOTHING = "No analyser has run"


def code_health(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    return framed(
        alerting,
        uid=links.CODE,
        title="Code health",
        description="Findings of `errtally analyse` by check, severity and language, and how they change over time.",
        variables=variables.base(alerting, names.ANALYSER_FILES),
        parts=[
            *_numbers(),
            _over_time(),
            _by_check(),
            _projects(),
            _checks(),
            Section("Handling of errors", _handling()),
            Section("Output and what was not read", _output()),
        ],
    )


def total(metric: names.Metric, by: str = "", *matchers: str) -> str:
    """Return the sum of an analyser's gauge over projects, by some of its labels."""
    one = f"max by ({', '.join(metric.labels)}) ({queries.of(metric, *matchers)})"
    return queries.total(one, by)


def _numbers() -> list[KindPanel]:
    generic = queries.share(total(names.ANALYSER_GENERIC_CATCHES), total(names.ANALYSER_HANDLERS))
    return [
        stat(
            "Findings",
            "All findings of the last run, those that a baseline hides from the build among them.",
            (4, 5),
            total(names.ANALYSER_FINDINGS),
            unit="short",
            no_value=_NOTHING,
            steps=shared.PLAIN,
        ),
        stat(
            "Critical",
            "Of severity critical: errors that get lost, secrets, handlers that hide what happens.",
            (4, 5),
            total(names.ANALYSER_FINDINGS, "", f'severity="{names.SEVERITIES[0]}"'),
            unit="short",
            no_value=_NOTHING,
            steps=[(GOOD, None), (BAD, 1)],
        ),
        stat(
            "New findings",
            "Findings that the baseline does not have. Without a baseline every finding is new.",
            (4, 5),
            total(names.ANALYSER_NEW_FINDINGS),
            unit="short",
            no_value=_NOTHING,
            steps=[(GOOD, None), (FAIR, 1)],
        ),
        stat(
            "Generic share",
            "Share of all handlers of errors that take everything, or do nothing.",
            (4, 5),
            generic,
            unit="percentunit",
            no_value="No handlers",
            steps=[(GOOD, None), (FAIR, 0.2), (BAD, 0.5)],
            decimals=1,
        ),
        stat(
            "Suppressed",
            "Findings that comments in the source suppress; each comment should say why.",
            (4, 5),
            total(names.ANALYSER_SUPPRESSED),
            unit="short",
            no_value=_NOTHING,
            steps=shared.PLAIN,
        ),
        stat(
            "Files not read",
            "Files that could not be analysed, or only partly: what is in them is in no other number.",
            (4, 5),
            total(names.ANALYSER_PROBLEMS),
            unit="short",
            no_value=_NOTHING,
            steps=[(GOOD, None), (FAIR, 1)],
        ),
    ]


def _over_time() -> KindPanel:
    return time_series(
        "Findings over time",
        "By severity. A step up came with what was merged just before that run.",
        _HALF,
        [query(total(names.ANALYSER_FINDINGS, "severity"), "{{severity}}")],
        unit="short",
        no_value=_NOTHING,
        colors=BY_SEVERITY,
    )


def _by_check() -> KindPanel:
    return bar_gauge(
        "Most frequent findings",
        "The checks that find most. `errtally analyse` says for each finding where it is and what to do.",
        _HALF,
        query(f"topk({_CHECKS}, {total(names.ANALYSER_FINDINGS, 'check')} > 0)", "{{check}}", instant=True),
        unit="short",
        no_value="No findings",
        links=[],
    )


def _projects() -> KindPanel:
    findings, lines = total(names.ANALYSER_FINDINGS, "project"), total(names.ANALYSER_LINES, "project")
    shown = {
        "A": total(names.ANALYSER_FILES, "project"),
        "B": lines,
        "C": findings,
        "D": f"{findings} / ({lines} > 0) * {_LINES}",
        "E": total(names.ANALYSER_NEW_FINDINGS, "project"),
        "F": total(names.ANALYSER_SUPPRESSED, "project"),
    }
    return table(
        "Projects",
        "Each project's last run. Findings for each thousand lines make projects of different size comparable.",
        (24, 7),
        [query(expr, instant=True, table="table", ref=ref) for ref, expr in shown.items()],
        no_value=_NOTHING,
        columns=[
            Column("Project", "project", links=(shared.service_link("Project"),)),
            Column("Files", "Value #A", unit="short", width=70),
            Column("Lines", "Value #B", unit="short", width=75),
            Column("Findings", "Value #C", unit="short", width=80),
            Column("Per 1000 lines", "Value #D", unit="none", width=125, decimals=1),
            Column("New", "Value #E", unit="short", width=65),
            Column("Suppressed", "Value #F", unit="short", width=100),
        ],
        first=("Per 1000 lines", True),
    )


def _checks() -> KindPanel:
    return table(
        "Checks",
        "What is found where, most first.",
        (24, 9),
        [
            query(
                f"sort_desc({total(names.ANALYSER_FINDINGS, 'project, check, severity')} > 0)",
                instant=True,
                table="table",
            )
        ],
        no_value="No findings",
        columns=[
            Column("Check", "check"),
            Column("Severity", "severity", width=90, texts=BY_SEVERITY),
            Column("Project", "project", width=130, links=(shared.service_link("Project"),)),
            Column("Findings", "Value", unit="short", width=85),
        ],
        first=("Findings", True),
    )


def _handling() -> list[KindPanel]:
    counted = {
        "A": ("Files", names.ANALYSER_FILES),
        "B": ("Lines", names.ANALYSER_LINES),
        "C": ("Try blocks", names.ANALYSER_TRY_BLOCKS),
        "D": ("Handlers", names.ANALYSER_HANDLERS),
        "E": ("Generic", names.ANALYSER_GENERIC_CATCHES),
        "F": ("Console", names.ANALYSER_CONSOLE_CALLS),
        "G": ("Logged", names.ANALYSER_LOG_CALLS),
    }
    return [
        table(
            "Languages",
            "How much code of each language there is, and how it handles errors and writes its output.",
            (24, 7),
            [
                query(total(metric, "language"), instant=True, table="table", ref=ref)
                for ref, (_, metric) in counted.items()
            ],
            no_value=_NOTHING,
            columns=[
                Column("Language", "language"),
                *(
                    Column(heading, f"Value #{ref}", unit="short", width=95 if " " in heading else 80)
                    for ref, (heading, _) in counted.items()
                ),
            ],
        ),
        time_series(
            "Try blocks and handlers",
            "Blocks that catch errors, their handlers, and those of the handlers that take everything or do nothing.",
            (24, 8),
            [
                query(total(metric), name, ref=ref)
                for ref, name, metric in (
                    ("A", "try blocks", names.ANALYSER_TRY_BLOCKS),
                    ("B", "handlers", names.ANALYSER_HANDLERS),
                    ("C", "generic handlers", names.ANALYSER_GENERIC_CATCHES),
                )
            ],
            unit="short",
            no_value=_NOTHING,
            colors={"generic handlers": RED},
        ),
    ]


def _output() -> list[KindPanel]:
    return [
        time_series(
            "Console calls",
            "Output that no logger sees, by language: it has no level and reaches no tracker.",
            _THIRD,
            [query(total(names.ANALYSER_CONSOLE_CALLS, "language"), "{{language}}")],
            unit="short",
            no_value=_NOTHING,
        ),
        time_series(
            "Log calls by level",
            "Calls of loggers in the source.",
            _THIRD,
            [query(total(names.ANALYSER_LOG_CALLS, "level"), "{{level}}")],
            unit="short",
            no_value="No log calls",
        ),
        time_series(
            "Files not read, by reason",
            "Syntax that no parser takes, files that are too large or can't be read.",
            _THIRD,
            [query(total(names.ANALYSER_PROBLEMS, "kind"), "{{kind}}")],
            unit="short",
            no_value=_NOTHING,
        ),
    ]
