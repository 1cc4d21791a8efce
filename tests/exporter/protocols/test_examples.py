"""Every endpoint that limits apply to is in the tests that hold for all protocols."""

from __future__ import annotations

import pytest
from tests.exporter.protocols.examples import EXAMPLES
from tests.exporter.protocols.sending import CONFIGURED, SHOP_KEY, deliver

from errtally.exporter.protocols.registry import ENDPOINTS


def test_every_endpoint_that_limits_apply_to_has_an_example():
    shown = [example.endpoint for example in EXAMPLES.values()]
    missing = [endpoint.pattern.pattern for endpoint in ENDPOINTS if endpoint.categories and endpoint not in shown]
    assert missing == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_holds_something_that_counts(name):
    example = EXAMPLES[name]
    sent = example.with_key(example.keys[0], SHOP_KEY)
    delivery = deliver(sent.path, sent.body, sent.headers, query=sent.query, config=CONFIGURED, method=example.method)
    assert delivery.holds_anything()
    assert not delivery.rejected
    assert not delivery.failures
