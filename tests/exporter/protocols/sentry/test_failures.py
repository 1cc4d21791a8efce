"""A server that logs the root cause of what a framework's handler reported tells of no second failure."""

from __future__ import annotations

import pytest
from tests.exporter.digest.world import World, batch
from tests.exporter.digest.world import event as seen
from tests.exporter.inprocess import envelope
from tests.exporter.protocols.sending import RECEIVED, deliver

from errtally import names

AT = 1_795_499_000.25
CALL = {"function": "charge", "module": "shop.Payments", "filename": "Payments.java", "lineno": 12}
HANDLER = {"function": "pay", "module": "shop.Orders", "filename": "Orders.java", "lineno": 30}


def _value(kind, message, frame, thread=28):
    return {"type": kind, "value": message, "module": "shop", "thread_id": thread, "stacktrace": {"frames": [frame]}}


def _event(*values, at=AT, server="web-1"):
    sent = {"timestamp": at, "server_name": server, "platform": "java", "exception": {"values": list(values)}}
    [item] = deliver("/api/1/store/", sent, query="sentry_key=k").events
    return item.event


def _cause(**changes):
    return _value(**{"kind": "Declined", "message": "card declined", "frame": CALL} | changes)


def _wrapper(**options):
    return _event(_cause(), _value("PaymentError", "order 7 not paid", HANDLER), **options)


def _is_told(first, second):
    return not set(first.tells).isdisjoint(second.told_by)


@pytest.mark.parametrize("later", [0.0, 0.01, 0.9])
def test_a_cause_that_is_reported_by_itself_is_told_already(later):
    assert _is_told(_wrapper(), _event(_cause(), at=AT + later))


def test_a_cause_whose_request_waited_is_told_already():
    def sent(waited_seconds, *values):
        item = {"timestamp": AT - 7200, "server_name": "web-1", "exception": {"values": list(values)}}
        body = envelope(("event", item), header={"sent_at": RECEIVED - waited_seconds})
        [found] = deliver("/api/1/envelope/", body, query="sentry_key=k").events
        return found.event

    wrapper, cause = sent(4000, _cause(), _value("PaymentError", "order 7 not paid", HANDLER)), sent(7600, _cause())
    assert cause.timestamp - wrapper.timestamp == 3600  # the client's clock is corrected by what its request waited
    assert _is_told(wrapper, cause)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: _event(_cause(thread=29)), id="in another thread"),
        pytest.param(lambda: _event(_cause(), server="web-2"), id="on another server"),
        pytest.param(lambda: _event(_cause(), at=AT + 2.1), id="two seconds later"),
        pytest.param(lambda: _event(_cause(), at=AT - 1.1), id="before it"),
        pytest.param(lambda: _event(_cause(message="card expired")), id="with another message"),
        pytest.param(lambda: _event(_cause(frame=HANDLER)), id="raised elsewhere"),
        pytest.param(_wrapper, id="the same once more, as a second request"),
        pytest.param(lambda: _event(_value("PaymentError", "order 7 not paid", HANDLER)), id="the wrapper alone"),
    ],
)
def test_another_failure_is_one_of_its_own(other):
    assert not _is_told(_wrapper(), other())


def test_a_client_that_names_no_thread_leaves_no_marks():
    event = _event(_cause(thread=None), _value("PaymentError", "order 7 not paid", HANDLER, thread=None))
    assert (event.tells, event.told_by) == ((), ())


def test_two_requests_whose_causes_are_logged_are_two_events():
    world = World()
    for number, sent in enumerate([_wrapper(), _event(_cause()), _wrapper(at=AT + 0.1), _event(_cause(), at=AT + 0.1)]):
        record = seen(id_=f"{number}" * 32)
        record.tells, record.told_by = sent.tells, sent.told_by
        world.fold(batch(record, issues=("cause" if number % 2 else "wrapper",)))
    assert (world.total(names.EVENTS), world.total(names.DUPLICATES)) == (2, 2)
    assert set(world.state.issues) == {("p", "wrapper")}
