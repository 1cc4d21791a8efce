"""Metrics of the answering process and its host, by prometheus_client: they live in no store."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import psutil
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from errtally import names
from errtally.errors import StoreError
from errtally.exporter.metrics import protobuf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

_REAL_FILE_SYSTEMS = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "reiserfs", "jfs", "overlay", "ufs", "apfs"}
)


class HostCollector:
    """CPU, memory and disk of the host, and what the process says of itself.

    Args:
        is_up: tells whether the writer keeps the store current.
        stream_clients: tells how many live streams are open.
        artifact_bytes: tells what uploaded files take on the disk.
    """

    def __init__(
        self, is_up: Callable[[], bool], stream_clients: Callable[[], int], artifact_bytes: Callable[[], int]
    ) -> None:
        self._is_up = is_up
        self._stream_clients = stream_clients
        self._artifact_bytes = artifact_bytes
        psutil.cpu_percent()  # the first call only begins the measurement

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        yield _gauge(names.UP, float(self._is_up()))
        yield _gauge(names.STREAM_CLIENTS, self._stream_clients())
        try:
            stored = float(self._artifact_bytes())
        except StoreError:  # a scrape tells all the rest
            stored = math.nan
        yield _gauge(names.ARTIFACTS_STORED, stored)
        yield _gauge(names.HOST_CPU, psutil.cpu_percent() / 100)
        memory = psutil.virtual_memory()
        yield _gauge(names.HOST_MEMORY, memory.percent / 100)
        disks = _family(names.HOST_DISK_FREE)
        for mountpoint, ratio in _free_ratios().items():
            disks.add_metric([mountpoint], ratio)
        yield disks
        build = _family(names.BUILD_INFO)
        build.add_metric([version("errtally"), platform.python_version()], 1)
        yield build


def registry(
    is_up: Callable[[], bool], stream_clients: Callable[[], int], artifact_bytes: Callable[[], int] = lambda: 0
) -> CollectorRegistry:
    """Make a registry of the process's own metrics; the arguments are those of `HostCollector`."""
    own = CollectorRegistry(auto_describe=False)
    own.register(HostCollector(is_up, stream_clients, artifact_bytes))
    ProcessCollector(registry=own)
    return own


def render(own: CollectorRegistry, *, openmetrics: bool) -> bytes:
    """Render a registry; in OpenMetrics with the end mark, so it comes last."""
    render_registry: Callable[[CollectorRegistry], bytes] = generate_openmetrics if openmetrics else generate_latest
    return render_registry(own)


def render_protobuf(own: CollectorRegistry) -> bytes:
    """Render a registry of gauges and counters as messages of Prometheus' protobuf format."""
    return b"".join([_messages(found) for found in own.collect() if found.samples])


def _messages(found: Metric) -> bytes:
    kind: Literal["counter", "gauge"] = "counter" if found.type == "counter" else "gauge"
    samples = [sample for sample in found.samples if not sample.name.endswith("_created")]
    described = names.Metric(samples[0].name, kind, found.documentation, unit=found.unit)
    return protobuf.family(
        described,
        [
            protobuf.labels(list(sample.labels), list(sample.labels.values()))
            + (protobuf.counter(sample.value, None, 0.0) if kind == "counter" else protobuf.gauge(sample.value))
            for sample in samples
        ],
    )


def _free_ratios() -> dict[str, float]:
    found: dict[str, float] = {}
    for partition in psutil.disk_partitions(all=True):
        if partition.fstype not in _REAL_FILE_SYSTEMS:
            continue
        try:
            usage = psutil.disk_usage(partition.mountpoint)
        except OSError:  # not readable for this user
            continue
        if usage.total:
            found.setdefault(partition.mountpoint, usage.free / usage.total)
    return found


def _family(metric: names.Metric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, labels=list(metric.labels))


def _gauge(metric: names.Metric, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, value=value)
