"""Celery: failed and retried tasks, task names as transactions, timings; works in every kind of pool."""

from __future__ import annotations

import time
from typing import Any

from celery import signals

from errtally.client import current, scope

_BEGAN = "_began_at"


def install() -> None:
    """Report from the worker; a second call changes nothing."""
    signals.task_prerun.connect(_begin, weak=False, dispatch_uid="errtally-begin")
    signals.task_failure.connect(_fail, weak=False, dispatch_uid="errtally-fail")
    signals.task_retry.connect(_retry, weak=False, dispatch_uid="errtally-retry")
    signals.task_postrun.connect(_end, weak=False, dispatch_uid="errtally-end")
    signals.worker_process_shutdown.connect(_flush, weak=False, dispatch_uid="errtally-flush")


def _begin(task_id: str = "", task: Any = None, **_: Any) -> None:  # noqa: ANN401 (a signal's receiver)
    scope.restore(scope.Scope(transaction=task.name, tags={"celery_task_id": task_id}))
    setattr(task.request, _BEGAN, time.perf_counter())


def _fail(exception: BaseException | None = None, sender: Any = None, traceback: Any = None, **_: Any) -> None:  # noqa: ANN401
    tracker = current.tracker()
    if tracker is None or exception is None or isinstance(exception, getattr(sender, "throws", ())):
        return
    tracker.capture_exception(exception, trace=traceback, unhandled="celery")


def _retry(reason: Any = None, sender: Any = None, **_: Any) -> None:  # noqa: ANN401
    current.add_breadcrumb(
        f"retry of {getattr(sender, 'name', 'a task')}: {reason}", category="celery", level="warning"
    )


def _end(task: Any = None, state: str | None = None, **_: Any) -> None:  # noqa: ANN401
    began = getattr(task.request, _BEGAN, None)
    if began is not None:
        failed = state == "FAILURE"
        current.request_finished(task.name, time.perf_counter() - began, method="", failed=failed)
    scope.restore(scope.Scope())


def _flush(**_: Any) -> None:  # noqa: ANN401
    # A process of the prefork pool ends without atexit.
    current.flush()
