"""Every endpoint says when a client that was refused for now may come again."""

from __future__ import annotations

import pytest

from errtally.errors import MalformedError, OverloadedError
from errtally.exporter.protocols.registry import ENDPOINTS

NAMED = [pytest.param(endpoint, id=f"{endpoint.protocol} {endpoint.pattern.pattern}") for endpoint in ENDPOINTS]


@pytest.mark.parametrize("endpoint", NAMED)
@pytest.mark.parametrize("status", [429, 503])
def test_a_client_that_is_refused_for_now_is_told_how_long_to_wait(endpoint, status):
    response = endpoint.refusal(OverloadedError("rate_limited", "wait", status=status, retry_after_seconds=17))
    waits = [value for name, value in response.headers if name.lower() == "retry-after"]
    assert (response.status, waits) == (status, ["17"])


@pytest.mark.parametrize("endpoint", NAMED)
def test_a_client_that_is_refused_for_good_is_not_told_to_come_again(endpoint):
    response = endpoint.refusal(MalformedError("bad", "not an event"))
    assert response.status == 400
    assert "retry-after" not in {name.lower() for name, _ in response.headers}
