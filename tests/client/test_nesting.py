"""Applications within applications, each set up: a request is one timing, and what it failed by is one event."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from tests.client.programs import run_program

import errtally
from errtally.client.integrations.asgi import AsgiMiddleware
from errtally.client.integrations.wsgi import WsgiMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.client.receiver import Receiver

httpx = pytest.importorskip("httpx")
PATHS = ("/ok", "/fail/5", "/tea", "/nowhere")


def _flask(name: str) -> Any:
    flask = pytest.importorskip("flask")
    from errtally.client.integrations import flask_app  # noqa: PLC0415

    app = flask.Flask(name)
    flask_app.install(app)

    @app.get("/fail/<int:number>")
    def fail(number: int) -> str:
        raise KeyError(name, number)

    @app.get("/ok")
    def ok() -> str:
        return "ok"

    @app.get("/tea")
    def tea() -> tuple[str, int]:
        return "tea", 418

    return app


def _fastapi(mounted: Any) -> Any:
    fastapi = pytest.importorskip("fastapi")
    from errtally.client.integrations import starlette_app  # noqa: PLC0415

    app = fastapi.FastAPI()
    starlette_app.install(app)
    app.mount("/mounted", mounted)
    return app


def _by_wsgi(app: Any, paths: list[str]) -> None:
    transport = httpx.WSGITransport(app, raise_app_exceptions=False)
    with httpx.Client(transport=transport, base_url="http://shop") as client:
        for path in paths:
            client.get(path)


def _by_asgi(app: Any, paths: list[str]) -> None:
    async def call() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            for path in paths:
                await client.get(path)

    asyncio.run(call())


def _flask_in_wsgi() -> None:
    _by_wsgi(WsgiMiddleware(_flask("within")), [*PATHS])


def _flask_in_flask() -> None:
    from werkzeug.middleware.dispatcher import DispatcherMiddleware  # noqa: PLC0415

    from errtally.client.integrations import flask_app  # noqa: PLC0415

    app = _flask("around")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/mounted": _flask("within")})
    flask_app.install(app)
    _by_wsgi(app, [f"/mounted{path}" for path in PATHS])


def _flask_in_fastapi() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette would rather see another package's
        from starlette.middleware.wsgi import WSGIMiddleware  # noqa: PLC0415
    _by_asgi(_fastapi(WSGIMiddleware(_flask("within"))), [f"/mounted{path}" for path in PATHS])


@pytest.mark.parametrize(
    ("call", "mount", "nowhere"),
    [
        pytest.param(_flask_in_wsgi, "", "unmatched", id="Flask in the WSGI middleware"),
        pytest.param(_flask_in_flask, "", "unmatched", id="Flask in Flask, by Werkzeug's dispatcher"),
        pytest.param(_flask_in_fastapi, "/mounted", "/mounted", id="Flask mounted in FastAPI"),
    ],
)
def test_an_application_within_another_is_counted_once(
    tracked: Receiver, call: Callable[[], None], mount: str, nowhere: str
) -> None:
    call()
    assert errtally.flush(10)
    assert [(event["level"], event["message"], event["transaction"]) for event in tracked.events()] == [
        ("error", "('within', 5)", f"{mount}/fail/<int:number>"),
        ("warning", f"GET {mount}/tea answered 418", f"{mount}/tea"),
        ("warning", f"GET {nowhere} answered 404", nowhere),
    ]
    assert [(timing["transaction"], timing["status"], timing["failed"]) for timing in tracked.requests()] == [
        (f"{mount}/ok", 200, False),
        (f"{mount}/fail/<int:number>", 500, True),
        (f"{mount}/tea", 418, False),
        (nowhere, 404, False),
    ]


_DJANGO = """
    import asyncio, contextlib, httpx, errtally
    import django
    from django.conf import settings
    settings.configure(
        ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None,
        MIDDLEWARE={middleware},
    )
    django.setup()
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import path
    from tests.client.test_nesting import _by_asgi, _by_wsgi, _fastapi
    from errtally.client.integrations.asgi import AsgiMiddleware
    from errtally.client.integrations.wsgi import WsgiMiddleware

    def fail(request, number):
        raise ValueError("within")

    def parts(request):
        def rows():
            yield b"row"
            raise LookupError("late")
        return StreamingHttpResponse(rows())

    urlpatterns = [
        path("ok", lambda request: HttpResponse("ok")), path("fail/<int:number>", fail),
        path("tea", lambda request: HttpResponse("tea", status=418)), path("parts", parts),
    ]
    errtally.init()
    {call}
"""
_INTEGRATION = ["errtally.client.integrations.django_middleware.middleware"]


@pytest.mark.parametrize(
    ("call", "mount", "nowhere"),
    [
        pytest.param("_by_wsgi(WsgiMiddleware(get_wsgi_application()), {})", "", "unmatched", id="the WSGI middleware"),
        pytest.param("_by_asgi(AsgiMiddleware(get_asgi_application()), {})", "", "unmatched", id="the ASGI middleware"),
        pytest.param("_by_asgi(_fastapi(get_asgi_application()), {})", "/mounted", "/mounted", id="FastAPI, mounted"),
    ],
)
def test_django_within_another_is_counted_once(receiver: Receiver, call: str, mount: str, nowhere: str) -> None:
    pytest.importorskip("django")
    paths = [f"{mount}{path}" for path in PATHS]
    run_program(_DJANGO.format(middleware=_INTEGRATION, call=call.format(paths)), receiver.url)
    assert [(event["level"], event["message"], event["transaction"]) for event in receiver.events()] == [
        ("error", "within", f"{mount}/fail/<int:number>"),
        ("warning", f"GET {mount}/tea answered 418", f"{mount}/tea"),
        ("warning", f"GET {nowhere} answered 404", nowhere),
    ]
    assert [(timing["transaction"], timing["status"], timing["failed"]) for timing in receiver.requests()] == [
        (f"{mount}/ok", 200, False),
        (f"{mount}/fail/<int:number>", 500, True),
        (f"{mount}/tea", 418, False),
        (nowhere, 404, False),
    ]


def test_djangos_answer_that_streams_within_another_is_one_event(receiver: Receiver) -> None:
    pytest.importorskip("django")
    call = """
    with contextlib.suppress(LookupError):
        _by_wsgi(WsgiMiddleware(get_wsgi_application()), ["/parts"])
    """
    run_program(_DJANGO.format(middleware=_INTEGRATION, call=call), receiver.url)
    assert [event["message"] for event in receiver.events()] == ["late"]
    assert [(timing["transaction"], timing["failed"]) for timing in receiver.requests()] == [("/parts", True)]


def test_an_exception_that_was_logged_and_the_answer_of_it_are_one_event(receiver: Receiver) -> None:
    """As Django does it under a middleware that does not know it: it logs what it makes an answer of."""
    errtally.init(receiver.url)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            logging.getLogger("shop").exception("order failed")
        start_response("500 Internal Server Error" if environ["PATH_INFO"] == "/fail" else "404 Not Found", [])
        return [b""]

    def silent(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("503 Service Unavailable", [])
        return [b""]

    _by_wsgi(WsgiMiddleware(app), ["/fail", "/missing"])
    _by_wsgi(WsgiMiddleware(silent), ["/"])
    assert errtally.flush(10)
    assert [event["message"] for event in receiver.events()] == [
        "division by zero",
        "division by zero",
        "GET unmatched answered 404",  # says something else
        "GET unmatched answered 503",  # of which nothing else tells
    ]
    assert [(timing["status"], timing["failed"]) for timing in receiver.requests()] == [
        (500, True),
        (404, False),
        (503, True),
    ]


def test_an_aiohttp_application_within_another_is_counted_once(tracked: Receiver) -> None:
    pytest.importorskip("aiohttp")
    from aiohttp import web  # noqa: PLC0415
    from aiohttp.test_utils import TestClient, TestServer  # noqa: PLC0415

    from errtally.client.integrations import aiohttp_app  # noqa: PLC0415

    async def fail(_request: web.Request) -> web.Response:
        raise ValueError("within")

    async def ok(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    within, around = web.Application(), web.Application()
    within.router.add_get("/fail/{number}", fail)
    within.router.add_get("/ok", ok)
    aiohttp_app.install(within)
    aiohttp_app.install(around)
    around.add_subapp("/mounted", within)

    async def call() -> None:
        async with TestClient(TestServer(around)) as client:
            for path in PATHS[:2]:
                await client.get(f"/mounted{path}")

    asyncio.run(call())
    assert errtally.flush(10)
    assert [event["message"] for event in tracked.events()] == ["within"]
    assert [timing["transaction"] for timing in tracked.requests()] == ["/mounted/ok", "/mounted/fail/{number}"]


def test_asgi_arguments_may_come_by_name(tracked: Receiver) -> None:
    """As Daphne, the server of Django's channels, gives them."""
    sent = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message["status"])

    connection = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(AsgiMiddleware(app)(scope=connection, receive=None, send=send))
    assert errtally.flush(10)
    assert sent == [200]
    assert [timing["status"] for timing in tracked.requests()] == [200]
