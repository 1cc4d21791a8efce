"""Releases and sessions: is the new release worse than the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BAD, BY_SESSION_END, FAIR, GOOD
from errtally.dashboards.frame import framed
from errtally.dashboards.panels import query, stat, time_series
from errtally.dashboards.tables import Column, table

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel, Steps

_CHOSEN = (*queries.SCOPE, "release")
_BY = "project, release"
_STEPS: Steps = [(BAD, None), (FAIR, 0.98), (GOOD, 0.995)]
_CRASHED = 'status=~"crashed|unhandled"'
"""A session that ended by an error that nobody handled, as a crash of the program or of a promise or thread."""


def releases(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    started = _sessions('status="started"')
    return framed(
        alerting,
        uid=links.RELEASES,
        title="Releases and sessions",
        description="Sessions by release: how many run, and how many end without a crash.",
        variables=[*variables.base(alerting), variables.release()],
        parts=[
            stat(
                "Crash-free sessions",
                "Share of the time range's sessions that did not end with an unhandled error.",
                (6, 5),
                _crash_free(""),
                unit="percentunit",
                no_value="No sessions reported",
                steps=_STEPS,
                decimals=2,
            ),
            stat(
                "Crash-free users",
                "Share of the users of the last 24 hours, of the releases chosen, that met no crash.",
                (6, 5),
                _crash_free_users(""),
                unit="percentunit",
                no_value="No users reported",
                steps=_STEPS,
                decimals=2,
            ),
            stat(
                "Sessions",
                "Sessions begun within the time range.",
                (6, 5),
                queries.counted(started),
                unit="short",
                no_value="No sessions reported",
                steps=shared.PLAIN,
            ),
            stat(
                "Crashed sessions",
                "Sessions of the time range that ended with an unhandled error.",
                (6, 5),
                queries.counted(_sessions(_CRASHED)),
                unit="short",
                no_value="None",
                steps=shared.PLAIN,
            ),
            _by_release(),
            _over_time(),
            _adoption(),
            _ends(),
            shared.new_issues(alerting, (24, 9), "New issues of all releases"),
        ],
    )


def _sessions(*matchers: str) -> str:
    return queries.of(names.SESSIONS, *matchers, variables=_CHOSEN)


def _crash_free(by: str) -> str:
    crashed, started = queries.counted(_sessions(_CRASHED), by), queries.counted(_sessions('status="started"'), by)
    return f"1 - {queries.share(crashed, started)}"


def _crash_free_users(by: str) -> str:
    users, crashed = (
        queries.total(queries.of(metric, variables=_CHOSEN), by)
        for metric in (names.SESSION_USERS, names.CRASHED_SESSION_USERS)
    )
    return f"1 - {queries.share(crashed, users)}"


def _by_release() -> KindPanel:
    shown = {
        "A": queries.counted(_sessions('status="started"'), _BY),
        "B": _crash_free(_BY),
        "C": queries.counted(_sessions(_CRASHED), _BY),
        "D": queries.counted(_sessions('status="errored"'), _BY),
        "E": _crash_free_users(_BY),
    }
    return table(
        "Releases",
        "Each release over the time range. One that is worse than the one before it is the first to roll back.",
        (24, 8),
        [query(expr, instant=True, table="table", ref=ref) for ref, expr in shown.items()],
        no_value="No sessions reported",
        first=("Crash-free", False),
        columns=[
            Column("Project", "project", width=120, links=(shared.service_link("Project"),)),
            Column("Release", "release"),
            Column("Sessions", "Value #A", unit="short", width=95),
            Column("Crash-free", "Value #B", unit="percentunit", width=105, steps=_STEPS, decimals=2),
            Column("Crash-free users", "Value #E", unit="percentunit", width=145, steps=_STEPS, decimals=2),
            Column("Crashed", "Value #C", unit="short", width=95),
            Column("With errors", "Value #D", unit="short", width=110),
        ],
    )


def _over_time() -> KindPanel:
    crashed, started = (
        queries.stepped(_sessions(_CRASHED), "release"),
        queries.stepped(_sessions('status="started"'), "release"),
    )
    return time_series(
        "Crash-free rate by release",
        "Of the sessions within a step of the graph.",
        (12, 9),
        [query(f"1 - {queries.share(crashed, started)}", "{{release}}")],
        unit="percentunit",
        no_value="No sessions reported",
        minimum=None,
        maximum=1,
        is_sparse=True,
        is_better_high=True,
    )


def _adoption() -> KindPanel:
    return time_series(
        "Sessions by release",
        "Sessions begun per step of the graph: how a release takes over from the one before it.",
        (12, 9),
        [query(queries.stepped(_sessions('status="started"'), "release"), "{{release}}")],
        unit="short",
        no_value="No sessions reported",
        stacked=True,
    )


def _ends() -> KindPanel:
    return time_series(
        "How sessions ended",
        "Sessions per step of the graph. Errored: with an error that was handled; abnormal: without a word.",
        (24, 9),
        [query(queries.stepped(_sessions('status!="started"'), "status"), "{{status}}")],
        unit="short",
        no_value="No sessions ended",
        stacked=True,
        colors=BY_SESSION_END,
    )
