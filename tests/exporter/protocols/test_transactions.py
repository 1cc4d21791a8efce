"""A route is a transaction, a client's address is not: its path without what varies is."""

from __future__ import annotations

import pytest

from errtally.exporter.protocols.transactions import UNMATCHED, transaction_name


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        pytest.param("/orders/{id}", "route", "/orders/{id}", id="a route stays"),
        pytest.param("/v1/orders", "route", "/v1/orders", id="a route with a digit stays"),
        pytest.param("job nightly 2", "custom", "job nightly 2", id="a name stays"),
        pytest.param("GET /orders/17", None, "GET /orders/*", id="without a source a path is an address"),
        pytest.param("/orders/17", None, "/orders/*", id="a path alone"),
        pytest.param("GET /v1/orders/:id", None, "GET /v1/orders/:id", id="a path with a parameter is a route"),
        pytest.param("/v1/orders/{id}", None, "/v1/orders/{id}", id="one with braces too"),
        pytest.param("http://shop.example/orders/17?a=b", "url", "/orders/*", id="host and query go"),
        pytest.param("https://shop.example", "url", "/", id="an address without a path"),
        pytest.param("OrdersController#show", None, "OrdersController#show", id="a controller stays"),
        pytest.param("celery.tasks.pay2", None, "celery.tasks.pay2", id="a task stays"),
        pytest.param(None, None, "unnamed", id="none"),
    ],
)
def test_names(name, source, expected):
    assert expected == transaction_name(name, source)


def test_what_no_route_matched_is_one_series():
    found = {transaction_name(f"http://x/scan{number}.php", "url", is_missing=True) for number in range(1000)}
    assert found == {UNMATCHED}


def test_what_no_route_matched_has_no_name_of_its_own():
    assert transaction_name(None, "route", is_missing=True) == UNMATCHED


@pytest.mark.parametrize("route", ["GET /orders/:id", "/static/**", "/{id}", "/:id", "GET /<name>"])
def test_a_route_that_answers_404_keeps_its_name(route):
    assert transaction_name(route, "route", is_missing=True) == route


def test_a_route_that_takes_all_paths_keeps_its_name_where_it_serves_them():
    assert transaction_name("GET /**", "route") == "GET /**"


def test_the_one_name_of_all_pages_gives_way_to_their_path():
    assert transaction_name("Pageload", "url", path="/shop/42/sentry11") == "/shop/*/*"
    assert transaction_name("Pageload", "url") == "Pageload"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param("GET", None, id="Sentry's SDK 11 for Node"),
        pytest.param("HTTP GET", None, id="older OpenTelemetry"),
        pytest.param("generic WSGI request", "route", id="Flask"),
        pytest.param("aiohttp.web_urldispatcher.SystemRoute._handle", "component", id="aiohttp"),
        pytest.param("UNKNOWN", None, id="Airbrake's client for Node"),
        pytest.param("GET /nope/123", "custom", id="Express with Sentry's SDK 7"),
        pytest.param("GET /**", "route", id="Spring's handler of files"),
        pytest.param("/*", "route", id="what takes all paths"),
        pytest.param("*", "route", id="Express"),
        pytest.param("GET /{path...}", "route", id="Go"),
        pytest.param("/{path:.*}", "route", id="Gorilla, Starlette and FastAPI"),
        pytest.param("/{**rest}", "route", id="ASP.NET"),
        pytest.param("/{*path}", "route", id="axum"),
        pytest.param("/{proxy+}", "route", id="an API gateway"),
        pytest.param("/:rest*", "route", id="Koa"),
        pytest.param("/*any", "route", id="Gin"),
        pytest.param("/<path:path>", "route", id="Flask with a handler of all paths"),
        pytest.param("GET /[[...slug]]", "route", id="Next.js"),
    ],
)
def test_what_clients_call_a_request_that_no_route_matched_is_one_series(name, source):
    assert transaction_name(name, source, path="http://shop.example/nope/123", is_missing=True) == UNMATCHED


def test_a_name_of_ones_own_is_an_address_where_it_is_that_of_its_request():
    assert transaction_name("GET /orders/17", "custom", path="http://shop.example/orders/17?a=b") == "GET /orders/*"
    assert transaction_name("GET /orders/v2", "custom", path="http://shop.example/orders/17") == "GET /orders/v2"
    assert transaction_name("GET", None) == "GET"
