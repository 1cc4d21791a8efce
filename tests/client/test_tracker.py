"""Events as they arrive at a server: content, order, batches, what is left out."""

from __future__ import annotations

import json
import re
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests import tls
from tests.client.receiver import receiving
from tests.client.starting import init

import errtally
from errtally.errors import ConfigError

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


def _price(order: int) -> float:
    password = "hunter2"  # a local variable, which must never be sent
    return order / len(password[7:])


def test_an_exception_arrives_with_its_type_message_stack_and_surroundings(receiver: Receiver) -> None:
    init(receiver, environment="staging", release="shop@1.4.2", service="shop", server_name="web-1")
    errtally.set_user({"id": 77, "email": "ann@example.org"})
    errtally.set_tag("region", "eu-1")
    errtally.add_breadcrumb("cart opened", category="ui")
    try:
        _price(5)
    except ZeroDivisionError as exc:
        event_id = errtally.capture_exception(exc, tags={"tenant": 7}, extra={"order": {"id": 5, "api_key": "k-123"}})
    assert errtally.flush(10)
    (event,) = receiver.events()
    assert event["event_id"] == event_id
    assert event["type"] == "ZeroDivisionError"
    assert event["message"] == "division by zero"
    assert event["level"] == "error"
    assert event["platform"] == "python"
    assert abs(event["timestamp"] - time.time()) < 60
    assert event["stack"].startswith("Traceback (most recent call last):\n  File ")
    assert "in _price\n    return order / len(password[7:])" in event["stack"]
    assert event["stack"].endswith("ZeroDivisionError: division by zero")
    assert "hunter2" not in json.dumps(event).replace('password = \\"hunter2', "")
    context = event["context"]
    assert context["environment"] == "staging"
    assert context["release"] == "shop@1.4.2"
    assert context["server_name"] == "web-1"
    assert context["tags"] == {"region": "eu-1", "tenant": "7", "service": "shop"}
    assert context["user"] == {"id": "77", "email": "[REDACTED]"}
    assert context["extra"] == {"order": {"id": 5, "api_key": "[REDACTED]"}}
    assert event["breadcrumbs"][0]["message"] == "cart opened"


def test_the_post_is_authorised_and_compressed(receiver: Receiver) -> None:
    init(receiver, project="shop")
    errtally.capture_message("x" * 1000)
    assert errtally.flush(10)
    assert receiver.headers[0]["Authorization"] == "Bearer a-key"
    assert receiver.headers[0]["Content-Encoding"] == "gzip"
    assert receiver.bodies[0][0] == "/api/events?project=shop"


def _price_of_nothing() -> None:
    try:
        _price(1)
    except ZeroDivisionError as exc:
        raise LookupError("no price") from exc


def test_causes_are_in_the_stack_with_the_first_one_first(receiver: Receiver) -> None:
    init(receiver)
    try:
        _price_of_nothing()
    except LookupError:
        errtally.capture_exception()
    errtally.flush(10)
    stack = receiver.events()[0]["stack"]
    assert stack.index("ZeroDivisionError") < stack.index("direct cause") < stack.index("LookupError: no price")


def test_an_exception_group_shows_its_members(receiver: Receiver) -> None:
    init(receiver)
    errtally.capture_exception(ExceptionGroup("both failed", [ValueError("left"), KeyError("right")]))
    errtally.flush(10)
    stack = receiver.events()[0]["stack"]
    assert "ValueError: left" in stack
    assert "KeyError: 'right'" in stack


def test_an_endless_recursion_is_cut_in_the_middle(receiver: Receiver) -> None:
    def again() -> None:
        again()

    init(receiver)
    try:
        again()
    except RecursionError as exc:
        errtally.capture_exception(exc)
    errtally.flush(10)
    assert len(receiver.events()[0]["stack"]) < 10_000


def test_an_exception_whose_text_fails_is_reported_all_the_same(receiver: Receiver) -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    init(receiver)
    assert errtally.capture_exception(BrokenError())
    errtally.flush(10)
    assert receiver.events()[0]["message"] == "<str() of the exception failed: RuntimeError>"


def test_the_same_exception_is_reported_once(receiver: Receiver) -> None:
    init(receiver)
    error = ValueError("once")
    assert errtally.capture_exception(error) == errtally.capture_exception(error)
    errtally.flush(10)
    assert len(receiver.events()) == 1


def test_nothing_is_reported_when_nothing_is_being_handled(receiver: Receiver) -> None:
    init(receiver)
    assert errtally.capture_exception() is None


def test_batches_hold_at_most_ten_in_the_order_of_their_capture(receiver: Receiver) -> None:
    init(receiver, flush_seconds=60)
    for number in range(23):
        errtally.capture_message(f"message {number}")
    errtally.flush(10)
    # The first ten wake the sender. How many it finds after them depends on who is faster, it or the loop above.
    first, *others = [len(body["events"]) for _, body in receiver.bodies if body["events"]]
    assert first == 10
    assert all(1 <= size <= 10 for size in others)
    assert [event["message"] for event in receiver.events()] == [f"message {number}" for number in range(23)]


def test_a_full_batch_does_not_wait_for_the_interval(receiver: Receiver) -> None:
    init(receiver, flush_seconds=60)
    for number in range(10):
        errtally.capture_message(f"message {number}")
    receiver.wait_for(lambda: len(receiver.events()) == 10)


def test_a_single_event_goes_after_the_interval(receiver: Receiver) -> None:
    init(receiver, flush_seconds=0.2)
    errtally.capture_message("alone")
    receiver.wait_for(lambda: len(receiver.events()) == 1)


def test_events_of_many_threads_all_arrive_once(receiver: Receiver) -> None:
    init(receiver, queue_events=5000)
    threads = [threading.Thread(target=lambda: [errtally.capture_message("m") for _ in range(200)]) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errtally.flush(20)
    assert len({event["event_id"] for event in receiver.events()}) == 2000


def test_before_send_changes_and_drops_and_its_failure_drops_and_counts(receiver: Receiver) -> None:
    def before_send(event):
        if event["message"] == "drop":
            return None
        if event["message"] == "fail":
            raise KeyError("x")
        return {**event, "message": "changed"}

    init(receiver, before_send=before_send)
    for message in ("drop", "fail", "keep"):
        errtally.capture_message(message)
    errtally.flush(10)
    assert [event["message"] for event in receiver.events()] == ["changed"]
    assert receiver.discarded() == {("before_send", "error"): 1, ("before_send_error", "error"): 1}


class ShopError(Exception):
    pass


class SoldOutError(ShopError):
    pass


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        pytest.param({"ignore_exceptions": [ShopError]}, SoldOutError("x"), id="a subclass of a class on the list"),
        pytest.param({"ignore_exceptions": ["ShopError"]}, SoldOutError("x"), id="a subclass of a name on the list"),
        pytest.param({"ignore_exceptions": ["builtins.OSError"]}, TimeoutError("x"), id="a name with its module"),
        pytest.param({"ignore_messages": [r"sold \w+"]}, ShopError("it is sold out"), id="a pattern in the message"),
        pytest.param({"sample_rate": 0}, ShopError("x"), id="a sample rate of nothing"),
    ],
)
def test_what_is_not_wanted_is_not_sent_but_counted(receiver: Receiver, settings, error) -> None:
    init(receiver, **settings)
    assert errtally.capture_exception(error) is None
    errtally.flush(10)
    assert receiver.events() == []
    assert sum(receiver.discarded().values()) == 1


def test_secrets_are_taken_out_of_every_part_of_an_event(receiver: Receiver) -> None:
    secret = "s3cr3t-v4lue"
    init(receiver, tags={"db_password": secret})
    errtally.set_extra("config", {"nested": [{"accessToken": secret}]})
    errtally.add_breadcrumb(f"GET /login?password={secret}", values={"Authorization": f"Bearer {secret}"})
    errtally.set_user({"id": "1", "username": f"postgres://bob:{secret}@db/x"})
    errtally.capture_exception(ValueError(f"connect failed: postgres://bob:{secret}@db/x api_key={secret}"))
    errtally.flush(10)
    assert receiver.raw[0]
    assert secret.encode() not in receiver.raw[0]


def test_users_without_an_id_are_told_apart_without_their_address(receiver: Receiver) -> None:
    init(receiver)
    for address in ("ann@example.org", "bob@example.org", "ann@example.org"):
        with errtally.new_scope():
            errtally.set_user({"email": address})
            errtally.capture_message("x")
    errtally.flush(10)
    ids = [event["context"]["user"]["id"] for event in receiver.events()]
    assert ids[0] == ids[2] != ids[1]
    assert b"example.org" not in b"".join(receiver.raw)


def test_values_show_what_they_were_when_they_were_handed_over(receiver: Receiver) -> None:
    init(receiver)
    cart = {"items": [1], "opened": datetime(2026, 11, 24, tzinfo=UTC), "self": None, "who": object()}
    cart["self"] = cart
    errtally.capture_message("x", extra={"cart": cart})
    cart["items"].append(2)
    errtally.flush(10)
    sent = receiver.events()[0]["context"]["extra"]["cart"]
    assert sent["items"] == [1]
    assert sent["opened"] == "2026-11-24 00:00:00+00:00"
    assert sent["who"] == "<builtins.object>"


def test_text_that_has_no_utf8_is_sent(receiver: Receiver) -> None:
    init(receiver)
    errtally.capture_message("lone \ud800 surrogate")
    assert errtally.flush(10)
    assert receiver.events()[0]["message"] == "lone \ud800 surrogate"


def test_timings_go_to_their_own_route(receiver: Receiver) -> None:
    init(receiver, release="1.0")
    errtally.request_finished("/orders/{id}", 0.25, method="GET", status=200)
    errtally.request_finished("import", 3.5, failed=True)
    errtally.flush(10)
    first, second = receiver.requests()
    assert first["transaction"] == "/orders/{id}"
    assert (first["duration_seconds"], first["method"], first["status"], first["release"]) == (0.25, "GET", 200, "1.0")
    assert second["failed"] is True


def test_without_an_address_every_call_does_nothing() -> None:
    errtally.init("")
    assert errtally.capture_message("x") is None
    errtally.request_finished("x", 1.0)
    assert errtally.flush(1)


def test_before_init_every_call_does_nothing() -> None:
    assert errtally.capture_message("x") is None
    assert errtally.capture_exception(ValueError()) is None
    assert errtally.flush()


def test_the_environment_stands_in_for_settings_not_given(receiver: Receiver, monkeypatch) -> None:
    monkeypatch.setenv("ERRTALLY_URL", receiver.url)
    monkeypatch.setenv("ERRTALLY_RELEASE", "9.9")
    errtally.init(hooks=False)
    errtally.capture_message("x")
    errtally.flush(10)
    assert receiver.events()[0]["context"]["release"] == "9.9"


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        errtally.init("ftp://x", "k\n", "", sample_rate=1.5, flush_seconds=0, ignore_messages=["("])
    named = {line.split(":")[0].split("[")[0] for line in caught.value.problems}
    assert named == {"url", "key", "environment", "sample_rate", "flush_seconds", "ignore_messages"}


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(TypeError, match="knows no setting sample"):
        errtally.init("http://127.0.0.1:1", sample=1)


def test_a_second_init_sends_what_the_first_one_has(receiver: Receiver) -> None:
    init(receiver)
    errtally.capture_message("first")
    init(receiver)
    assert [event["message"] for event in receiver.events()] == ["first"]


def test_ids_are_what_the_exporter_takes(receiver: Receiver) -> None:
    init(receiver)
    event_id = errtally.capture_message("x")
    assert re.fullmatch(r"[0-9a-f]{32}", event_id)


def test_an_event_that_is_too_large_goes_without_its_largest_parts(receiver: Receiver) -> None:
    init(receiver)
    for _ in range(30):
        errtally.add_breadcrumb("big", values={str(number): "x" * 2000 for number in range(40)})
    errtally.capture_message("without breadcrumbs", extra={"kept": 1})
    errtally.flush(10)
    (event,) = receiver.events()
    assert "breadcrumbs" not in event
    assert event["context"]["extra"] == {"kept": 1}


def test_what_can_not_be_made_smaller_is_counted(receiver: Receiver) -> None:
    # In several fields: the scrubber cuts each text.
    large = dict.fromkeys(("message", "type", "logger", "stack"), "x" * 1_000_000)
    init(receiver, before_send=lambda event: {**event, **large})
    errtally.capture_message("x")
    errtally.flush(10)
    assert receiver.discarded() == {("too_large", "error"): 1}


def test_what_before_send_makes_unsendable_is_counted(receiver: Receiver) -> None:
    init(receiver, before_send=lambda event: {**event, "message": object()})
    errtally.capture_message("x")
    errtally.flush(10)
    assert receiver.discarded() == {("internal_error", "error"): 1}


def test_a_call_with_nonsense_neither_raises_nor_vanishes(receiver: Receiver) -> None:
    init(receiver)
    assert errtally.capture_exception("no exception") is None
    assert errtally.capture_message("x", tags=7) is None
    errtally.request_finished("x", "no number")
    errtally.flush(10)
    assert sum(receiver.discarded().values()) == 3


def test_what_the_exporter_rejects_of_a_batch_is_logged(receiver: Receiver, caplog) -> None:
    receiver.answer = lambda _: (200, {}, b'{"accepted":0,"rejected":[{"index":0,"error":"no"}]}')
    init(receiver)
    errtally.capture_message("x")
    errtally.flush(10)
    assert "the exporter did not take all" in caplog.text


def test_an_exporter_behind_a_ca_of_its_own_is_trusted_where_the_ca_is_named(caplog) -> None:
    with receiving(behind_tls=True) as receiver:
        init(receiver, ca_certs=tls.CA)
        errtally.capture_message("x")
        assert errtally.flush(10)
        assert [event["message"] for event in receiver.events()] == ["x"]
        init(receiver, shutdown_seconds=0)
        errtally.capture_message("y")
        assert not errtally.flush(10)
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


@pytest.mark.parametrize("wrong", ["/no/such/file", __file__])
def test_a_file_that_holds_no_certificates_is_named(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"ca_certs: .* is not a file of certificates"):
        errtally.init("https://x", ca_certs=wrong)
