"""The histories of incidents whose end is in whom Alertmanager tells: the tests with the real one play them as well."""

from __future__ import annotations

from tests.rules.history import EXPORTER, SHOP, History

from errtally import names

NO_ANOMALIES = "  rules: {ErrorRateAnomaly: {enabled: false}}"
HOSTILE_PROJECTS = ('a "quoted" one', "back\\slash", "{braces}", "two\nlines", "umläut-商店")


def broken_deploy() -> History:
    """A service fails for twenty minutes in one of five requests."""
    history = History(150)
    history.requests([(60, 100, 0), (20, 100, 0.2), (80, 100, 0)])
    return history


def exporter_away() -> History:
    """The exporter is away for ten minutes, while one job is overdue and another becomes it."""
    history = History(90)
    for job, deadline in (("nightly", 10 * 60), ("in-time", 33 * 60)):
        history.gauge(names.CHECK_IN_DEADLINE.name, {**SHOP, "monitor": job}, [(60, deadline), (30, 1000 * 60)])
    history.exporter_down(30, 40)
    return history


def one_of_two_exporters_away() -> History:
    """Two exporters with stores of their own, one of which is away for fifteen minutes and had told of a job."""
    history, other = History(60), {"job": "errtally", "instance": "exporter-2:9765"}
    for name in (names.UP.name, "up"):
        history.gauge(name, {}, [(60, 1)], other)
    for exporter in (EXPORTER, other):
        for status_class, rate in (("2xx", 100), ("5xx", 0)):
            labels = {**SHOP, "status_class": status_class}
            history.counter(names.SERVICE_REQUESTS.name, labels, [(60, rate)], exporter)
    history.gauge(names.CHECK_IN_DEADLINE.name, {**SHOP, "monitor": "nightly"}, [(60, 600)], other)
    history.exporter_down(30, 45, "exporter-2:9765")
    return history


def noisy_and_rare() -> History:
    """An issue with a thousand events a minute, and five minutes later a fatal one that happens now and then."""
    history = History(60)
    history.issue("noisy", 20, [(60, 1000)])
    history.issue("rare", 25, [(60, 0.5)], level="fatal")
    return history


def wavering() -> History:
    """An error rate that goes above the threshold and below it for an hour."""
    history = History(150)
    history.requests([(60, 100, 0), *[(10, 100, 0.07), (10, 100, 0.03)] * 3, (40, 100, 0)])
    return history


def jobs() -> History:
    """A job fails, another one is missed and reports late."""
    history = History(90)
    failed, missed = ({**SHOP, "monitor": name} for name in ("failing", "late"))
    history.gauge(names.CHECK_IN_LAST_FAILED.name, failed, [(20, -1e6), (70, 20 * 60)])
    history.gauge(names.CHECK_IN_DEADLINE.name, missed, [(50, 30 * 60), (40, 200 * 60)])
    history.counter(names.CHECK_INS.name, {**missed, "status": "missed"}, [(30, 0), (1, 1), (59, 0)])
    return history


def many_issues() -> History:
    """Two hundred issues that were never seen before, at once."""
    history = History(40)
    for number in range(200):
        history.issue(f"issue-{number:03}", 20, [(40, 1)])
    return history


PROMETHEUS_AWAY = (30, 42)


def news_while_prometheus_was_away() -> History:
    """Prometheus is away for twelve minutes, in which there is a new issue."""
    history = History(80)
    history.issue("old", 5, [(80, 1)])
    history.issue("new", 35, [(80, 1)])
    history.prometheus_down(*PROMETHEUS_AWAY)
    return history


def first_day() -> History:
    """An hour after the installation a service fails altogether for half an hour."""
    history = History(300)
    history.requests([(60, 100, 0), (30, 100, 1), (210, 100, 0)])
    return history


def outage_of(project: str) -> History:
    """Ten minutes in which all requests of a project fail."""
    history = History(60)
    history.requests([(10, 100, 0), (10, 100, 1), (40, 100, 0)], {**SHOP, "project": project})
    return history
