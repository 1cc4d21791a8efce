"""Celery, the real one: failed tasks, with their names and the exception that was raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.client.applications import seen
from tests.client.programs import run_program

import errtally

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


def test_celery_reports_failed_tasks_once_with_their_names(tracked: Receiver) -> None:
    celery = pytest.importorskip("celery")
    from errtally.client.integrations import celery_tasks  # noqa: PLC0415

    celery_tasks.install()
    celery_tasks.install()
    app = celery.Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True

    @app.task(name="shop.price", throws=(LookupError,))
    def price(number: int) -> float:
        errtally.set_tag("order", number)
        if number == 7:
            raise LookupError("expected")
        return 1 / (number - 5)

    price.delay(6)
    price.delay(5)
    price.delay(7)
    events, timings = seen(tracked)
    assert events == [("error", "division by zero")]
    assert timings == [("shop.price", None, False), ("shop.price", None, True), ("shop.price", None, True)]
    (event,) = tracked.events()
    assert event["transaction"] == "shop.price"
    assert event["context"]["tags"]["order"] == "5"
    assert event["context"]["tags"]["mechanism"] == "celery"


def test_celery_tells_of_the_exception_that_was_raised(receiver: Receiver) -> None:
    pytest.importorskip("celery")
    run_program(
        """
        import celery, errtally
        from errtally.client.integrations import celery_tasks
        errtally.init()
        celery_tasks.install()
        app = celery.Celery("shop", broker="memory://", backend="cache+memory://")

        class PriceError(Exception):
            def __init__(self, order, currency):  # can't be made again of its args: pickle gives up
                super().__init__(f"no price of {order} in {currency}")

        class StockError(ValueError):
            def __init__(self, *, order):
                super().__init__(f"no stock of {order}")

        @app.task(name="shop.price")
        def price():
            raise PriceError(5, "EUR")

        @app.task(name="shop.stock")
        def stock():
            raise StockError(order=5)

        for task in (price, stock):
            task.apply()
            from celery.app.trace import build_tracer
            build_tracer(task.name, task, app=app)(f"id-{task.name}", (), {}, {"id": f"id-{task.name}"})
        """,
        receiver.url,
    )
    found = [(event["type"], event["message"], event["transaction"]) for event in receiver.events()]
    assert found == [
        ("PriceError", "no price of 5 in EUR", "shop.price"),
        ("PriceError", "no price of 5 in EUR", "shop.price"),
        ("StockError", "no stock of 5", "shop.stock"),
        ("StockError", "no stock of 5", "shop.stock"),
    ]


def test_what_a_celery_worker_tells_of_a_task_whose_process_has_gone_is_one_event(receiver: Receiver) -> None:
    pytest.importorskip("celery")
    run_program(
        """
        import celery, errtally
        from billiard.exceptions import TimeLimitExceeded
        from celery.signals import task_failure
        from celery.utils.log import get_logger
        from errtally.client.integrations import celery_tasks
        errtally.init()
        celery_tasks.install()
        app = celery.Celery("shop", broker="memory://")

        @app.task(name="shop.count")
        def count(): ...

        # As by celery.worker.request: from the pool, from the time limit, and in the log.
        for number in (1, 1, 2):
            task_failure.send(sender=count, task_id=f"id-{number}", exception=TimeLimitExceeded(3), traceback="text")
        get_logger("celery.worker.request").error("Hard time limit (%ss) exceeded for %s[%s]", 3, "shop.count", "id-1")

        @app.task(name="shop.ended")
        def ended():
            raise SystemExit(1)
        try: ended.apply()
        except SystemExit: pass
        """,
        receiver.url,
    )
    found = [
        (event["type"], event["transaction"], event["context"]["tags"]["celery_task_id"]) for event in receiver.events()
    ]
    assert found == [("billiard.exceptions.TimeLimitExceeded", "shop.count", f"id-{number}") for number in (1, 2)]
    assert [(timing["transaction"], timing["failed"]) for timing in receiver.requests()] == [("shop.ended", True)]


def test_a_celery_task_that_runs_within_a_request_leaves_the_requests_scope(tracked: Receiver) -> None:
    celery = pytest.importorskip("celery")
    from errtally.client import scope  # noqa: PLC0415
    from errtally.client.integrations import celery_tasks  # noqa: PLC0415

    celery_tasks.install()
    app = celery.Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True

    @app.task(name="shop.mail")
    def task() -> None:
        errtally.set_tag("in", "the task")

    with scope.request_scope():
        errtally.set_tag("in", "the request")
        task.delay()
        errtally.capture_message("after the task")
    errtally.flush(10)
    assert tracked.events()[0]["context"]["tags"] == {"in": "the request"}
