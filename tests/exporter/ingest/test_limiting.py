"""Rate limits, quotas and a full journal: what is let in, what is answered, what is counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.exporter.door import Door, project

from errtally import names
from errtally.config.document import parse
from errtally.errors import ConfigError, JournalFullError
from errtally.exporter.config import ExporterConfig, Project, RateLimit, build
from errtally.exporter.ingest.quotas import Quotas
from errtally.exporter.ingest.rates import MAX_WAIT_SECONDS, Rates

if TYPE_CHECKING:
    from pathlib import Path

EVENT = b'{"type":"event"}\n{"message":"no stock"}\n'
TRANSACTION = b'{"type":"transaction"}\n{"transaction":"/","start_timestamp":1,"timestamp":2}\n'
KEY = {"x_sentry_auth": "Sentry sentry_key=k1"}
ONE_ERROR = {"error": {"per_second": 0.01, "burst": 1}}
BATCH = b'{"events":[{"message":"a"},{"message":"b"},{"message":"c"}]}'


def _rates(per_second: float, burst: float, workers: int = 1) -> Rates:
    return Rates(ExporterConfig(rate_limits={"error": RateLimit(per_second, burst)}, workers=workers))


PROJECT = Project("shop", "1")


def test_a_burst_gets_through_and_then_the_rate_holds() -> None:
    rates = _rates(2, 3)
    assert [rates.take(PROJECT, "k", "error", 1, 100.0) for _ in range(4)] == [0, 0, 0, 1]
    assert [rates.take(PROJECT, "k", "error", 1, 100.5) for _ in range(2)] == [0, 1]


def test_a_batch_larger_than_the_burst_gets_through_whole_and_is_paid_off_later() -> None:
    rates = _rates(1, 10)
    assert rates.take(PROJECT, "k", "error", 100, 0.0) == 0
    assert rates.take(PROJECT, "k", "error", 1, 0.0) == 91
    assert rates.take(PROJECT, "k", "error", 1, 90.0) == 1
    assert rates.take(PROJECT, "k", "error", 1, 91.0) == 0


def test_nobody_is_told_to_wait_for_hours() -> None:
    rates = _rates(0.001, 1)
    rates.take(PROJECT, "k", "error", 1, 0.0)
    assert rates.take(PROJECT, "k", "error", 1, 0.0) == MAX_WAIT_SECONDS


def test_each_key_has_a_bucket_of_its_own_for_each_category() -> None:
    rates = Rates(
        ExporterConfig(projects=(PROJECT,), rate_limits={"error": RateLimit(1, 1), "transaction": RateLimit(1, 1)})
    )
    taken = [rates.take(PROJECT, key, category, 1, 0.0) for key in "ab" for category in ("error", "transaction")]
    assert taken == [0, 0, 0, 0]
    assert rates.take(PROJECT, "a", "error", 1, 0.0) == 1


def test_keys_that_anybody_can_make_up_share_one_bucket() -> None:
    rates = _rates(1, 1)
    assert [rates.take(PROJECT, key, "error", 1, 0.0) for key in ("a", "b")] == [0, 1]


def test_workers_share_a_rate() -> None:
    rates = _rates(4, 8, workers=4)
    assert [rates.take(PROJECT, "k", "error", 1, 0.0) for _ in range(3)] == [0, 0, 1]


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    rates = _rates(1, 2)
    assert rates.take(PROJECT, "k", "error", 1, 100.0) == 0
    assert rates.take(PROJECT, "k", "error", 1, 50.0) == 0


def test_a_project_may_have_limits_of_its_own() -> None:
    own = Project("big", "2", rate_limits={"error": RateLimit(1, 5)})
    rates = _rates(1, 1)
    assert [rates.take(own, "k", "error", 1, 0.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_an_envelope_over_one_limit_is_taken_without_that_category_and_answered_429() -> None:
    door = Door({"projects": [project("shop", "k1", rate_limits=ONE_ERROR)]})
    assert door.send("/api/shop/envelope/", b"{}\n" + EVENT, **KEY).status == 200
    answer = door.send("/api/shop/envelope/", b"{}\n" + EVENT + TRANSACTION, **KEY)
    assert answer.status == 429
    assert answer.headers["retry-after"] == "100"
    assert answer.headers["x-sentry-rate-limits"] == "100:error;security:key:rate_limited"
    assert json.loads(answer.body)["causes"] == ["rate_limited"]
    assert [(len(batch.events), len(batch.requests)) for batch in door.journal.batches] == [(1, 0), (0, 1)]
    assert door.count(names.INGEST_DROPPED, "shop", "error", "rate_limited") == 1
    assert door.count(names.INGEST_REJECTED, "sentry", "rate_limited") == 1
    assert door.count(names.INGEST_ITEMS, "sentry", "event") == 1
    assert door.count(names.INGEST_ITEMS, "sentry", "transaction") == 1
    assert door.count(names.INGEST_REQUESTS, "sentry", "429") == 1


def test_each_muted_category_has_its_own_time() -> None:
    limits = {**ONE_ERROR, "transaction": {"per_second": 0.02, "burst": 1}}
    door = Door({"projects": [project("shop", "k1")], "rate_limits": limits})
    for _ in range(2):
        answer = door.send("/api/shop/envelope/", b"{}\n" + EVENT + TRANSACTION, **KEY)
    assert (
        answer.headers["x-sentry-rate-limits"]
        == "100:error;security:key:rate_limited, 50:transaction;span:key:rate_limited"
    )
    assert len(door.journal.batches) == 1


def test_a_native_batch_over_the_limit_is_refused_whole_so_that_it_can_be_sent_again() -> None:
    door = Door({"projects": [project("shop", "k1", rate_limits=ONE_ERROR)]})
    assert door.send("/api/events", BATCH, authorization="Bearer k1").status == 200
    answer = door.send("/api/events", BATCH, authorization="Bearer k1")
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) > 100
    assert json.loads(answer.body)["error"]["code"] == "rate_limited"
    assert len(door.events) == 3
    assert door.count(names.INGEST_DROPPED, "shop", "error", "rate_limited") == 1, "nobody looked into it"


def test_a_quota_ends_at_midnight_and_one_project_does_not_use_up_another_ones(tmp_path: Path) -> None:
    config = ExporterConfig(data_dir=tmp_path, daily_quotas={"error": 10})
    quotas, other = Quotas(config), Project("other", "2")
    midnight = 86400 * 20_000
    quotas.add(PROJECT, "error", 10, midnight - 90.0)
    assert quotas.wait_seconds(PROJECT, "error", midnight - 90.0) == 90
    assert quotas.wait_seconds(other, "error", midnight - 90.0) == 0
    assert quotas.wait_seconds(PROJECT, "transaction", midnight - 90.0) == 0
    assert quotas.wait_seconds(PROJECT, "error", midnight + 1.0) == 0


def test_workers_add_up_what_they_let_in_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    config = ExporterConfig(data_dir=tmp_path, daily_quotas={"error": 10})
    first, second, now = Quotas(config), Quotas(config), 86400 * 20_000.5
    first.add(PROJECT, "error", 6, now)
    second.add(PROJECT, "error", 5, now)
    assert not first.wait_seconds(PROJECT, "error", now)
    for quotas in (first, second, first):
        quotas.share(now)
    assert first.wait_seconds(PROJECT, "error", now)
    restarted = Quotas(config)
    restarted.share(now)
    assert restarted.wait_seconds(PROJECT, "error", now)
    restarted.share(now + 86400)
    assert not restarted.wait_seconds(PROJECT, "error", now + 86400)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"day":"x"}', b'{"day":20000,"used":[]}', b"\xff\xfe"])
def test_a_quota_file_that_was_cut_off_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "quotas.json").write_bytes(content)
    quotas, now = Quotas(ExporterConfig(data_dir=tmp_path, daily_quotas={"error": 3})), 86400 * 20_000.5
    quotas.add(PROJECT, "error", 3, now)
    quotas.share(now)
    again = Quotas(ExporterConfig(data_dir=tmp_path, daily_quotas={"error": 3}))
    again.share(now)
    assert again.wait_seconds(PROJECT, "error", now)


def test_a_clock_that_is_set_back_an_hour_over_midnight_keeps_the_new_day(tmp_path: Path) -> None:
    quotas, midnight = Quotas(ExporterConfig(data_dir=tmp_path, daily_quotas={"error": 2})), 86400 * 20_000.0
    quotas.add(PROJECT, "error", 2, midnight + 5)
    assert quotas.wait_seconds(PROJECT, "error", midnight - 3600)


def test_what_is_over_a_quota_is_answered_and_counted(tmp_path: Path) -> None:
    door = Door({"projects": [project("shop", "k1", daily_quotas={"error": 1})]}, tmp_path)
    assert door.send("/api/shop/envelope/", b"{}\n" + EVENT, **KEY).status == 200
    answer = door.send("/api/shop/envelope/", b"{}\n" + EVENT, **KEY)
    assert answer.status == 429
    assert answer.headers["x-sentry-rate-limits"].endswith(":error;security:key:quota")
    assert door.count(names.INGEST_DROPPED, "shop", "error", "quota") == 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/api/shop/envelope/?sentry_key=k1", {}, id="Sentry's form mutes everything for a while"),
        pytest.param("/api/events", {"authorization": "Bearer k1"}, id="the native form says when to come back"),
        pytest.param("/api/alerts", {"authorization": "Bearer k1"}, id="so does the webhook's"),
    ],
)
def test_a_full_journal_is_answered_before_a_body_is_read(path: str, headers: dict[str, str]) -> None:
    door = Door({"projects": [project("shop", "k1")]})
    door.journal.full = JournalFullError("backlog", "the journal is full")
    answer = door.send(path, b"not even JSON", **headers)
    assert answer.status == 429
    assert answer.headers["retry-after"] == "10"
    assert answer.headers.get("x-sentry-rate-limits", "10::key:backlog") == "10::key:backlog"
    protocol = "sentry" if "sentry" in path else "alertmanager" if path.endswith("alerts") else "native"
    assert door.count(names.INGEST_REJECTED, protocol, "backlog") == 1
    door.journal.full = None
    assert door.send("/api/events", BATCH, authorization="Bearer k1").status == 200


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rate_limits: {errors: {per_second: 1}}", id="a category that is none"),
        pytest.param("rate_limits: {error: {per_second: 0}}", id="a rate of nothing"),
        pytest.param("rate_limits: {error: {burst: 5}}", id="a burst without a rate"),
        pytest.param("daily_quotas: {error: -1}", id="a negative quota"),
        pytest.param("projects: [{name: a, keys: [k], allowed_origins: [example.com]}]", id="an origin without scheme"),
        pytest.param("projects: [{name: a, keys: [k], allowed_origins: ['https://a.b/path']}]", id="a page's address"),
        pytest.param("projects: [{name: a, keys: [k], rate_limits: {x: {per_second: 1}}}]", id="in a project as well"),
    ],
)
def test_limits_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text, "errtally.yml")


def test_limits_are_read_from_the_configuration() -> None:
    text = """
    rate_limits: {error: {per_second: 20}, transaction: {per_second: 5, burst: 7}}
    daily_quotas: {error: 1000000}
    projects:
      - {name: a, keys: [k], rate_limits: {error: {per_second: 0.01}}, daily_quotas: {session: 5}}
    """
    config = build(parse(text, "errtally.yml"), "errtally.yml")
    assert config.rate_limits == {"error": RateLimit(20, 200), "transaction": RateLimit(5, 7)}
    assert config.daily_quotas == {"error": 1000000}
    assert config.projects[0].rate_limits == {"error": RateLimit(0.01, 1)}
    assert config.projects[0].daily_quotas == {"session": 5}


MIXED_LOGS = json.dumps(
    {
        "resourceLogs": [
            {
                "scopeLogs": [
                    {
                        "logRecords": [
                            {"timeUnixNano": str(number + 1), "severityNumber": severity, "body": {"stringValue": "m"}}
                            for number, severity in enumerate((17, 9, 17, 9, 9))
                        ]
                    }
                ]
            }
        ]
    }
).encode()
ONLY_INFOS = MIXED_LOGS.replace(b'"severityNumber": 17', b'"severityNumber": 9')
MIXED_FARO = json.dumps(
    {
        "meta": {"app": {"name": "shop"}},
        "exceptions": [{"type": "Error", "value": "no stock", "timestamp": "2026-01-01T00:00:00Z"}],
        "logs": [{"message": "hello", "level": "info", "timestamp": "2026-01-01T00:00:00Z"}],
    }
).encode()


@pytest.mark.parametrize(
    ("path", "mixed", "headers", "sizes"),
    [
        pytest.param("/v1/logs", MIXED_LOGS, {"authorization": "Bearer k1"}, (2, 3), id="OTLP"),
        pytest.param("/collect/k1", MIXED_FARO, {}, (1, 1), id="Faro"),
    ],
)
def test_of_a_batch_that_its_client_sends_again_a_limit_takes_all_or_nothing(
    path: str, mixed: bytes, headers: dict[str, str], sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("errtally.exporter.ingest.admission.time.monotonic", lambda: now[0])
    limits = {"error": {"per_second": 0.01, "burst": 1}, "log_item": {"per_second": 1, "burst": 100}}
    door = Door({"projects": [project("shop", "k1", rate_limits=limits)]})

    def taken() -> list[tuple[int, int]]:
        return [(len(batch.events), sum(log.quantity for log in batch.logs)) for batch in door.journal.batches]

    assert door.send(path, mixed, content_type="application/json", **headers).status in {200, 202}
    assert taken() == [sizes], "larger than the burst, and the bucket was full"
    answer = door.send(path, mixed, content_type="application/json", **headers)
    assert (answer.status, taken()) == (429, [sizes])
    assert int(answer.headers["retry-after"]) >= 100
    assert door.count(names.INGEST_ITEMS, "otlp" if "logs" in path else "faro", "log") in {1, 3}
    now[0] += 300
    assert door.send(path, mixed, content_type="application/json", **headers).status in {200, 202}
    assert taken() == [sizes, sizes]


def test_a_batch_of_what_is_not_limited_passes_while_another_category_is_over_its_limit() -> None:
    limits = {"error": {"per_second": 0.01, "burst": 1}}
    door = Door({"projects": [project("shop", "k1", rate_limits=limits)]})
    sent = {"content_type": "application/json", "authorization": "Bearer k1"}
    statuses = [door.send("/v1/logs", body, **sent).status for body in (MIXED_LOGS, MIXED_LOGS, ONLY_INFOS)]
    assert statuses == [200, 429, 200]
    assert door.count(names.INGEST_DROPPED, "shop", "error", "rate_limited") == 1


def test_a_refused_batch_uses_up_nothing_of_its_other_categories() -> None:
    limits = {"error": {"per_second": 0.01, "burst": 1}, "log_item": {"per_second": 0.01, "burst": 4}}
    door = Door({"projects": [project("shop", "k1", rate_limits=limits)]})
    sent = {"content_type": "application/json", "authorization": "Bearer k1"}
    # One token of log_item is left behind the first; the refused ones leave it there.
    bodies = (MIXED_LOGS, MIXED_LOGS, MIXED_LOGS, ONLY_INFOS, ONLY_INFOS)
    assert [door.send("/v1/logs", body, **sent).status for body in bodies] == [200, 429, 429, 200, 429]


def test_a_promised_batch_is_let_in_and_paid_off_later() -> None:
    rates = _rates(1, 1)
    assert rates.take(PROJECT, "k", "error", 1, 0.0) == 0
    assert rates.take(PROJECT, "k", "error", 5, 0.0, is_promised=True) == 0
    assert rates.take(PROJECT, "k", "error", 0, 0.0) == 6
