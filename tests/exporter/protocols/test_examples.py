"""Every endpoint that limits apply to is in the tests that hold for all protocols."""

from __future__ import annotations

import pytest
from tests.exporter.protocols.examples import EXAMPLES
from tests.exporter.protocols.sending import CONFIGURED, SHOP_KEY, deliver

from errtally.exporter.ingest import admission
from errtally.exporter.protocols.registry import ENDPOINTS
from errtally.exporter.protocols.unserved import form_of


def test_every_endpoint_that_limits_apply_to_has_an_example():
    shown = [example.endpoint for example in EXAMPLES.values()]
    missing = [endpoint.pattern.pattern for endpoint in ENDPOINTS if endpoint.categories and endpoint not in shown]
    assert missing == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_holds_something_that_counts(name):
    example = EXAMPLES[name]
    sent = example.with_key(example.keys[0], SHOP_KEY)
    submission = deliver(sent.path, sent.body, sent.headers, query=sent.query, config=CONFIGURED, method=example.method)
    assert submission.holds_anything()
    assert not submission.rejected
    assert not submission.failures


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_a_limit_drops_is_not_counted_as_taken(name):
    """Each kind of item has the category that its limit is asked for, or it would count though nothing was kept."""
    example = EXAMPLES[name]
    sent = example.with_key(example.keys[0], SHOP_KEY)
    submission = deliver(sent.path, sent.body, sent.headers, query=sent.query, config=CONFIGURED, method=example.method)
    categories = {kind: admission.ITEM_CATEGORIES.get(kind) for kind in submission.items}
    assert {
        kind: category for kind, category in categories.items() if category not in example.endpoint.categories
    } == {}


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.path != "/"])
def test_behind_a_served_path_a_client_is_refused_in_the_form_that_it_reads(name):
    example = EXAMPLES[name]
    sent = example.with_key(example.keys[0], SHOP_KEY)
    headers = {header.lower(): value for header, value in sent.headers.items()}
    form = form_of(f"{sent.path.rstrip('/')}/nowhere", lambda header, without="": headers.get(header.lower(), without))
    assert form is example.endpoint.refuse
