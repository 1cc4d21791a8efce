"""What may help against a class of errors: data, which the runner carries out for functions and coroutines alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally.recovery.classes import ErrorClass, asked_seconds
from errtally.recovery.waiting import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Retry:
    """Call again after a wait.

    Attributes:
        name: label of the metrics.
        tries: calls after the one that failed.
        base_seconds: first wait at most; it doubles with each try.
        cap_seconds: longest wait.
        jitter: share of the wait that is drawn, 0 to 1.
        on: classes of error after which it goes on.
        asked_default_seconds: None to draw waits; otherwise to wait what the server asked for, this without.
        asked_limit_seconds: a server that asks for more is not waited for.
        use_replica: whether a replica, when the call has one, is asked once instead.
        draw: a random number from 0 to 1.
    """

    name: str
    tries: int
    base_seconds: float = 1.0
    cap_seconds: float = 10.0
    jitter: float = 0.5
    on: frozenset[ErrorClass] = frozenset({ErrorClass.NETWORK})
    asked_default_seconds: float | None = None
    asked_limit_seconds: float = 300.0
    use_replica: bool = False
    draw: Callable[[], float] = field(default=draw, compare=False)

    def wait_seconds(self, attempt: int, error: BaseException) -> float | None:
        """Return how long to wait before a try, counted from 1; None when the server asks for too long a wait."""
        asked = asked_seconds(error)
        if self.asked_default_seconds is not None:
            wait = self.asked_default_seconds if asked is None else asked
            return wait if wait <= self.asked_limit_seconds else None
        span = float(min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1)))
        drawn = span * (1 - self.jitter + self.jitter * self.draw())
        if asked is None:
            return drawn
        return max(drawn, asked) if asked <= self.asked_limit_seconds else None


@dataclass(frozen=True, slots=True)
class Fallback:
    """Call no more; take the fallback if the call has one. The circuit breaker has done its part before."""

    name: str = "fallback"


@dataclass(frozen=True, slots=True)
class Own:
    """A strategy of the application's.

    Attributes:
        name: label of the metrics.
        run: gets the error and the operation (to be called, or awaited if it is a coroutine function); returns the
            result, or a coroutine for it, or raises.
    """

    name: str
    run: Callable[[BaseException, Callable[[], object]], object]


Strategy = Retry | Fallback | Own

NETWORK = Retry("retry", tries=3, base_seconds=1.0, cap_seconds=10.0)
DATABASE = Retry(
    "database", tries=2, base_seconds=0.5, cap_seconds=5.0, on=frozenset({ErrorClass.DATABASE}), use_replica=True
)
RATE_LIMIT = Retry("rate_limit", tries=1, on=frozenset({ErrorClass.RATE_LIMIT}), asked_default_seconds=60.0)

DEFAULTS: Mapping[ErrorClass, Strategy] = {
    ErrorClass.NETWORK: NETWORK,
    ErrorClass.DATABASE: DATABASE,
    ErrorClass.RATE_LIMIT: RATE_LIMIT,
    ErrorClass.EXTERNAL: Fallback(),
}
"""Nothing is done about unknown errors: they are raised as they are."""
