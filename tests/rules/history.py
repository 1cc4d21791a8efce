"""What the exporter shows over time, as promtool's input series: counters from zero, gauges, gaps."""

from __future__ import annotations

from dataclasses import dataclass, field

from errtally import names
from errtally.rules.series import label_set

STEP_SECONDS = 30
EXPORTER = {"job": "errtally", "instance": "exporter:9765"}
SHOP = {"project": "shop", "environment": "production"}
Phase = tuple[float, float]
"""Minutes, and events a minute (of a counter) or the value (of a gauge)."""


def escaped(labels: dict[str, str]) -> dict[str, str]:
    """Labels as they stand in quotes."""
    pairs = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
    return {name: "".join(pairs.get(one, one) for one in value) for name, value in labels.items()}


@dataclass
class History:
    """Series of one Prometheus, sampled every step.

    Attributes:
        minutes: how long it is.
        step_seconds: between two samples.
        series: each series' samples; None where there is none.
    """

    minutes: float
    step_seconds: int = STEP_SECONDS
    series: dict[str, list[float | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gauge(names.UP.name, {}, [(self.minutes, 1)])
        self.gauge("up", {}, [(self.minutes, 1)])

    @property
    def steps(self) -> int:
        return int(self.minutes * 60 / self.step_seconds) + 1

    def at(self, minute: float) -> int:
        """The step of a minute."""
        return int(minute * 60 / self.step_seconds)

    def counter(
        self, name: str, labels: dict[str, str], phases: list[Phase], exporter: dict[str, str] = EXPORTER
    ) -> None:
        """Add a counter; the last phase goes on."""
        total, samples = 0.0, list[float | None]()
        for rate in self._levels(phases):
            samples.append(round(total, 6))
            total += rate * self.step_seconds / 60
        self._add(name, {**labels, **exporter}, samples)

    def gauge(
        self, name: str, labels: dict[str, str], phases: list[Phase], exporter: dict[str, str] = EXPORTER
    ) -> None:
        """Add a gauge; the last phase goes on."""
        self._add(name, {**labels, **exporter}, list(self._levels(phases)))

    def requests(self, phases: list[tuple[float, float, float]], labels: dict[str, str] = SHOP) -> None:
        """Add requests: minutes, requests a minute, share of them that fails."""
        for status_class, share in (("2xx", lambda bad: 1 - bad), ("5xx", lambda bad: bad)):
            rates = [(minutes, rate * share(bad)) for minutes, rate, bad in phases]
            self.counter(names.SERVICE_REQUESTS.name, {**labels, "status_class": status_class}, rates)

    def issue(self, issue: str, noticed: float, events: list[Phase], level: str = "error") -> None:
        """Add an issue that is noticed at a minute; it has no series before."""
        labels = {**SHOP, "issue": issue}
        self.counter(names.ISSUE_EVENTS.name, {**labels, "level": level}, events)
        self.gauge(names.ISSUE_NOTICED.name, labels, [(self.minutes, noticed * 60)])
        self.gauge(names.ISSUE_INFO.name, {**labels, "type": "E", "title": issue, "status": "unresolved"}, [(1, 1)])
        for name in list(self.series)[-3:]:
            self.series[name][: self.at(noticed)] = [None] * self.at(noticed)

    def exporter_down(self, start: float, end: float, instance: str = EXPORTER["instance"]) -> None:
        """Prometheus fails to scrape an exporter: its series end at once, and up is 0."""
        for name, samples in self.series.items():
            if f'instance="{instance}"' in name:
                value = 0.0 if name.startswith("up{") else float("nan")
                samples[self.at(start) : self.at(end)] = [value] * (self.at(end) - self.at(start))

    def prometheus_down(self, start: float, end: float) -> None:
        """Nobody looks: there are no samples at all."""
        for samples in self.series.values():
            samples[self.at(start) : self.at(end)] = [None] * (self.at(end) - self.at(start))

    def input_series(self) -> list[dict[str, str]]:
        """The series in promtool's notation; NaN stands for Prometheus' mark that a series has ended."""
        return [
            {"series": name, "values": " ".join(_text(sample) for sample in samples)}
            for name, samples in self.series.items()
        ]

    def _add(self, name: str, labels: dict[str, str], samples: list[float | None]) -> None:
        self.series[name + label_set(escaped(labels))] = samples

    def _levels(self, phases: list[Phase]) -> list[float]:
        levels = [level for minutes, level in phases for _ in range(int(minutes * 60 / self.step_seconds))]
        return (levels + [phases[-1][1]] * self.steps)[: self.steps]


def _text(sample: float | None) -> str:
    if sample is None:
        return "_"
    return "stale" if sample != sample else f"{sample:.10g}"  # noqa: PLR0124 (what NaN is)
