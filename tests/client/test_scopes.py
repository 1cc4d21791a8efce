"""What is known around an error: one scope for a request, whatever tasks and threads serve it."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.client.programs import run_program

import errtally
from errtally.client import scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.receiver import Receiver


@pytest.fixture
def tracked(receiver: Receiver) -> Iterator[Receiver]:
    errtally.init(receiver.url)
    before = scope.PROCESS.scope
    yield receiver
    scope.PROCESS.scope = before


def _app(framework: str) -> Any:
    """An application whose parts each set something: a middleware, a dependency, a sync endpoint."""
    from starlette.middleware.base import BaseHTTPMiddleware  # noqa: PLC0415
    from starlette.requests import Request  # noqa: PLC0415

    async def authenticate(request: Any, call_next: Any) -> Any:
        errtally.set_user({"id": request.query_params["user"]})
        errtally.add_breadcrumb("authenticated")
        return await call_next(request)

    def endpoint(request: Any) -> Any:
        errtally.set_tag("part", f"endpoint of {request.query_params['user']}")
        errtally.add_breadcrumb("in the endpoint")
        raise ValueError(request.query_params["user"])

    if framework == "starlette":
        from starlette.applications import Starlette  # noqa: PLC0415
        from starlette.routing import Route  # noqa: PLC0415

        app: Any = Starlette(routes=[Route("/fail", endpoint)])
    else:
        from fastapi import Depends, FastAPI  # noqa: PLC0415

        def tenant() -> Iterator[str]:
            errtally.set_tag("tenant", "t-7")
            yield "t-7"

        app = FastAPI()
        endpoint.__annotations__["request"] = Request
        app.get("/fail", dependencies=[Depends(tenant)], response_model=None)(endpoint)
    app.add_middleware(BaseHTTPMiddleware, dispatch=authenticate)
    return app


@pytest.mark.parametrize("framework", ["starlette", "fastapi"])
def test_all_parts_of_a_request_share_its_scope(tracked: Receiver, framework: str) -> None:
    pytest.importorskip(framework)
    from errtally.client.integrations import starlette_app  # noqa: PLC0415

    errtally.set_tag("region", "eu-1")
    app = _app(framework)
    starlette_app.install(app)

    async def calls() -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            answers = await asyncio.gather(*(client.get("/fail", params={"user": f"u-{n}"}) for n in range(5)))
            assert {answer.status_code for answer in answers} == {500}

    with ThreadPoolExecutor(1) as server:  # the module's thread is another one, and outside of any loop
        server.submit(asyncio.run, calls()).result()
    assert errtally.flush(10)
    events = {event["message"]: event for event in tracked.events()}
    assert len(events) == len(tracked.events()) == 5
    for user, event in events.items():
        context = event["context"]
        assert context["user"]["id"] == user
        assert context["tags"]["part"] == f"endpoint of {user}"
        assert framework == "starlette" or context["tags"]["tenant"] == "t-7"
        assert [crumb["message"] for crumb in event["breadcrumbs"]] == ["authenticated", "in the endpoint"]


@pytest.mark.parametrize("way", ["wsgi", "asgi"])
def test_what_a_module_sets_reaches_requests(receiver: Receiver, way: str) -> None:
    run_program(
        f"""
        import asyncio, threading, errtally
        from errtally.client.integrations.asgi import AsgiMiddleware
        from errtally.client.integrations.wsgi import WsgiMiddleware
        errtally.init()
        errtally.set_tag("region", "eu-1")
        errtally.add_breadcrumb("of the module")

        def wsgi(environ, start_response):
            errtally.set_tag("request", "1")
            raise ValueError("of the request")

        async def asgi(connection, receive, send):
            errtally.set_tag("request", "1")
            raise ValueError("of the request")

        def serve():
            try:
                if {way!r} == "wsgi":
                    WsgiMiddleware(wsgi)({{}}, None)
                else:
                    connection = {{"type": "http", "method": "GET", "path": "/", "headers": []}}
                    asyncio.run(AsgiMiddleware(asgi)(connection, None, None))
            except ValueError:
                errtally.capture_message("after the request")

        thread = threading.Thread(target=serve)
        thread.start()
        thread.join()
        """,
        receiver.url,
    )
    first, second = receiver.events()
    assert {"region": "eu-1", "request": "1"}.items() <= first["context"]["tags"].items()
    assert "breadcrumbs" not in first
    assert second["context"]["tags"] == {"region": "eu-1"}


def test_threads_and_tasks_outside_of_requests_are_apart(receiver: Receiver) -> None:
    run_program(
        """
        import asyncio, threading, errtally
        errtally.init()
        errtally.set_tag("region", "eu-1")

        def work(number):
            errtally.set_tag("number", number)
            barrier.wait()
            errtally.capture_message(f"thread {number}")

        barrier = threading.Barrier(3)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()

        async def task(number):
            errtally.set_tag("number", number)
            await asyncio.sleep(0)
            errtally.capture_message(f"task {number}")

        async def main():
            errtally.set_tag("loop", "yes")
            await asyncio.gather(*(task(n) for n in range(3)))

        asyncio.run(main())
        errtally.capture_message("main")
        """,
        receiver.url,
    )
    tags = {event["message"]: event["context"]["tags"] for event in receiver.events()}
    for number in range(3):
        assert tags[f"thread {number}"] == {"region": "eu-1", "number": str(number)}
        assert tags[f"task {number}"] == {"region": "eu-1", "loop": "yes", "number": str(number)}
    assert tags["main"] == {"region": "eu-1"}


def test_a_block_that_is_left_in_another_context_does_not_fail(tracked: Receiver) -> None:
    def block() -> Iterator[None]:
        with errtally.new_scope():
            errtally.set_tag("in", "block")
            yield

    def run() -> None:
        running = block()
        threading.Thread(target=lambda: next(running)).start()
        running.close()

    run()
    errtally.capture_message("outside")
    assert errtally.flush(10)
    assert tracked.events()[0]["context"]["tags"] == {}


class FrozenError(Exception):
    """Lets nobody set an attribute."""

    __slots__ = ("number",)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


ONE_FOR_ALL = ValueError("made once, raised by every request")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: ONE_FOR_ALL, id="one that a module keeps"),
        pytest.param(lambda: ValueError("x"), id="a new one"),
        pytest.param(FrozenError, id="one that lets nobody set attributes"),
    ],
)
def test_an_exception_is_reported_once_in_each_request(tracked: Receiver, make) -> None:
    import logging  # noqa: PLC0415

    from errtally.client.integrations.wsgi import WsgiMiddleware  # noqa: PLC0415

    log = logging.getLogger("shop")

    def app(_environ: Any, _start_response: Any) -> Any:
        try:
            raise make()  # noqa: TRY301 (as it is met)
        except Exception:
            log.exception("seen on the way")
            raise

    for _ in range(3):
        with pytest.raises(Exception):  # noqa: B017, PT011 (of any kind)
            WsgiMiddleware(app)({}, None)
        try:
            WsgiMiddleware(app)({}, None)
        except Exception:
            log.exception("as the server logs it, after the request")
    assert errtally.flush(10)
    assert len(tracked.events()) == 6


def test_an_exception_that_was_reported_can_be_collected_and_pickled(tracked: Receiver) -> None:
    class OwnError(Exception):
        pass

    error = OwnError("x")
    with scope.request_scope():
        errtally.capture_exception(error)
    seen = weakref.ref(error)
    del error
    gc.collect()
    assert seen() is None
    travelled = ValueError("x")
    event_id = errtally.capture_exception(travelled)
    # As from a worker of a process pool, which has reported it.
    assert errtally.capture_exception(pickle.loads(pickle.dumps(travelled))) == event_id
    assert errtally.flush(10)
    assert len(tracked.events()) == 2


def test_an_exception_of_an_executors_thread_is_reported_once(tracked: Receiver) -> None:
    import logging  # noqa: PLC0415

    def work() -> None:
        try:
            raise ValueError("x")  # noqa: TRY301 (as it is met)
        except ValueError:
            logging.getLogger("shop").exception("in the thread")
            raise

    with scope.request_scope(), ThreadPoolExecutor(1) as threads:
        try:
            threads.submit(work).result()
        except ValueError as error:
            errtally.capture_exception(error)
    assert errtally.flush(10)
    assert len(tracked.events()) == 1
