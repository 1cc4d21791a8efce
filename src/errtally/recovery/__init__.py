"""Recovery from faults: a strategy for each class of error, retries, circuit breakers, fallbacks."""

from errtally.errors import CallTimeoutError, CircuitOpenError
from errtally.recovery.breaker import BreakerSettings, CircuitBreaker
from errtally.recovery.classes import ErrorClass, classify
from errtally.recovery.observing import Log, Metrics, Observer, Pushed
from errtally.recovery.recovery import Recovery
from errtally.recovery.strategies import DATABASE, NETWORK, RATE_LIMIT, Fallback, Own, Retry, Strategy
from errtally.recovery.waiting import testing

__all__ = [
    "DATABASE",
    "NETWORK",
    "RATE_LIMIT",
    "BreakerSettings",
    "CallTimeoutError",
    "CircuitBreaker",
    "CircuitOpenError",
    "ErrorClass",
    "Fallback",
    "Log",
    "Metrics",
    "Observer",
    "Own",
    "Pushed",
    "Recovery",
    "Retry",
    "Strategy",
    "classify",
    "testing",
]
