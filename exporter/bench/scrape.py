"""Measure a scrape in process, beside prometheus_client's exposition of the same series in the same run."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from errtally import names
from errtally.exporter.bench.series import Filled
from errtally.exporter.digest.budget import Budget
from errtally.exporter.metrics import exposition
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHANGED_SHARES = (0.01, 0.1)
"""Of the series, before each scrape."""

TARGET_MILLISECONDS = {10_000: 10.0, 100_000: 100.0}
"""Series to the time that a scrape of them may take."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Scrapes of one number of series. Times are CPU time of the one thread, in milliseconds.

    Attributes:
        view_bytes: what a worker holds after the first scrape: lines, what they are made of, and the texts of families.
    """

    series: int
    changed_share: float
    body_bytes: int
    target_milliseconds: float | None
    first_milliseconds: float
    median_milliseconds: float
    worst_milliseconds: float
    openmetrics_milliseconds: float
    gzip_milliseconds: float
    peer_milliseconds: float
    view_bytes: int

    @property
    def first_ratio(self) -> float:
        """How many times as long as an ordinary one the first scrape takes."""
        return self.first_milliseconds / self.median_milliseconds

    @property
    def times_faster(self) -> float:
        """How many times as long the library takes."""
        return self.peer_milliseconds / self.median_milliseconds

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {**asdict(self), "times_faster": self.times_faster, "first_ratio": self.first_ratio}


def measure(
    folder: Path, series: int, *, changed_share: float = CHANGED_SHARES[0], rounds: int = 15, peer_rounds: int = 3
) -> Measurement:
    """Fill a store, and scrape it again and again after a share of the series has changed.

    Args:
        folder: an empty folder for the store.
        series: about how many series.
        changed_share: of the series, before each scrape.
        rounds: scrapes that are measured.
        peer_rounds: expositions by the library that are measured.

    Raises:
        StoreError: the store can't be written or read.
    """
    filled = Filled(folder, series)
    view, now = StoreView(SqliteDatabase(folder), folder, Budget({})), time.time()

    def scrape() -> bytes:
        return view.render(now, openmetrics=False)

    try:
        body, first = timed(scrape)
        view_bytes = _held_bytes(folder, now)
        times, openmetrics_times = [], []
        for _ in range(rounds):
            filled.change(changed_share)
            body, took = timed(scrape)
            times.append(took)
        for _ in range(min(rounds, 5)):
            filled.change(changed_share)
            openmetrics_times.append(timed(lambda: view.render(now, openmetrics=True))[1])
        _, zipped = timed(lambda: exposition.compress(body))
    finally:
        filled.close()
    registry, change = as_library_metrics(body.decode())
    peer_times = []
    # Otherwise it would write, and need, twice as much.
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    try:
        for _ in range(peer_rounds):
            change(changed_share)
            peer_times.append(timed(lambda: generate_latest(registry))[1])
    finally:
        prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
    return Measurement(
        series=sum(not line.startswith(b"#") for line in body.splitlines()),
        changed_share=changed_share,
        body_bytes=len(body),
        target_milliseconds=TARGET_MILLISECONDS.get(series),
        first_milliseconds=first,
        median_milliseconds=statistics.median(times),
        worst_milliseconds=max(times),
        openmetrics_milliseconds=statistics.median(openmetrics_times),
        gzip_milliseconds=zipped,
        peer_milliseconds=statistics.median(peer_times),
        view_bytes=view_bytes,
    )


def _held_bytes(folder: Path, now: float) -> int:
    """Return what a view allocates for a scrape and keeps."""
    tracemalloc.start()
    try:
        view = StoreView(SqliteDatabase(folder), folder, Budget({}))
        view.render(now, openmetrics=False)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def timed(call: Callable[[], bytes]) -> tuple[bytes, float]:
    """Call and return the result with the milliseconds of CPU time that this thread took for it."""
    started = time.thread_time()
    result = call()
    return result, (time.thread_time() - started) * 1000


def as_library_metrics(text: str) -> tuple[CollectorRegistry, Callable[[float], None]]:
    """Make metrics of prometheus_client that have the series and values of a scrape.

    Returns:
        The registry that they are in, and a function that raises a share of the counters by one.
    """
    registry, counters = CollectorRegistry(), list[Counter]()
    for family in text_string_to_metric_families(text):
        metric = names.BY_NAME.get(family.name) or names.BY_NAME[f"{family.name}_total"]
        if metric.kind == "histogram":
            _fill_histogram(Histogram(
                metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets), family.samples
            )  # fmt: skip
            continue
        made = (Counter if metric.kind == "counter" else Gauge)(
            metric.name, metric.help, metric.labels, registry=registry
        )
        for sample in family.samples:
            child = made.labels(**sample.labels) if metric.labels else made
            if isinstance(child, Counter):
                child.inc(sample.value)
                counters.append(child)
            else:
                child.set(sample.value)

    def change(share: float) -> None:
        for counter in counters[:: max(int(1 / share), 1)]:
            counter.inc()

    return registry, change


def _fill_histogram(histogram: Histogram, samples: list[Any]) -> None:
    """Observe every bucket's bound as often as the bucket was hit; samples come bucket by bucket."""
    before = 0.0
    for sample in samples:
        if not sample.name.endswith("_bucket"):
            before = 0.0
            continue
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        child = histogram.labels(**labels) if labels else histogram
        for _ in range(int(sample.value - before)):
            child.observe(float(sample.labels["le"]))
        before = sample.value
