"""Lists of one environment's numbers: in order, page by page, with all that is open and nothing else."""

from __future__ import annotations

from random import Random
from urllib.parse import urlencode

import pytest
from tests.exporter.inprocess import NOW, InProcess

NAMES = [f"{a}{b}Error" for a in "ABCDEFGH" for b in "ABCDEFGHIJ"]
TOKEN = {"Authorization": "Bearer t"}

pytestmark = pytest.mark.usefixtures("any_database")


def happen(exporter: InProcess) -> dict[str, dict[str, float]]:
    """Let issues happen in two environments; return what production has of each, reckoned here."""
    random, production = Random(7), dict[str, dict[str, float]]()
    for place, name in enumerate(NAMES):
        events = []
        for environment, count in (("production", random.randrange(0, 9)), ("staging", random.randrange(0, 9))):
            moments = [NOW - random.randrange(1, 80_000) for _ in range(count)]
            users = [f"u{random.randrange(4)}" for _ in moments]
            events += [
                {"type": name, "message": "it happened", "timestamp": moment,
                 "context": {"environment": environment, "user": {"id": user}}}
                for moment, user in zip(moments, users, strict=True)
            ]  # fmt: skip
            if environment == "production" and moments:
                production[name] = {
                    "events": count, "users": len(set(users)), "first_seen": min(moments), "last_seen": max(moments),
                    "place": place,
                }  # fmt: skip
        if events:
            assert exporter.post("/api/events?project=shop", {"events": events}).status == 200
    exporter.fold()
    return production


def pages(exporter: InProcess, **asked: object) -> list[dict[str, object]]:
    """Read a list to its end."""
    found, cursor = [], dict[str, str]()
    while True:
        answer = exporter.get("/api/issues?" + urlencode({**asked, **cursor})).json()
        found += answer["issues"]
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"]}


@pytest.mark.parametrize(
    "resolved",
    [
        pytest.param(lambda by_rank: by_rank[:0], id="all are open"),
        pytest.param(lambda by_rank: by_rank[:5], id="a few of the first are resolved"),
        pytest.param(lambda by_rank: by_rank[:60], id="nearly all of the first are resolved"),
        pytest.param(lambda by_rank: by_rank, id="all are resolved"),
    ],
)
def test_a_list_of_an_environment_is_in_its_order_and_whole(exporter: InProcess, resolved) -> None:
    production = happen(exporter)
    known = {one["type"]: one["issue"] for one in exporter.get("/api/issues?limit=500").json()["issues"]}
    closed = resolved(sorted(production, key=lambda name: -production[name]["events"]))
    with exporter.folding():
        for name in closed:
            assert exporter.post(f"/api/issues/{known[name]}/resolve", {}, TOKEN).status == 200
    for order in ("events", "users", "first_seen", "last_seen"):
        for limit in (3, 10, 50):
            found = pages(exporter, environment="production", status="open", sort=order, limit=limit)
            assert sorted(one["type"] for one in found) == sorted(set(production) - set(closed)), (order, limit)
            ranks = [production[one["type"]][order] for one in found]
            assert ranks == sorted(ranks, reverse=True), (order, limit)
            assert all(one[order] == production[one["type"]][order] for one in found), (order, limit)
