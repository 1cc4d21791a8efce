"""Celery: failed and retried tasks, task names as transactions, timings; works in every kind of pool."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import Any

from billiard.einfo import ExceptionWithTraceback
from celery import signals
from celery.utils.serialization import UnpickleableExceptionWrapper

from errtally.client import current, scope
from errtally.client.integrations.log_records import leave_to_integration

_BEGAN, _BEFORE = "_began_at", "_scope_before"
_ENDED_WELL = frozenset({"SUCCESS", "RETRY", "IGNORED", "REJECTED"})
"""States after which a task has not failed; it has none when its process was told to end while it ran."""

_lost: deque[tuple[str, type]] = deque(maxlen=100)
"""Tasks and errors that the worker itself has told of: of a time limit it tells twice."""


def install() -> None:
    """Report from the worker; a second call changes nothing."""
    signals.task_prerun.connect(_begin, weak=False, dispatch_uid="errtally-begin")
    signals.task_failure.connect(_fail, weak=False, dispatch_uid="errtally-fail")
    signals.task_retry.connect(_retry, weak=False, dispatch_uid="errtally-retry")
    signals.task_postrun.connect(_end, weak=False, dispatch_uid="errtally-end")
    signals.worker_process_shutdown.connect(_flush, weak=False, dispatch_uid="errtally-flush")
    # The worker logs each failure as well, with a copy of the exception.
    leave_to_integration("celery.app.trace", "celery.worker.job", "celery.worker.request")


def _begin(task_id: str = "", task: Any = None, **_: Any) -> None:  # noqa: ANN401 (a signal's receiver)
    # A task that runs where it is called, within a web request, leaves the request's scope as it was.
    setattr(task.request, _BEFORE, scope.enter(scope.begun(transaction=task.name)))
    scope.set_tag("celery_task_id", task_id)
    setattr(task.request, _BEGAN, time.perf_counter())


def _fail(
    exception: BaseException | None = None,
    sender: Any = None,  # noqa: ANN401
    traceback: Any = None,  # noqa: ANN401
    task_id: str = "",
    **_: Any,  # noqa: ANN401
) -> None:
    tracker = current.tracker()
    if tracker is None or exception is None:
        return
    error = _real(exception)
    if isinstance(error, getattr(sender, "throws", ())):
        return
    # An old form of a worker has the traceback as a text.
    trace = traceback if error is exception and not isinstance(traceback, str) else None
    if getattr(getattr(sender, "request", None), _BEGAN, None) is not None:
        tracker.capture_exception(error, trace=trace, unhandled="celery")
        return
    # The task ran in a process that has gone: killed, or over its time limit. This is the worker's own.
    if (task_id, type(error)) in _lost:
        return
    _lost.append((task_id, type(error)))
    with scope.request_scope(transaction=getattr(sender, "name", None)):
        tracker.capture_exception(error, trace=trace, tags={"celery_task_id": task_id}, unhandled="celery")


def _real(exception: BaseException) -> BaseException:
    """Return what the task has raised; Celery tells of what can be pickled, which may be a base class or a wrapper."""
    handled = sys.exception()
    if isinstance(exception, ExceptionWithTraceback):
        exception = exception.exc
    if isinstance(exception, UnpickleableExceptionWrapper):
        return handled if handled is not None else exception.restore()
    return handled if isinstance(handled, type(exception)) else exception


def _retry(reason: object = None, sender: object = None, **_: object) -> None:
    current.add_breadcrumb(
        f"retry of {getattr(sender, 'name', 'a task')}: {reason}", category="celery", level="warning"
    )


def _end(task: Any = None, state: str | None = None, **_: Any) -> None:  # noqa: ANN401
    began = getattr(task.request, _BEGAN, None)
    if began is None:
        return
    current.request_finished(task.name, time.perf_counter() - began, method="", failed=state not in _ENDED_WELL)
    scope.leave(getattr(task.request, _BEFORE))


def _flush(**_: object) -> None:
    # A process of the prefork pool ends without atexit.
    current.flush()
