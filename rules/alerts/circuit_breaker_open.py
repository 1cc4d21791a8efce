"""Circuit Breaker Open: an application has given up calling a service that it needs.

Breaker states come by two ways: pushed through the exporter with project and environment, or scraped from the
application itself, which knows neither unless the scrape configuration adds them.
"""

from __future__ import annotations

from errtally import names
from errtally.rules import missing_data
from errtally.rules.boards import RECOVERY
from errtally.rules.gaps import held
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, label_set, steady

_CLOSED, _HALF_OPEN, _OPEN = range(len(names.BREAKER_STATES))
_SERVICE = {"service": "payment-api"}
_PUSHED = names.BREAKER_STATE.name + label_set(
    {**DEMO_LABELS, **_SERVICE, "job": "errtally", "instance": "exporter:9765"}
)
_SCRAPED, _OTHER = (
    names.BREAKER_STATE.name + label_set({**_SERVICE, "job": "shop", "instance": f"shop-{number}:8000"})
    for number in (1, 2)
)

_UP = 'up{job="shop", instance="shop-1:8000"}'


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    steps, at = settings.settled_steps, settings.settled_seconds
    pushed = ExpectedAlert({**DEMO_LABELS, **_SERVICE}, "open", {"where": " of checkout (production)"})
    scraped = ExpectedAlert(_SERVICE, "open", {"where": ""})
    trying = ExpectedAlert(_SERVICE, "half open", {"where": ""})
    early: tuple[Case, ...] = ()
    if settings.for_seconds > settings.step_seconds:
        early = (Case("waits before it fires", {_SCRAPED: steady(_OPEN, steps)}, (Check(settings.step_seconds),)),)
    probing = " ".join(f"{_OPEN} {_HALF_OPEN}" for _ in range(steps // 2 + 1))
    return (
        *early,
        Case(
            "fires for a breaker that an application pushes", {_PUSHED: steady(_OPEN, steps)}, (Check(at, (pushed,)),)
        ),
        Case("fires for one that is scraped", {_SCRAPED: steady(_OPEN, steps)}, (Check(at, (scraped,)),)),
        Case(
            "fires once when one process of several can't reach it",
            {_SCRAPED: steady(_OPEN, steps), _OTHER: steady(_CLOSED, steps)},
            (Check(at, (scraped,)),),
        ),
        Case(
            "fires while attempts to reach the service fail",
            {_SCRAPED: f"{probing} {steady(_HALF_OPEN, steps)}"},
            (Check(at + settings.step_seconds * len(probing.split()), (trying,)),),
        ),
        Case(
            "goes on while its source can't be scraped",
            {_SCRAPED: f"{steady(_OPEN, steps)} _x{steps}", _UP: f"{steady(1, steps)} {steady(0, steps)}"},
            (Check(at, (scraped,)), Check(at + (steps - 2) * settings.step_seconds, (scraped,))),
        ),
        Case(
            "ends when its source is gone for good",
            {_SCRAPED: f"{steady(_OPEN, steps)} stale", _UP: f"{steady(1, steps)} stale"},
            (Check(at, (scraped,)), Check(at + (steps - 2) * settings.step_seconds)),
        ),
        Case("is silent while breakers are closed", {_SCRAPED: steady(_CLOSED, steps)}, (Check(at),)),
        Case("is silent when nobody has a breaker", {}, (Check(at),)),
        Case(
            "resolves when the breaker closes",
            {_SCRAPED: f"{steady(_OPEN, steps)} {steady(_CLOSED, settings.over_steps)}"},
            (Check(at, (scraped,)), Check(settings.over_seconds)),
        ),
    )


CIRCUIT_BREAKER_OPEN = AlertRule(
    name="CircuitBreakerOpen",
    title="Circuit Breaker Open",
    defaults=Defaults(severity="warning", channels=("slack",), for_seconds=300),
    labels=(*names.BASE_LABELS, "service"),
    board=RECOVERY,
    summary="The circuit breaker of {service}{where} has not closed",
    description=(
        "For {for} calls{where} to {service} have been refused at once, or the attempts to reach it again have failed."
    ),
    value=f"{{{{ if eq $value {_OPEN}.0 }}}}open{{{{ else }}}}half open{{{{ end }}}}",
    threshold_text=lambda _: "closed",
    fields=lambda _: {"where": "{{ with $labels.project }} of {{ . }} ({{ $labels.environment }}){{ end }}"},
    expr=lambda _: f"max by ({SCOPE}, service) {held(names.BREAKER_STATE.name)} > {_CLOSED}",
    cases=_cases,
    without_data=missing_data.STANDS,
    runbook=Runbook(
        meaning=(
            "An application calls a service through errtally's circuit breaker. Its calls failed so often that the"
            " breaker opened, and it has not closed since, in at least one process."
        ),
        impact=(
            "Calls to the service fail at once, or get the fallback where there is one. Users meet what the"
            " application does without the service."
        ),
        diagnosis=(
            "1. *Recovery* on the dashboards: which processes, since when, how many calls are refused, which classes of"
            " errors came before.\n"
            "2. The service itself: is it up, is it slow, does it refuse this client?\n"
            "3. The application's log says why calls failed: lines of `errtally.recovery`.\n"
            "4. Without calls a breaker stays open: a process that nobody asks any more shows the last state it knew."
        ),
        mitigation=(
            "- Bring the service back: the breaker closes by itself with the next calls that succeed.\n"
            "- A process that is stuck on an old address or key: restart it.\n"
            "- Opens too soon: let more failures pass in the breaker's settings (`BreakerSettings`)."
        ),
    ),
)
