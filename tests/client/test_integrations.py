"""Frameworks, real ones: exceptions with their route, answers from 400, timings."""

from __future__ import annotations

import asyncio
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from tests.client.applications import TRACEPARENT, seen

import errtally
from errtally.client.integrations.asgi import AsgiMiddleware
from errtally.client.integrations.requests_seen import trace_of

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


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
    events, timings = seen(tracked)
    assert events == [("error", "division by zero"), ("warning", "GET unmatched answered 404")]
    route = "/orders/<int:number>"
    assert timings == [(route, 200, False), (route, 500, True), ("unmatched", 404, False)]
    assert tracked.events()[0]["context"]["tags"] == {"order": "5", "handled": "no", "mechanism": "flask"}
    assert tracked.events()[0]["transaction"] == route


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
    events, timings = seen(tracked)
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
    events, timings = seen(tracked)
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
    _, timings = seen(tracked)
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
    assert seen(tracked) == ([("error", "socket failed")], [])


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
    assert seen(tracked)[0] == [("fatal", "x")]


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
    events, timings = seen(tracked)
    assert events == [
        ("error", "division by zero"),
        ("warning", "GET /gone answered 410"),
        ("warning", "GET unmatched answered 404"),
    ]
    route = "/orders/{number}"
    assert timings == [(route, 200, False), (route, 500, True), ("/gone", 410, False), ("unmatched", 404, False)]
    assert tracked.events()[0]["transaction"] == route
    assert tracked.events()[0]["context"]["tags"]["order"] == "5"
