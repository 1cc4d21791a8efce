"""What keeps one outage to one page: which alert holds back which, while it fires.

An alert that is held back is only late: it is told as soon as what held it back has ended, if it still fires then.
So news that ends by itself is never held back: new issues, regressions, jobs that failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting

NEWS = ("NewIssue", "Regression", "CheckInMissed", "CheckInFailed", "Watchdog")
"""Never held back."""

SYMPTOMS = ("ErrorRateAnomaly", "ErrorBudgetBurn1h", "ErrorBudgetBurn6h", "ErrorBudgetBurn1d", "ErrorBudgetBurn3d")
"""What a high error rate makes fire as well."""

BURNS = SYMPTOMS[1:]
"""The same objective, fastest first."""

TARGET_DOWN = "TargetDown"
OF_THE_STORE = ("StoreErrors", "IngestRejected", "SeriesBudgetReached", "ClientsDiscarding")
"""What one exporter tells of its store: stale once it is down."""


def inhibit_rules(alerting: Alerting) -> list[dict[str, Any]]:
    """Return the inhibition rules.

    Labels that must be equal and are missing on both sides count as equal, so rules about projects ask for one.
    """
    scope = list(names.BASE_LABELS)
    only_one = [
        _rule([f'alertname="{TARGET_DOWN}"'], [f'alertname=~"{"|".join(OF_THE_STORE)}"'], []),
    ]
    return [
        _rule(
            ['severity="critical"', 'project!=""'],
            ['severity=~"warning|info"', f'alertname!~"{"|".join(NEWS)}"', 'project!=""'],
            scope,
        ),
        _rule(['alertname="HighErrorRate"', 'project!=""'], [f'alertname=~"{"|".join(SYMPTOMS)}"'], scope),
        *(
            _rule([f'alertname="{faster}"'], [f'alertname=~"{"|".join(BURNS[index + 1 :])}"'], [*scope, "slo"])
            for index, faster in enumerate(BURNS[:-1])
        ),
        _rule([f'alertname="{TARGET_DOWN}"'], [f'alertname!="{TARGET_DOWN}"', 'instance!=""'], ["instance"]),
        *(only_one if alerting.exporters == "one" else []),
        _rule(['alertname="StoreFailing"'], ['alertname=~"JournalLag|StoreErrors"'], ["job"]),
    ]


def _rule(source: list[str], target: list[str], equal: list[str]) -> dict[str, Any]:
    return {"source_matchers": source, "target_matchers": target, **({"equal": equal} if equal else {})}
