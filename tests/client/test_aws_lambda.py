"""AWS Lambda: what waits is sent before the invocation ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import errtally

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


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
