"""A real Prometheus scrapes several exporters through a load balancer: the numbers are those of one."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.postgres import Server, data_folder
from tests.faults.processes import wait_until
from tests.faults.sending import Traffic, native
from tests.flow.programs import free_port, prometheus
from tests.flow.replicas import replicas
from tests.waiting import until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow


@contextlib.contextmanager
def balancer(exporters: Sequence[Exporter]) -> Iterator[str]:
    """Forward each GET to the next exporter in turn, or the one after it when that does not answer; yield HOST:PORT."""
    turns = itertools.cycle(exporters)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            for one in itertools.islice(turns, len(exporters)):
                connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=5)
                try:
                    connection.request("GET", self.path, headers={"Accept": self.headers.get("Accept", "")})
                    answer = connection.getresponse()
                    body = answer.read()
                except (OSError, http.client.HTTPException):  # killed
                    continue
                finally:
                    connection.close()
                if answer.status < 500:
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.headers["Content-Type"])
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    with contextlib.suppress(ConnectionError):  # it waits no longer
                        self.wfile.write(body)
                    return
            self.send_error(502)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.daemon_threads = True
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{served.server_address[1]}"
        served.shutdown()


def _asked(address: str, query: str) -> list[dict[str, Any]]:
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


def _sum(address: str, query: str) -> float:
    return sum(float(one["value"][1]) for one in _asked(address, query))


def test_through_a_takeover_prometheus_stores_what_was_counted_and_no_counter_is_ever_reset(tmp_path: Path) -> None:
    metric = names.EVENTS.name
    with contextlib.ExitStack() as stack:
        server = Server(stack.enter_context(data_folder()))
        server.start()
        stack.callback(server.stop)
        three = stack.enter_context(replicas(tmp_path, server))
        for number in range(7):  # one of each type, so that all series are there
            assert three.all[0].post(*native(number))[0] == 200
        three.wait_until_counted()
        through = stack.enter_context(balancer(three.all))
        (tmp_path / "prometheus").mkdir()
        address = stack.enter_context(
            prometheus(tmp_path / "prometheus", {}, target=through, alertmanager_address=f"127.0.0.1:{free_port()}")
        )
        until(lambda: _sum(address, f"sum({metric})") == 7)
        traffic = Traffic(three.all, native, first=7, pause_seconds=0.02)
        holder = three.wait_for_holder()
        wait_until(lambda: len(traffic.acknowledged) >= 100, within_seconds=60)
        holder.kill()
        three.wait_for_holder(other_than=holder)
        before = len(traffic.acknowledged)
        wait_until(lambda: len(traffic.acknowledged) >= before + 50, within_seconds=60)
        holder.start()
        wait_until(lambda: len(traffic.acknowledged) >= before + 100, within_seconds=60)
        traffic.end()
        row = three.outcome("takeover, scraped by Prometheus", 1, traffic)
        assert (row.lost, row.doubled) == (0, 0), row
        until(lambda: _sum(address, f"sum({metric})") == row.counted)
        stored = _asked(address, f"{metric}[1h]")
        grown = sum(float(one["values"][-1][1]) - float(one["values"][0][1]) for one in stored)
        assert grown == row.counted - 7
        assert len(traffic.acknowledged) <= grown <= traffic.sent
        counters = "|".join(sorted(one.name for one in names.CATALOGUE if one.kind == "counter"))
        scraped = _asked(address, f'{{__name__=~"{counters}",job="errtally"}}[1h]')
        assert len(scraped) > len(stored)
        for one in scraped:
            values = [float(value) for _, value in one["values"]]
            assert values == sorted(values), one["metric"]
