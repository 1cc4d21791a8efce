"""What keeps one outage to one page: which alert holds back which, while it fires.

An alert that is held back is only late: it is told as soon as what held it back has ended, if it still fires then.
So news that ends by itself is never held back: new issues, regressions, jobs that failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting

NEWS = (*names.EVENT_ALERTS, "CheckInMissed", "Watchdog")
"""Never held back."""

_CAN_WAIT = 'severity=~"warning|info"'
"""An alert that pages is never held back: one that ends meanwhile would never be told as ended (alertmanager#2754), and
its incident would stay open. Pages of one cause are told together instead, see `routes`."""

TARGET_DOWN = "TargetDown"
OF_THE_STORE = ("StoreErrors", "IngestRejected", "SeriesBudgetReached", "ClientsDiscarding")
"""What one exporter tells of its store: stale once it is down."""


def inhibit_rules(alerting: Alerting) -> list[dict[str, Any]]:
    """Return the inhibition rules.

    Labels that must be equal and are missing on both sides count as equal, so rules about projects ask for one.
    """
    scope = list(names.BASE_LABELS)
    only_one = [
        _rule([f'alertname="{TARGET_DOWN}"'], [_CAN_WAIT, f'alertname=~"{"|".join(OF_THE_STORE)}"'], []),
    ]
    return [
        _rule(
            ['severity="critical"', 'project!=""'],
            [_CAN_WAIT, f'alertname!~"{"|".join(NEWS)}"', 'project!=""'],
            scope,
        ),
        _rule([f'alertname="{TARGET_DOWN}"'], [_CAN_WAIT, 'instance!=""'], ["instance"]),
        *(only_one if alerting.exporters == "one" else []),
        _rule(['alertname="StoreFailing"'], [_CAN_WAIT, 'alertname=~"JournalLag|StoreErrors"'], ["job"]),
    ]


def _rule(source: list[str], target: list[str], equal: list[str]) -> dict[str, Any]:
    return {"source_matchers": source, "target_matchers": target, **({"equal": equal} if equal else {})}
