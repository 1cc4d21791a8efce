"""Who is told of attempts, outcomes and breakers: the log, what is pushed, and Prometheus where it is installed."""

from __future__ import annotations

import importlib.util
import logging
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from errtally import names
from errtally.client import current
from errtally.client.measures import process_measures

if TYPE_CHECKING:
    from errtally.client.measures import Measures
    from errtally.recovery.breaker import State
    from errtally.recovery.classes import ErrorClass

log = logging.getLogger("errtally.recovery")


class Observer(Protocol):
    """Is told what happens; must not raise."""

    def attempted(self, service: str, strategy: str, error: BaseException | None) -> None:
        """A further attempt has ended, well without an error."""

    def ended(self, service: str, error_class: ErrorClass, outcome: str, error: BaseException) -> None:
        """A failed call has ended: ``outcome`` is one of ``names.RECOVERY_OUTCOMES``, ``error`` the original."""

    def changed(self, service: str, state: State) -> None:
        """A breaker has a new state."""

    def refused(self, service: str) -> None:
        """A breaker refused a call."""


class Log:
    """Writes log lines; a failure is a warning, because the error itself is raised to whoever decides what it is."""

    def attempted(self, service: str, strategy: str, error: BaseException | None) -> None:
        """Log an attempt."""
        if error is None:
            log.info("%s: attempt by %s succeeded", service, strategy)
        else:
            log.info("%s: attempt by %s failed: %s: %s", service, strategy, type(error).__name__, error)

    def ended(self, service: str, error_class: ErrorClass, outcome: str, error: BaseException) -> None:
        """Log an outcome."""
        log.warning("%s: %s error %s: %s: %s", service, error_class.value, outcome, type(error).__name__, error)

    def changed(self, service: str, state: State) -> None:
        """Log a breaker's change."""
        log.warning("%s: circuit %s", service, state.replace("_", " "))

    def refused(self, service: str) -> None:
        """Log nothing: an open breaker refuses thousands of calls, and has said that it is open."""


class Metrics:
    """Counts in a registry of prometheus_client."""

    def __init__(self, registry: Any) -> None:  # noqa: ANN401 (a CollectorRegistry)
        import prometheus_client as client  # noqa: PLC0415 (optional)

        def made(kind: Any, metric: names.Metric) -> Any:  # noqa: ANN401
            return kind(metric.name, metric.help, metric.labels, registry=registry)

        self._attempts = made(client.Counter, names.RECOVERY_ATTEMPTS)
        self._ended = made(client.Counter, names.RECOVERIES)
        self._state = made(client.Gauge, names.BREAKER_STATE)
        self._changes = made(client.Counter, names.BREAKER_CHANGES)
        self._refused = made(client.Counter, names.BREAKER_REFUSED)

    def attempted(self, service: str, strategy: str, error: BaseException | None) -> None:
        """Count an attempt."""
        self._attempts.labels(service, strategy, names.OUTCOMES[error is not None]).inc()

    def ended(self, service: str, error_class: ErrorClass, outcome: str, error: BaseException) -> None:  # noqa: ARG002
        """Count an outcome."""
        self._ended.labels(service, error_class.value, outcome).inc()

    def changed(self, service: str, state: State) -> None:
        """Show a breaker's state, and count its change."""
        self._state.labels(service).set(names.BREAKER_STATES.index(state))
        self._changes.labels(service, state).inc()

    def refused(self, service: str) -> None:
        """Count a refused call."""
        self._refused.labels(service).inc()

    def began(self, service: str) -> None:
        """Show a breaker as closed from its beginning, and its counters at 0, so that increases are seen."""
        self._state.labels(service).set(0)
        self._refused.labels(service)
        for state in names.BREAKER_STATES:
            self._changes.labels(service, state)


class Pushed:
    """Counts for the exporter; the tracker sends it along with events, as its setting ``push_metrics`` says.

    Args:
        measures: where to count; those of the process by default.
    """

    def __init__(self, measures: Measures = process_measures) -> None:
        self._measures = measures

    def attempted(self, service: str, strategy: str, error: BaseException | None) -> None:
        """Count an attempt."""
        self._add(names.RECOVERY_ATTEMPTS, service, strategy, names.OUTCOMES[error is not None])

    def ended(self, service: str, error_class: ErrorClass, outcome: str, error: BaseException) -> None:  # noqa: ARG002
        """Count an outcome."""
        self._add(names.RECOVERIES, service, error_class.value, outcome)

    def changed(self, service: str, state: State) -> None:
        """Show a breaker's state, and count its change."""
        self._measures.set(names.BREAKER_STATE, service, value=names.BREAKER_STATES.index(state))
        self._add(names.BREAKER_CHANGES, service, state)

    def refused(self, service: str) -> None:
        """Count a refused call."""
        self._add(names.BREAKER_REFUSED, service)

    def began(self, service: str) -> None:
        """Show a breaker as closed from its beginning, and its counters at 0, so that increases are seen.

        Starts no thread: breakers are made when modules are imported, and a server that forks should not have one then.
        """
        self._measures.set(names.BREAKER_STATE, service, value=0)
        self._measures.declare(names.BREAKER_REFUSED, service)
        for state in names.BREAKER_STATES:
            self._measures.declare(names.BREAKER_CHANGES, service, state)

    def _add(self, metric: names.Metric, *labels: str) -> None:
        self._measures.add(metric, *labels)
        found = current.tracker()
        if found is not None:
            found.measured()


@cache
def default_observers() -> tuple[Observer, ...]:
    """Return the log, what is pushed, and Prometheus' default registry where prometheus_client is installed."""
    if importlib.util.find_spec("prometheus_client") is None:
        return (Log(), Pushed())
    import prometheus_client  # noqa: PLC0415 (optional)

    return (Log(), Pushed(), Metrics(prometheus_client.REGISTRY))
