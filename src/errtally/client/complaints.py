"""Says on standard error that the library itself failed: once for each kind, whatever becomes of the host's logging."""

from __future__ import annotations

import sys

_said: set[str] = set()


def complain(what: str, error: BaseException) -> None:
    """Say that something went wrong, the first time that it does.

    Args:
        what: what could not be done, such as ``a log record was not reported``.
        error: why.
    """
    kind = f"{what}: {type(error).__qualname__}"
    if kind in _said:
        return
    _said.add(kind)
    try:
        reason = str(error)
    except Exception:  # noqa: BLE001 (any code of the application's may run here)
        reason = "..."
    say(f"{kind}: {reason:.300}{_place(error)} (said once)")


def _place(error: BaseException) -> str:
    """Return where an exception was raised, for those who have written that code."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return "" if at is None else f", in {at.tb_frame.f_code.co_filename}:{at.tb_lineno}"


def say(text: str) -> None:
    """Say something on standard error, where there is one."""
    if sys.stderr is None:
        return
    try:
        print(f"errtally: {text}", file=sys.stderr, flush=True)  # noqa: T201 (for people)
    except (OSError, ValueError):
        return  # it is closed
