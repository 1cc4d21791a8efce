"""Real exporters on a real PostgreSQL server let in together what one would."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from tests.flow.replicas import replicas

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.postgres import Server
    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow

KEY = "0123456789abcdef0123456789abcdef"


def _config(folder: Path, **limits: object) -> str:
    path = folder / "limits.yml"
    path.write_text(json.dumps({"projects": [{"name": "shop", "id": "1", "keys": [KEY]}], **limits}))
    return str(path)


def _is_let_in(exporter: Exporter) -> bool:
    status, _ = exporter.post(f"/api/1/store/?sentry_key={KEY}", b"""{"message": "no stock"}""")
    assert status in {200, 429}
    return status == 200


def test_a_daily_quota_is_that_of_all(tmp_path: Path, server: Server) -> None:
    quota, pause_seconds = 60, 0.05
    config = _config(tmp_path, daily_quotas={"error": quota})
    with replicas(tmp_path, server.database("quotas"), 2, "--config", config) as two:
        taken, refused_since = 0, {id(one): 0 for one in two.all}
        began = time.monotonic()
        while min(refused_since.values()) < 20 and time.monotonic() < began + 60:
            for one in two.all:
                is_in = _is_let_in(one)
                taken += is_in
                refused_since[id(one)] = 0 if is_in else refused_since[id(one)] + 1
            time.sleep(pause_seconds)
        each_second = 1 / pause_seconds
        assert quota <= taken <= quota + 2 * 2 * each_second  # two seconds of both, where one would do


def test_a_rate_is_that_of_all(tmp_path: Path, server: Server) -> None:
    per_second, burst, seconds = 10, 10, 12.0
    config = _config(tmp_path, rate_limits={"error": {"per_second": per_second, "burst": burst}})
    with replicas(tmp_path, server.database("rates"), 2, "--config", config) as two:
        time.sleep(4)  # they know of each other
        began, taken = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            taken += sum(_is_let_in(one) for one in two.all)
        took_seconds = time.monotonic() - began
        assert 0.8 * per_second * seconds <= taken <= per_second * took_seconds + burst + 2
