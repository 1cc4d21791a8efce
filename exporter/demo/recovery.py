"""What services of the demo report of calls to other services: failed ones, a circuit breaker, their processes."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.exporter.demo.messages import Message, key_of

if TYPE_CHECKING:
    from errtally.exporter.demo.services import Service
    from errtally.exporter.demo.story import Stage

CALLED = {"checkout": "tax-rates", "notifier": "mail-provider"}
"""Project to the service that it calls through a circuit breaker. The broken release asks its one far too often."""

_CLOSED, _OPEN = names.BREAKER_STATES.index("closed"), names.BREAKER_STATES.index("open")
_STRATEGY = "exponential_backoff"


def recovery_report(service: Service, stage: Stage, number: int, key: str, *, is_first: bool) -> Message:
    """What a process of a service counted since its last report, as errtally's client pushes it.

    Args:
        service: one of `CALLED`.
        stage: of the story.
        number: of the report; what a process uses varies a little with it.
        key: of the project.
        is_first: whether the stage has just begun.
    """
    called, process = CALLED[service.project], f"{service.project}-1"
    is_open = stage.is_broken and service.regression is not None
    measures = [
        _measure(names.RECOVERIES, 2, service=called, error_class="network", outcome="recovered"),
        _measure(names.RECOVERY_ATTEMPTS, 2, service=called, strategy=_STRATEGY, outcome="success"),
        _measure(names.BREAKER_REFUSED, 40 if is_open else 0, service=called),
        _gauge(process, names.BREAKER_STATE, _OPEN if is_open else _CLOSED, service=called),
        _gauge(process, names.CLIENT_CPU, 0.6 if is_open else 0.2 + number % 5 / 100),
        _gauge(process, names.CLIENT_MEMORY, 180e6 + number % 9 * 1e6),
        _gauge(process, names.CLIENT_DISK_FREE, 0.62),
    ]
    if is_open:
        measures += [
            _measure(names.RECOVERIES, 9, service=called, error_class="rate_limit", outcome="failed"),
            _measure(names.RECOVERIES, 12, service=called, error_class="rate_limit", outcome="fallback"),
            _measure(names.RECOVERY_ATTEMPTS, 21, service=called, strategy=_STRATEGY, outcome="failure"),
        ]
    if is_first and service.regression is not None and stage.begins and not stage.is_fixed:
        state = names.BREAKER_STATES[_OPEN if is_open else _CLOSED]
        measures.append(_measure(names.BREAKER_CHANGES, 1, service=called, state=state))
    body = {"events": [], "report_id": uuid.uuid4().hex, "measures": measures}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key_of(service.project, key)}"}
    path = f"/api/events?project={service.project}"
    return Message(service.project, path, json.dumps(body).encode(), headers, events=0, timings=0)


def _measure(metric: names.Metric, value: float, **labels: str) -> dict[str, Any]:
    return {"name": metric.name, "value": value, "environment": names.DEFAULT_ENVIRONMENT, "labels": labels}


def _gauge(process: str, metric: names.Metric, value: float, **labels: str) -> dict[str, Any]:
    return {**_measure(metric, value, **labels), "process": process}
