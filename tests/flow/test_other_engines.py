"""The generated rules in programs that are not the machine's Prometheus: the newest one, VictoriaMetrics, Thanos.

What docs/alerting.md says of each is what these tests show. They need `python -m tests.newest_programs`.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.flow import shop
from tests.flow.exporter import Exporter
from tests.flow.programs import alertmanager, free_port, program, prometheus
from tests.flow.receivers import WebReceiver
from tests.newest_programs import newest
from tests.waiting import until

from errtally import config, names
from errtally.alertmanager.build import build as build_alertmanager
from errtally.generate.files import write
from errtally.rules.build import RULES_FILE, TESTS_ENDING
from errtally.rules.build import build as build_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from errtally.generate.files import Files

    Engine = Callable[[Path, Files, str, str], AbstractContextManager[None]]

pytestmark = [pytest.mark.flow, pytest.mark.alone]

DOCS = Path(__file__).parents[2] / "docs" / "alerting.md"
TEST_FILES = sorted(name for name in build_rules({}) if name.endswith(TESTS_ENDING))
GO_BY_THE_EPOCH = {"NewIssue", "Regression", "CheckInFailed", "CheckInMissed"}
"""Their tests have times near 0, where promtool's clock begins; vmalert-tool's begins in the year 2000."""
NOT_IN_VICTORIAMETRICS = {
    "ApdexDropping",
    "CrashFreeSessionsLow",
    "ErrorRateAnomaly",
    "ErrorSpike",
    "GrowingIssue",
    "ProjectSilent",
    "ReleaseWorse",
    "ResponseTimeAnomaly",
}
"""What docs/alerting.md says that does not work there."""


@pytest.mark.parametrize("name", TEST_FILES)
def test_the_generated_unit_tests_pass_in_the_newest_promtool(tmp_path: Path, name: str) -> None:
    write(build_rules({}), tmp_path)
    done = subprocess.run(
        [newest("promtool"), "test", "rules", name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEST_FILES)
def test_in_victoriametrics_every_unit_test_passes_but_those_of_alerts_that_the_docs_name(
    tmp_path: Path, name: str
) -> None:
    write(build_rules({}), tmp_path)
    command = [newest("vmalert-tool"), "unittest", "--disableAlertgroupLabel", f"--files={name}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    failed = set(re.findall(r"testGroupName: (\w+) ", done.stdout + done.stderr))
    assert failed or done.returncode == 0, done.stdout + done.stderr
    assert failed <= GO_BY_THE_EPOCH | NOT_IN_VICTORIAMETRICS


def test_the_docs_name_the_alerts_that_do_not_work_in_victoriametrics() -> None:
    said = DOCS.read_text().partition("## Other engines")[2].partition("\n## ")[0]
    assert {name for name in NOT_IN_VICTORIAMETRICS if name not in said} == set()


OLD_SECONDS = 25
"""More than the window of news below."""
UNNAMED = "see"
"""How the summary of a new issue goes on whose name Prometheus does not know: see the list of issues."""
SETTINGS = """
alerting:
  scrape_interval: 1s
  group_wait: 0s
  group_interval: 1s
  slos: []
  rules:
    HighErrorRate: {window: 10s, for: 0s}
    ErrorRateAnomaly: {enabled: false}
    NewIssue: {window: 20s}
    Watchdog: {enabled: false}
  channels:
    webhook: {url: "WEBHOOK"}
"""


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    (tmp_path / "errtally.yml").write_text(yaml.safe_dump({"alerting": {"scrape_interval": "1s"}}))
    started = Exporter(tmp_path, "--config", str(tmp_path / "errtally.yml"))
    started.start()
    yield started
    started.stop()


def _fail(exporter: Exporter, type_: str) -> None:
    event = {"type": type_, "message": f"{type_} happened"}
    status, answer = exporter.post("/api/events?project=shop", json.dumps({"events": [event]}).encode())
    assert status == 200, answer


def _requests(exporter: Exporter, status: int) -> None:
    rows = [{"transaction": "/", "duration_seconds": 0.1, "status": status}] * 30
    code, answer = exporter.post("/api/requests?project=shop", json.dumps({"requests": rows}).encode())
    assert code == 200, answer


def _heard(web: WebReceiver) -> set[str]:
    """What fires, as its summary says it."""
    alerts = [alert for post in web.inbox.all() for alert in post.body["alerts"]]
    return {alert["annotations"]["summary"] for alert in alerts if alert["status"] == "firing"}


def _new(web: WebReceiver) -> set[str]:
    return set(re.findall(r"New issue in shop \(production\): (\w+)", "\n".join(_heard(web))))


def _newest_issue(exporter: Exporter) -> float:
    """When the exporter noticed its newest issue."""
    return max(value for (name, _), value in exporter.series().items() if name == names.ISSUE_NOTICED.name)


@contextmanager
def victoriametrics(folder: Path, rules: Files, target: str, alertmanager_address: str) -> Iterator[None]:
    """Run VictoriaMetrics, which scrapes the exporter, and vmalert beside it."""
    folder.mkdir()
    scrape = [{"job_name": "errtally", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}]
    write({**rules, "scrape.yml": yaml.safe_dump({"scrape_configs": scrape})}, folder)
    storage, alerts = (f"127.0.0.1:{free_port()}" for _ in range(2))
    store = [str(newest("victoria-metrics")), f"-httpListenAddr={storage}", "-storageDataPath=data"]
    store += ["-promscrape.config=scrape.yml", "-search.latencyOffset=0s", "-inmemoryDataFlushInterval=1s"]
    rule = [str(newest("vmalert")), "-rule=*.rules.yml", f"-httpListenAddr={alerts}", "-evaluationInterval=1s"]
    rule += [f"-datasource.url=http://{storage}", f"-remoteWrite.url=http://{storage}"]
    rule += [f"-remoteRead.url=http://{storage}", f"-notifier.url=http://{alertmanager_address}"]
    rule += ["-remoteWrite.flushInterval=100ms", "-rule.evalDelay=0s"]
    with (
        program(store, folder=folder, ready_url=f"http://{storage}/health"),
        program(rule, folder=folder, ready_url=f"http://{alerts}/health"),
    ):
        yield


@contextmanager
def thanos(folder: Path, rules: Files, target: str, alertmanager_address: str) -> Iterator[None]:
    """Run Prometheus without rules, Thanos' sidecar beside it, its ruler, and its querier over both."""
    folder.mkdir()
    scrape = [{"job_name": "errtally", "static_configs": [{"targets": [target]}]}]
    times = {"scrape_interval": "1s", "scrape_timeout": "1s", "external_labels": {"source": "prometheus"}}
    write({**rules, "prometheus.yml": yaml.safe_dump({"global": times, "scrape_configs": scrape})}, folder)
    addresses = {name: f"127.0.0.1:{free_port()}" for name in ("prometheus", "sidecar", "query", "rule")}
    internal = {name: f"127.0.0.1:{free_port()}" for name in ("sidecar", "query", "rule")}

    def part(name: str, *flags: str) -> AbstractContextManager[object]:
        own = folder / name
        own.mkdir()
        command = [str(newest("thanos")), name, f"--http-address={addresses[name]}", f"--grpc-address={internal[name]}"]
        return program([*command, *flags], folder=own, ready_url=f"http://{addresses[name]}/-/ready")

    store = [
        str(newest("prometheus")),
        "--config.file=prometheus.yml",
        f"--web.listen-address={addresses['prometheus']}",
    ]
    with (
        program(store, folder=folder, ready_url=f"http://{addresses['prometheus']}/-/ready"),
        part("sidecar", f"--prometheus.url=http://{addresses['prometheus']}", f"--tsdb.path={folder}/data"),
        part(
            "query", f"--endpoint={internal['sidecar']}", f"--endpoint={internal['rule']}",
            "--query.replica-label=source", "--query.default-evaluation-interval=1s",
        ),
        part(
            "rule", f"--rule-file={folder}/*.rules.yml", "--eval-interval=1s", f"--query={addresses['query']}",
            f"--alertmanagers.url=http://{alertmanager_address}", '--label=source="rule"', "--resend-delay=1s",
            f"--data-dir={folder}/rule/data",
        ),
    ):  # fmt: skip
        yield


@contextmanager
def newest_prometheus(folder: Path, rules: Files, target: str, alertmanager_address: str) -> Iterator[None]:
    """Run the newest Prometheus."""
    folder.mkdir()
    binary = newest("prometheus")
    with prometheus(folder, rules, target=target, alertmanager_address=alertmanager_address, binary=binary):
        yield


@pytest.mark.parametrize("engine", [newest_prometheus, victoriametrics, thanos])
def test_a_new_issue_and_an_outage_are_told_and_old_issues_are_not(
    tmp_path: Path, exporter: Exporter, engine: Engine
) -> None:
    for letter in "ABCDEFGHIJK":  # known before anybody looks: at the first scrape nothing is new
        _fail(exporter, f"Old{letter}Error")
    _requests(exporter, 200)
    exporter.wait_until_folded()
    until(lambda: time.time() > _newest_issue(exporter) + OLD_SECONDS, "the old issues are still new")
    with WebReceiver() as web:
        document = config.parse(SETTINGS.replace("WEBHOOK", web.url("/hook")), "the test's configuration")
        rules = shop.hurried({name: text for name, text in build_rules(document).items() if name == RULES_FILE})
        (tmp_path / "alertmanager").mkdir()
        with (
            alertmanager(tmp_path / "alertmanager", build_alertmanager(document)) as address,
            engine(tmp_path / "engine", rules, exporter.listen, address),
        ):
            until(lambda: (_requests(exporter, 500), any("fail" in one for one in _heard(web)))[1], "no outage is told")
            assert _new(web) == set()
            _fail(exporter, "FreshError")
            until(lambda: "FreshError" in _new(web), lambda: f"the new issue is not told: {_heard(web)}")
            # VictoriaMetrics finds a new series later than a new value of an old one: it may tell without a name first.
            assert _new(web) - {UNNAMED} == {"FreshError"}
