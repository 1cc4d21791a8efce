"""Carries out a retry with tenacity; both kinds of functions share all but the waiting."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from errtally.recovery import waiting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from errtally.recovery.classes import ErrorClass
    from errtally.recovery.strategies import Retry

    Classify = Callable[[BaseException], ErrorClass]
    Told = Callable[[BaseException | None], None]


def _arguments(strategy: Retry, classify: Classify) -> dict[str, Any]:
    import tenacity  # noqa: PLC0415 (optional)

    def wait(state: Any) -> float:  # noqa: ANN401 (tenacity's RetryCallState)
        seconds = strategy.wait_seconds(state.attempt_number, state.outcome.exception())
        assert seconds is not None, "goes_on has looked at it"
        return seconds

    def goes_on(error: BaseException) -> bool:
        return classify(error) in strategy.on and strategy.wait_seconds(1, error) is not None

    return {
        # The call that failed before is tenacity's first attempt: so a wait comes before the next one.
        "stop": tenacity.stop_after_attempt(1 + strategy.tries),
        "wait": wait,
        "retry": tenacity.retry_if_exception(goes_on),
        "reraise": True,
    }


def reporting(told: Told, operation: Callable[[], object]) -> object:
    """Call a function, and tell of its error, or None."""
    try:
        result = operation()
    except Exception as exc:
        told(exc)
        raise
    told(None)
    return result


async def reporting_async(told: Told, operation: Callable[[], object]) -> object:
    """The same of a function whose result may have to be awaited."""
    try:
        result = operation()
        result = await result if inspect.isawaitable(result) else result
    except Exception as exc:
        told(exc)
        raise
    told(None)
    return result


def retry(
    strategy: Retry, error: BaseException, operation: Callable[[], object], classify: Classify, told: Told
) -> object:
    """Call again as a strategy says, after a call that failed with ``error``; raises the last error."""
    import tenacity  # noqa: PLC0415 (optional)

    before: list[BaseException] = [error]

    def attempt() -> object:
        if before:
            raise before.pop()
        return reporting(told, operation)

    return tenacity.Retrying(**_arguments(strategy, classify), sleep=waiting.sleep)(attempt)


async def retry_async(
    strategy: Retry, error: BaseException, operation: Callable[[], Awaitable[object]], classify: Classify, told: Told
) -> object:
    """Await again as a strategy says, after a call that failed with ``error``; raises the last error."""
    import tenacity  # noqa: PLC0415 (optional)

    before: list[BaseException] = [error]

    async def attempt() -> object:
        if before:
            raise before.pop()
        return await reporting_async(told, operation)

    return await tenacity.AsyncRetrying(**_arguments(strategy, classify), sleep=waiting.sleep_async)(attempt)
