"""Frameworks, real ones: exceptions with their route, answers from 400, timings."""

from __future__ import annotations

import asyncio
import sys
import warnings
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import pytest

import errtally
from errtally.client.integrations.asgi import AsgiMiddleware
from errtally.client.integrations.requests_seen import trace_of
from errtally.client.integrations.wsgi import WsgiMiddleware

if TYPE_CHECKING:
    from tests.client.receiver import Receiver

TRACEPARENT = "00-2aa5e3f9674549a48e2b4aa27225a5b3-00f067aa0ba902b7-01"


@pytest.fixture
def tracked(receiver: Receiver) -> Receiver:
    errtally.init(receiver.url, hooks=False)
    return receiver


def _called(app: Any, path: str, **environ: str) -> tuple[str, bytes]:
    made: dict[str, Any] = {"PATH_INFO": path, **environ}
    setup_testing_defaults(made)
    seen = []
    body = app(made, lambda status, _headers, _exc=None: seen.append(status))
    try:
        return seen, b"".join(body)
    finally:
        body.close()


def _seen(receiver: Receiver) -> tuple[list[tuple[str, str]], list[tuple[str, int | None, bool]]]:
    """Levels and messages of events, and transaction, status and failure of timings."""
    assert errtally.flush(10)
    events = [(event["level"], event["message"]) for event in receiver.events()]
    return events, [(t["transaction"], t.get("status"), t["failed"]) for t in receiver.requests()]


def _wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fail":
        raise ValueError("wsgi failed")
    if path == "/late":
        start_response("200 OK", [])

        def body():
            yield b"a"
            errtally.set_tag("part", "second")
            raise ValueError("late")

        return body()
    start_response("404 Not Found" if path == "/missing" else "200 OK", [])
    return [b"hello"]


def test_wsgi_reports_exceptions_statuses_and_timings(tracked: Receiver) -> None:
    app = WsgiMiddleware(_wsgi, transaction=lambda environ: f"{environ['PATH_INFO']}*")
    assert _called(app, "/")[1] == b"hello"
    _called(app, "/missing", HTTP_COOKIE="sessionid=abc", QUERY_STRING="token=xyz&page=2", HTTP_TRACEPARENT=TRACEPARENT)
    with pytest.raises(ValueError, match="wsgi failed"):
        _called(app, "/fail")
    with pytest.raises(ValueError, match="late"):
        _called(app, "/late")
    events, timings = _seen(tracked)
    assert events == [("warning", "GET /missing* answered 404"), ("error", "wsgi failed"), ("error", "late")]
    assert timings == [("/*", 200, False), ("/missing*", 404, False), ("/fail*", 500, True), ("/late*", 200, True)]
    missing = tracked.events()[0]
    assert missing["transaction"] == "/missing*"
    assert missing["context"]["trace"]["trace_id"] == TRACEPARENT[3:35]
    shown = missing["context"]["request"]
    assert shown["query_string"] == "token=[REDACTED]&page=2"
    assert "cookie" not in shown["headers"]


def test_a_request_that_its_server_gave_up_has_failed(tracked: Receiver) -> None:
    def app(environ, _start_response):
        raise SystemExit(int(environ["QUERY_STRING"]))  # as gunicorn ends a worker that takes too long

    wrapped = WsgiMiddleware(app, transaction=lambda _: "/slow")
    for code in ("1", "0"):
        with pytest.raises(SystemExit):
            _called(wrapped, "/slow", QUERY_STRING=code)
    assert _seen(tracked) == ([("error", "1")], [("/slow", 500, True), ("/slow", None, False)])
    assert tracked.events()[0]["transaction"] == "/slow"


def test_requests_do_not_see_each_others_scope(tracked: Receiver) -> None:
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/first":
            errtally.set_tag("customer", "ann")
        start_response("400 Bad Request", [])
        return [b""]

    wrapped = WsgiMiddleware(app)
    _called(wrapped, "/first")
    _called(wrapped, "/second")
    errtally.flush(10)
    first, second = tracked.events()
    assert first["context"]["tags"] == {"customer": "ann"}
    assert second["context"]["tags"] == {}
    assert second["transaction"] == "unmatched"


def test_statuses_can_be_left_out(receiver: Receiver) -> None:
    errtally.init(receiver.url, hooks=False, status_from=500)
    _called(WsgiMiddleware(_wsgi), "/missing")
    assert _seen(receiver)[0] == []


def test_flask_names_routes_and_reports_what_it_made_an_answer_of(tracked: Receiver) -> None:
    from flask import Flask  # noqa: PLC0415

    from errtally.client.integrations import flask_app  # noqa: PLC0415

    app = Flask("shop")
    flask_app.install(app)
    flask_app.install(app)

    @app.get("/orders/<int:number>")
    def order(number: int) -> str:
        errtally.set_tag("order", number)
        return str(1 / (number - 5))

    client = app.test_client()
    for url, status in (("/orders/6", 200), ("/orders/5", 500), ("/nowhere", 404)):
        with client.get(url) as answer:
            assert answer.status_code == status
    events, timings = _seen(tracked)
    assert events == [("error", "division by zero"), ("warning", "GET unmatched answered 404")]
    route = "/orders/<int:number>"
    assert timings == [(route, 200, False), (route, 500, True), ("unmatched", 404, False)]
    assert tracked.events()[0]["context"]["tags"] == {"order": "5", "handled": "no", "mechanism": "flask"}
    assert tracked.events()[0]["transaction"] == route


def _django(receiver: Receiver, call: str) -> None:
    """Django's settings are for a process, so it has one."""
    from tests.client.test_processes import _run  # noqa: PLC0415

    _run(
        f"""
        import asyncio, contextlib, errtally, io, logging
        import django
        from django.conf import settings
        settings.configure(
            ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None,
            MIDDLEWARE=["errtally.client.integrations.django_middleware.middleware"],
        )
        django.setup()
        from django.http import FileResponse, HttpResponse, StreamingHttpResponse
        from django.urls import path
        from django.test import Client, AsyncClient

        def order(request, number):
            errtally.set_tag("order", number)
            return HttpResponse(str(1 / (number - 5)))

        async def order_async(request, number):
            errtally.set_tag("order", number)
            return HttpResponse(str(1 / (number - 5)))

        def report(request, number):
            def rows():
                yield b"row"
                errtally.set_tag("row", number)
                if number == 5: raise LookupError("no row")
            return StreamingHttpResponse(rows())

        async def report_async(request, number):
            async def rows():
                yield b"row"
                errtally.set_tag("row", number)
                if number == 5: raise LookupError("no row")
            return StreamingHttpResponse(rows())

        def handled(request, number):
            try: 1 / 0
            except ZeroDivisionError: logging.getLogger("shop").exception("no price")
            return HttpResponse("none")

        def suspicious(request):
            from django.core.exceptions import SuspiciousOperation
            raise SuspiciousOperation("odd")

        urlpatterns = [
            path("handled/<int:number>", handled), path("suspicious", suspicious),
            path("orders/<int:number>", order), path("async/<int:number>", order_async),
            path("reports/<int:number>", report), path("async-reports/<int:number>", report_async),
            path("file", lambda request: FileResponse(io.BytesIO(b"x"))),
        ]
        errtally.init()

        def read(url):
            with contextlib.suppress(LookupError):
                return b"".join(Client().get(url).streaming_content)

        async def read_async(url):
            with contextlib.suppress(LookupError):
                return b"".join([part async for part in (await AsyncClient().get(url)).streaming_content])

        async def asynchronous():
            client = AsyncClient(raise_request_exception=False)
            for url in ("/async/6", "/async/5", "/nowhere"): await client.get(url)

        def synchronous():
            client = Client(raise_request_exception=False)
            for url in ("/orders/6", "/orders/5", "/nowhere"): client.get(url)

        {call}
        """,
        receiver.url,
    )


@pytest.mark.parametrize(
    ("call", "route"),
    [
        pytest.param("synchronous()", "/orders/<int:number>", id="under WSGI"),
        pytest.param("asyncio.run(asynchronous())", "/async/<int:number>", id="under ASGI"),
    ],
)
def test_django_names_routes_and_reports_what_it_made_an_answer_of(receiver: Receiver, call: str, route: str) -> None:
    pytest.importorskip("django")
    _django(receiver, call)
    events = [(event["level"], event["message"]) for event in receiver.events()]
    assert events == [("error", "division by zero"), ("warning", "GET unmatched answered 404")]
    assert receiver.events()[0]["context"]["tags"]["order"] == "5"
    assert receiver.events()[0]["transaction"] == route
    timings = [(t["transaction"], t["status"], t["failed"]) for t in receiver.requests()]
    assert timings == [(route, 200, False), (route, 500, True), ("unmatched", 404, False)]


@pytest.mark.parametrize(
    ("call", "route"),
    [
        pytest.param("read('/reports/{}')", "/reports/<int:number>", id="under WSGI"),
        pytest.param("asyncio.run(read_async('/async-reports/{}'))", "/async-reports/<int:number>", id="under ASGI"),
    ],
)
def test_djangos_answers_that_stream_end_with_their_last_part(receiver: Receiver, call: str, route: str) -> None:
    pytest.importorskip("django")
    _django(receiver, f"assert {call.format(6)} == b'row'; {call.format(5)}; assert read('/file') == b'x'")
    assert [(event["level"], event["message"]) for event in receiver.events()] == [("error", "no row")]
    assert receiver.events()[0]["context"]["tags"]["row"] == "5"
    assert receiver.events()[0]["transaction"] == route
    timings = [(t["transaction"], t["status"], t["failed"]) for t in receiver.requests()]
    assert timings == [(route, 200, False), (route, 200, True), ("/file", 200, False)]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("Client().get('/handled/5'); Client().get('/suspicious')", id="under WSGI"),
        pytest.param(
            "c = AsyncClient(); asyncio.run(c.get('/handled/5')); asyncio.run(c.get('/suspicious'))", id="under ASGI"
        ),
    ],
)
def test_what_django_logs_within_a_request_has_its_route_and_is_one_event(receiver: Receiver, call: str) -> None:
    pytest.importorskip("django")
    _django(receiver, call)
    assert [(event["message"], event.get("transaction")) for event in receiver.events()] == [
        ("division by zero", "/handled/<int:number>"),
        ("odd", "/suspicious"),
    ]


def _report_of(number: int) -> None:
    with errtally.new_scope():
        errtally.capture_message("no price", "error", extra={"number": number})


@pytest.mark.parametrize("framework", ["fastapi", "starlette", "aiohttp", "lambda", "flask in fastapi"])
def test_what_is_reported_within_a_request_has_its_route(tracked: Receiver, framework: str) -> None:
    """Also where nothing fails: an event is noted before the middleware around it learns of the route."""
    _SERVED[framework](5)
    errtally.capture_message("outside of requests")
    assert errtally.flush(10)
    found = [(event["message"], event.get("transaction")) for event in tracked.events()]
    mounted = "/v1" if framework == "flask in fastapi" else ""
    route = "/orders/<int:number>" if mounted else "/orders/{number}"
    assert found == [("no price", mounted + route), ("outside of requests", None)]


def _get_by_asgi(app: Any, url: str) -> None:
    httpx = pytest.importorskip("httpx")
    from errtally.client.integrations import starlette_app  # noqa: PLC0415

    starlette_app.install(app)

    async def get() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
            assert (await client.get(url)).status_code == 200

    asyncio.run(get())


def _serve_fastapi(number: int) -> None:
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()
    app.get("/orders/{number}", response_model=None)(_report_of)
    _get_by_asgi(app, f"/orders/{number}")


def _serve_starlette(number: int) -> None:
    pytest.importorskip("starlette")
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.responses import PlainTextResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    async def order(request: Any) -> Any:
        _report_of(request.path_params["number"])
        return PlainTextResponse("none")

    _get_by_asgi(Starlette(routes=[Route("/orders/{number}", order)]), f"/orders/{number}")


def _serve_flask_in_fastapi(number: int) -> None:
    fastapi, flask = pytest.importorskip("fastapi"), pytest.importorskip("flask")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette would rather see another package's
        from starlette.middleware.wsgi import WSGIMiddleware  # noqa: PLC0415
    from errtally.client.integrations import flask_app  # noqa: PLC0415

    within = flask.Flask("shop")
    flask_app.install(within)

    @within.get("/orders/<int:number>")
    def order(number: int) -> str:
        _report_of(number)
        return "none"

    app = fastapi.FastAPI()
    app.mount("/v1", WSGIMiddleware(within))
    _get_by_asgi(app, f"/v1/orders/{number}")


def _serve_aiohttp(number: int) -> None:
    pytest.importorskip("aiohttp")
    from aiohttp import web  # noqa: PLC0415
    from aiohttp.test_utils import TestClient, TestServer  # noqa: PLC0415

    from errtally.client.integrations import aiohttp_app  # noqa: PLC0415

    async def order(request: Any) -> Any:
        _report_of(int(request.match_info["number"]))
        return web.Response()

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/orders/{number}", order)
        aiohttp_app.install(app)
        async with TestClient(TestServer(app)) as client:
            assert (await client.get(f"/orders/{number}")).status == 200

    asyncio.run(serve())


def _serve_lambda(number: int) -> None:
    from errtally.client.integrations import aws_lambda  # noqa: PLC0415

    @aws_lambda.reported
    def handler(event: Any, _context: Any) -> None:
        _report_of(event["pathParameters"]["number"])

    handler({"routeKey": "GET /orders/{number}", "pathParameters": {"number": number}}, None)


_SERVED = {
    "fastapi": _serve_fastapi,
    "starlette": _serve_starlette,
    "aiohttp": _serve_aiohttp,
    "lambda": _serve_lambda,
    "flask in fastapi": _serve_flask_in_fastapi,
}


def test_what_is_mounted_has_the_whole_route_and_is_one_request(tracked: Receiver) -> None:
    httpx = pytest.importorskip("httpx")
    pytest.importorskip("fastapi")
    from fastapi import FastAPI  # noqa: PLC0415
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.responses import PlainTextResponse  # noqa: PLC0415
    from starlette.routing import Mount, Route  # noqa: PLC0415

    from errtally.client.integrations import starlette_app  # noqa: PLC0415

    async def fail(request) -> Any:
        raise ValueError(request.path_params["number"])

    async def order(request) -> Any:
        return PlainTextResponse(request.path_params["number"])

    second = FastAPI()
    second.add_route("/orders/{number}", fail)
    routes = [Route("/orders/{number}", order), Route("/orders/{name}", order, methods=["POST"])]
    app = Starlette(
        routes=[
            Mount("/v1", routes=[*routes, Mount("/of/{tenant}", routes=routes)]),
            Mount("/v2", app=second),
        ]
    )
    starlette_app.install(app)
    starlette_app.install(second)

    async def call(*urls: str) -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            for url in urls:
                await client.get(url)

    asyncio.run(call("/v1/orders/6", "/v1/of/acme/orders/7", "/v1/nowhere", "/v2/orders/8"))
    events, timings = _seen(tracked)
    assert events == [("warning", "GET unmatched answered 404"), ("error", "8")]
    assert timings == [
        ("/v1/orders/{number}", 200, False),
        ("/v1/of/{tenant}/orders/{number}", 200, False),
        ("unmatched", 404, False),
        ("/v2/orders/{number}", 500, True),
    ]
    assert tracked.events()[1]["transaction"] == "/v2/orders/{number}"


@pytest.mark.parametrize("framework", ["starlette", "fastapi"])
def test_starlette_and_fastapi_name_routes_and_report_exceptions(tracked: Receiver, framework: str) -> None:
    httpx = pytest.importorskip("httpx")
    pytest.importorskip(framework)
    from errtally.client.integrations import starlette_app  # noqa: PLC0415

    async def order(request) -> Any:
        number = int(request.path_params["number"])
        errtally.set_tag("order", number)
        return PlainTextResponse(str(1 / (number - 5)))

    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import PlainTextResponse  # noqa: PLC0415

    if framework == "starlette":
        from starlette.applications import Starlette  # noqa: PLC0415
        from starlette.routing import Route  # noqa: PLC0415

        app: Any = Starlette(routes=[Route("/orders/{number}", order)])
    else:
        from fastapi import FastAPI  # noqa: PLC0415

        app = FastAPI()
        order.__annotations__["request"] = Request
        order.__annotations__["return"] = None
        app.get("/orders/{number}", response_model=None)(order)
    starlette_app.install(app)
    starlette_app.install(app)

    async def calls() -> list[int]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return [(await client.get(url)).status_code for url in ("/orders/6", "/orders/5", "/nowhere")]

    assert asyncio.run(calls()) == [200, 500, 404]
    events, timings = _seen(tracked)
    assert events == [("error", "division by zero"), ("warning", "GET unmatched answered 404")]
    route = "/orders/{number}"
    assert timings == [(route, 200, False), (route, 500, True), ("unmatched", 404, False)]
    assert tracked.events()[0]["transaction"] == route
    assert tracked.events()[0]["context"]["tags"]["order"] == "5"


def test_routes_of_included_routers_have_their_whole_paths(tracked: Receiver) -> None:
    """As FastAPI's own documentation lays out larger applications: routers of modules, included under prefixes."""
    httpx, fastapi = pytest.importorskip("httpx"), pytest.importorskip("fastapi")
    from starlette.responses import PlainTextResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    from errtally.client.integrations import starlette_app  # noqa: PLC0415

    def order(number: str) -> str:
        return str(1 / (int(number) - 5))

    async def plain(request) -> Any:
        return PlainTextResponse(request.path_params["number"])

    def shop() -> Any:
        orders = fastapi.APIRouter(prefix="/orders", routes=[Route("/plain/{number}", plain)])
        orders.get("/{number}")(order)
        tenant = fastapi.APIRouter()
        tenant.include_router(orders)
        app = fastapi.FastAPI()
        app.include_router(orders, prefix="/v1")
        app.include_router(tenant, prefix="/v2/{tenant}")
        return app

    app = shop()
    app.mount("/within", shop())
    starlette_app.install(app)

    async def calls() -> list[int]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            paths = ("/v1/orders/6", "/v1/plain/6", "/v2/acme/orders/5", "/v2/acme/nowhere")
            return [(await client.get(mount + path)).status_code for mount in ("", "/within") for path in paths]

    assert asyncio.run(calls()) == [200, 200, 500, 404] * 2
    _, timings = _seen(tracked)
    assert timings == [
        (mount + route if status != 404 else "unmatched", status, status == 500)
        for mount in ("", "/within")
        for route, status in (
            ("/v1/orders/{number}", 200),
            ("/v1/plain/{number}", 200),
            ("/v2/{tenant}/orders/{number}", 500),
            ("", 404),
        )
    ]
    errors = [event["transaction"] for event in tracked.events() if event["level"] == "error"]
    assert errors == ["/v2/{tenant}/orders/{number}", "/within/v2/{tenant}/orders/{number}"]


def test_what_waits_is_sent_before_an_asgi_server_ends(receiver: Receiver) -> None:
    """Uvicorn ends by the signal that it was told to end by, so nothing else runs then."""
    errtally.init(receiver.url, hooks=False, flush_seconds=3600, shutdown_seconds=60)
    told: list[tuple[str, int]] = []

    async def app(_connection, _receive, send):
        await send({"type": "lifespan.startup.complete"})
        errtally.capture_message("while it runs")
        await send({"type": "lifespan.shutdown.complete"})

    async def send(message):
        told.append((message["type"], len(receiver.events())))

    asyncio.run(AsgiMiddleware(app)({"type": "lifespan"}, None, send))
    assert told == [("lifespan.startup.complete", 0), ("lifespan.shutdown.complete", 1)]


def test_asgi_passes_other_connections_on(tracked: Receiver) -> None:
    async def app(connection, _receive, _send):
        if connection["type"] == "websocket":
            raise ValueError("socket failed")

    wrapped = AsgiMiddleware(app)
    asyncio.run(wrapped({"type": "lifespan"}, None, None))
    with pytest.raises(ValueError, match="socket failed"):
        asyncio.run(wrapped({"type": "websocket", "path": "/ws", "headers": []}, None, None))
    assert _seen(tracked) == ([("error", "socket failed")], [])


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
    events, timings = _seen(tracked)
    assert events == [("error", "division by zero")]
    assert timings == [("shop.price", None, False), ("shop.price", None, True), ("shop.price", None, True)]
    (event,) = tracked.events()
    assert event["transaction"] == "shop.price"
    assert event["context"]["tags"]["order"] == "5"
    assert event["context"]["tags"]["mechanism"] == "celery"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(TRACEPARENT, (TRACEPARENT[3:35], TRACEPARENT[36:52]), id="a trace"),
        pytest.param("", (None, None), id="none"),
        pytest.param("00-xyz-1-01", (None, None), id="something else"),
    ],
)
def test_traceparent_reads(header: str, expected: tuple[str | None, str | None]) -> None:
    assert trace_of(header) == expected


def test_hooks_call_what_was_there_before(tracked: Receiver, monkeypatch) -> None:
    from errtally.client.integrations import excepthook  # noqa: PLC0415

    called = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: called.append(args))
    excepthook.install()
    excepthook.install()
    error = ValueError("x")
    sys.excepthook(ValueError, error, None)
    assert called == [(ValueError, error, None)]
    assert _seen(tracked)[0] == [("fatal", "x")]


def test_wsgi_reads_paths_and_headers_as_utf8(tracked: Receiver) -> None:
    raw = "/straße/日本".encode().decode("latin-1")
    _called(WsgiMiddleware(lambda _e, start: (start("404 Not Found", []), [b""])[1]), raw, HTTP_X_CITY=raw[1:])
    errtally.flush(10)
    shown = tracked.events()[0]["context"]["request"]
    assert shown["url"].endswith("/straße/日本")
    assert shown["headers"]["x-city"] == "straße/日本"


def test_aiohttp_names_routes_and_reports_exceptions_and_answers(tracked: Receiver) -> None:
    web = pytest.importorskip("aiohttp.web")
    from aiohttp.test_utils import TestClient, TestServer  # noqa: PLC0415

    from errtally.client.integrations import aiohttp_app  # noqa: PLC0415

    async def order(request: Any) -> Any:
        errtally.set_tag("order", request.match_info["number"])
        return web.Response(text=str(1 / (int(request.match_info["number"]) - 5)))

    async def gone(_request: Any) -> Any:
        raise web.HTTPGone

    errtally.init(tracked.url)  # with hooks: the server logs the exception as well
    app = web.Application()
    app.add_routes([web.get("/orders/{number}", order), web.get("/gone", gone)])
    aiohttp_app.install(app)
    aiohttp_app.install(app)

    async def calls() -> list[int]:
        async with TestClient(TestServer(app)) as client:
            return [(await client.get(url)).status for url in ("/orders/6", "/orders/5", "/gone", "/nowhere")]

    assert asyncio.run(calls()) == [200, 500, 410, 404]
    events, timings = _seen(tracked)
    assert events == [
        ("error", "division by zero"),
        ("warning", "GET /gone answered 410"),
        ("warning", "GET unmatched answered 404"),
    ]
    route = "/orders/{number}"
    assert timings == [(route, 200, False), (route, 500, True), ("/gone", 410, False), ("unmatched", 404, False)]
    assert tracked.events()[0]["transaction"] == route
    assert tracked.events()[0]["context"]["tags"]["order"] == "5"


class _Invocation:
    """The context object as Lambda's runtime makes it."""

    function_name = "shop-orders"
    function_version = "3"
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def __init__(self, remaining_milliseconds: int = 3000) -> None:
        self._remaining = remaining_milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining


HTTP_API = {
    "routeKey": "GET /orders/{id}",
    "rawPath": "/orders/5",
    "rawQueryString": "token=x&page=2",
    "headers": {"host": "h"},
}
REST_API = {"resource": "/orders/{id}", "httpMethod": "GET", "path": "/orders/5", "headers": {"Host": "h"}}


@pytest.mark.parametrize(
    ("event", "transaction"),
    [
        pytest.param(HTTP_API, "/orders/{id}", id="HTTP API"),
        pytest.param(REST_API, "/orders/{id}", id="REST API"),
        pytest.param({"Records": [{"body": "x"}]}, "shop-orders", id="a queue"),
        pytest.param("text", "shop-orders", id="any value"),
        pytest.param({"routeKey": "$default", "headers": {}}, "shop-orders", id="a function URL"),
    ],
)
def test_aws_lambda_sends_before_the_invocation_ends(receiver: Receiver, event: Any, transaction: str) -> None:
    from errtally.client.integrations import aws_lambda  # noqa: PLC0415

    errtally.init(receiver.url, hooks=False, flush_seconds=600)

    @aws_lambda.reported
    def handler(event: Any, _context: Any) -> Any:
        errtally.set_tag("part", "handler")
        if event == HTTP_API:
            return {"statusCode": 503}
        raise ValueError("failed")

    if event == HTTP_API:
        handler(event, _Invocation())
    else:
        with pytest.raises(ValueError, match="failed"):
            handler(event, _Invocation())
    # Nothing is waited for: the process may be frozen now.
    (sent,) = receiver.events()
    assert sent["transaction"] == transaction
    assert sent["message"] in {"failed", "GET /orders/{id} answered 503"}
    assert {"part": "handler", "aws_request_id": _Invocation.aws_request_id}.items() <= sent["context"]["tags"].items()
    assert [timing["transaction"] for timing in receiver.requests()] == [transaction]


def test_aws_lambda_waits_no_longer_than_the_invocation_may_take(receiver: Receiver) -> None:
    from errtally.client.integrations import aws_lambda  # noqa: PLC0415

    errtally.init(receiver.url, hooks=False, flush_seconds=600, shutdown_seconds=0)
    waited = []
    tracker = errtally.client.current.tracker()
    tracker.flush = waited.append
    aws_lambda.reported(lambda _event, _context: None)({}, _Invocation(700))
    aws_lambda.reported(lambda _event, _context: None)({}, _Invocation(100))
    aws_lambda.reported(lambda _event, _context: None)({}, _Invocation(900_000))
    assert waited == [pytest.approx(0.5), 0.0, 2.0]


def test_djangos_own_log_record_is_no_second_event(receiver: Receiver) -> None:
    pytest.importorskip("django")
    _django(
        receiver,
        """
        from django.http import HttpResponse as Answer
        def broken(request): return Answer("x", status=503)
        urlpatterns.append(path("broken", broken))
        errtally.init()
        client = Client(raise_request_exception=False)
        for url in ("/orders/5", "/broken"): client.get(url)
        """,
    )
    events = [(event["level"], event["message"]) for event in receiver.events()]
    assert events == [("error", "division by zero"), ("error", "GET /broken answered 503")]


def test_celery_tells_of_the_exception_that_was_raised(receiver: Receiver) -> None:
    pytest.importorskip("celery")
    from tests.client.test_processes import _run  # noqa: PLC0415

    _run(
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
    from tests.client.test_processes import _run  # noqa: PLC0415

    _run(
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
