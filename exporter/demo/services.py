"""The services of the demo, read from services.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Transaction:
    """One thing that a service does; its duration is log-normal."""

    name: str
    method: str
    median_seconds: float
    sigma: float


@dataclass(frozen=True, slots=True)
class CallSite:
    """One frame of a stack, oldest first."""

    filename: str
    function: str
    lineno: int
    in_app: bool
    context_line: str | None = None
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which a service fails; ``once`` is how often `errtally demo --once` sends it."""

    type: str
    level: str
    message: str
    transaction: str
    once: int
    frames: tuple[CallSite, ...]
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service, which is one project.

    Attributes:
        weight: its share of the traffic, relative to the others.
        next_release: the release that breaks something; empty when this service has none.
        regression: what ``next_release`` breaks.
    """

    project: str
    platform: str
    protocol: Literal["sentry", "native"]
    release: str
    weight: int
    transactions: tuple[Transaction, ...]
    failures: tuple[Failure, ...]
    sdk: str = ""
    next_release: str = ""
    fixed_release: str = ""
    regression: Failure | None = None

    def transaction(self, name: str) -> Transaction:
        """The transaction of a name."""
        return next(transaction for transaction in self.transactions if transaction.name == name)


def _failure(entry: dict[str, Any]) -> Failure:
    return Failure(**{**entry, "frames": tuple(CallSite(*frame) for frame in entry["frames"])})


def _service(entry: dict[str, Any]) -> Service:
    return Service(
        **{
            **entry,
            "transactions": tuple(Transaction(**transaction) for transaction in entry["transactions"]),
            "failures": tuple(map(_failure, entry["failures"])),
            "regression": _failure(entry["regression"]) if "regression" in entry else None,
        }
    )


SERVICES: tuple[Service, ...] = tuple(
    map(_service, json.loads(resources.files(__package__).joinpath("services.json").read_text(encoding="utf-8")))
)

TELLS_THE_STORY = next(service for service in SERVICES if service.regression is not None)
"""The service whose release goes bad."""
