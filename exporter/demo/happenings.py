"""What happens in the demo: requests, failures and who met them, drawn from a seeded generator."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.demo.services import SERVICES, Failure, Service

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from errtally.exporter.demo.services import Transaction
    from errtally.exporter.demo.story import Stage

ENVIRONMENTS = ("production", "production", "production", "staging")
USERS = 400
FAILURE_SHARE = 0.008
"""Of a healthy service: below the one in a hundred that the objective without configuration allows."""
REGRESSION_SHARE = 0.15
REGRESSION_SLOWDOWN = 4.0

_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord")
_GAP = re.compile(r"\{([a-z]+)\}")
_GAPS: dict[str, Callable[[random.Random], str]] = {
    "number": lambda rng: str(rng.randrange(1000, 99999)),
    "small": lambda rng: str(rng.randrange(1, 255)),
    "milliseconds": lambda rng: str(rng.randrange(200, 30000)),
    "hexadecimal": lambda rng: f"{rng.getrandbits(40):010x}",
    "word": lambda rng: rng.choice(_WORDS),
    "uuid": lambda rng: f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4a11-9b3c-{rng.getrandbits(48):012x}",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One request to a service and how it ended.

    Attributes:
        failure: what went wrong, with ``message`` filled in; None when all went well.
    """

    service: Service
    transaction: Transaction
    timestamp: float
    duration_seconds: float
    release: str
    environment: str
    user_id: str
    event_id: str
    trace_id: str
    span_id: str
    failure: Failure | None = None
    message: str = ""

    @property
    def status(self) -> int:
        """The HTTP status that the request was answered with."""
        return 500 if self.failure is not None and self.failure.level in names.ERROR_LEVELS else 200


def draw(rng: random.Random, timestamp: float, stage: Stage) -> Happening:
    """Draw one request.

    Args:
        rng: source of all chance.
        timestamp: seconds since the epoch.
        stage: of the story.
    """
    service = rng.choices(SERVICES, weights=[service.weight for service in SERVICES])[0]
    release = stage.release(service)
    is_broken = service.regression is not None and release == service.next_release
    failure = None
    if is_broken and rng.random() < REGRESSION_SHARE:
        failure = service.regression
    elif rng.random() < FAILURE_SHARE:
        failure = rng.choice(service.failures)
    return happen(rng, service, timestamp, release, failure, REGRESSION_SLOWDOWN if is_broken else 1.0)


def happen(
    rng: random.Random, service: Service, timestamp: float, release: str, failure: Failure | None, slowdown: float = 1.0
) -> Happening:
    """Fill in the chance of one request whose outcome is known."""
    transaction = service.transaction(failure.transaction) if failure else rng.choice(service.transactions)
    return Happening(
        service=service,
        transaction=transaction,
        timestamp=timestamp,
        duration_seconds=slowdown * rng.lognormvariate(math.log(transaction.median_seconds), transaction.sigma),
        release=release,
        environment=rng.choice(ENVIRONMENTS),
        user_id=f"u-{rng.randrange(USERS)}",
        event_id=f"{rng.getrandbits(128):032x}",
        trace_id=f"{rng.getrandbits(128):032x}",
        span_id=f"{rng.getrandbits(64):016x}",
        failure=failure,
        message=_fill(rng, failure.message) if failure else "",
    )


def fixed_set(rng: random.Random, timestamp: float) -> Iterator[Happening]:
    """The fixed set of `errtally demo --once`: every failure as often as it says, and a good request each."""
    for service in SERVICES:
        failures = [(service.release, failure) for failure in service.failures]
        if service.regression is not None:
            failures.append((service.next_release, service.regression))
        for release, failure in failures:
            for _ in range(failure.once):
                yield happen(rng, service, timestamp, release, failure)
                yield happen(rng, service, timestamp, release, None)


def _fill(rng: random.Random, template: str) -> str:
    """Put values into a message's gaps."""
    return _GAP.sub(lambda gap: _GAPS[gap.group(1)](rng), template)


def _expected_events() -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for service in SERVICES:
        for failure in (*service.failures, *([service.regression] if service.regression else [])):
            counts[service.project, failure.level] = counts.get((service.project, failure.level), 0) + failure.once
    return counts


EXPECTED_EVENTS: dict[tuple[str, str], int] = _expected_events()
"""Events that `errtally demo --once` sends, by project and level."""

EXPECTED_REQUESTS: dict[str, int] = {
    service.project: 2 * sum(count for (project, _), count in EXPECTED_EVENTS.items() if project == service.project)
    for service in SERVICES
}
"""Requests whose timing `errtally demo --once` sends, by project."""
