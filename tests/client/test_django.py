"""Django, the real one: exceptions with their route, answers from 400, timings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.client.programs import run_program

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


def _django(receiver: Receiver, call: str) -> None:
    """Django's settings are for a process, so it has one."""
    run_program(
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
