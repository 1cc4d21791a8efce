"""One metric family as lines of the exposition formats: label prefixes are rendered once, values when they change.

Formats: Prometheus text format 0.0.4 and OpenMetrics 1.0, whose sample lines are the same but for exemplars, and
Prometheus' protobuf format, which also tells since when a series counts.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from errtally.exporter.digest.buckets import OF_CATALOGUE, SUM
from errtally.exporter.metrics import protobuf

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from errtally.exporter.digest.changes import Exemplar
    from errtally.names import Metric

MAX_EXEMPLAR_CHARACTERS = 128
"""OpenMetrics 1.0: the combined length of an exemplar's label names and values."""


def escape(value: str) -> str:
    """Escape a label value."""
    if "\\" in value or '"' in value or "\n" in value:
        value = value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return value


def labels_text(names: Sequence[str], values: Sequence[str]) -> str:
    """Render labels with braces, "" without any."""
    if not names:
        return ""
    return "{" + ",".join([f'{name}="{escape(value)}"' for name, value in zip(names, values, strict=True)]) + "}"


def _form(start: str, names: Sequence[str]) -> str:
    """Return what `_filled` fills: the beginning of a line, with a place for each label's value."""
    return start + ("{" + ",".join([f'{name}="%s"' for name in names]) + "} " if names else " ")


def _filled(form: str, values: tuple[str, ...]) -> str:
    """Fill label values in, escaped; nearly none of them has anything to escape."""
    together = "".join(values)
    if "\\" in together or '"' in together or "\n" in together:
        values = tuple([escape(value) for value in values])
    return form % values


def number_text(value: float) -> str:
    """Render a number: whole ones without a point, infinite ones as Prometheus writes them."""
    try:
        whole = int(value)
    except (OverflowError, ValueError):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"  # noqa: PLR0124 (what NaN is)
    return str(whole) if value == whole and -1e15 < value < 1e15 else repr(value)  # noqa: PLR2004 (exact as float)


def exemplar_text(exemplar: Exemplar) -> str:
    """Render an exemplar."""
    labels = exemplar.labels
    text = labels_text([name for name, _ in labels], [value for _, value in labels]) or "{}"
    return f" # {text} {number_text(exemplar.value)} {exemplar.timestamp:.3f}"


def fitting(exemplar: Exemplar) -> Exemplar:
    """Return an exemplar as OpenMetrics allows it: one that is too long loses its last labels."""
    labels = list(exemplar.labels)
    while sum(len(name) + len(value) for name, value in labels) > MAX_EXEMPLAR_CHARACTERS:
        labels.pop()
    return replace(exemplar, labels=tuple(labels))


class Family:
    """The series of one metric that is a counter or a gauge.

    Lines stand in a list, so that a value that changed costs one look for its labels, and a family with many series is
    joined as it stands. Prometheus does not mind their order.
    """

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self._form = _form(metric.name, metric.labels)
        self._places: dict[tuple[str, ...], int] = {}
        self._labels: list[tuple[str, ...]] = []
        self._prefixes: list[bytes] = []
        self._lines: list[bytes] = []
        self._exemplars: dict[tuple[str, ...], Exemplar] = {}
        self._created: dict[tuple[str, ...], float] = {}
        self._messages: dict[tuple[str, ...], bytes] = {}
        self._text: bytes | None = None
        self._openmetrics: bytes | None = None

    def put(
        self, labels: tuple[str, ...], value: float, exemplar: Exemplar | None = None, created: float = 0.0
    ) -> None:
        """Set a series' value; ``created`` is since when a counter counts, 0 where that is not known."""
        place = self._places.get(labels)
        if place is None:
            place = self._places[labels] = len(self._lines)
            self._labels.append(labels)
            self._prefixes.append(_filled(self._form, labels).encode())
            self._lines.append(b"")
        line = self._prefixes[place] + number_text(value).encode()
        if exemplar is not None:
            self._exemplars[labels] = fitting(exemplar)
        elif self._lines[place] == line:
            return
        if created:
            self._created[labels] = created
        self._lines[place] = line
        if self._messages:
            self._messages.pop(labels, None)
        self._text = self._openmetrics = None

    def drop(self, labels: tuple[str, ...]) -> None:
        """Remove a series; the last one takes its place."""
        for kept in (self._exemplars, self._created, self._messages):
            kept.pop(labels, None)
        place = self._places.pop(labels, None)
        if place is None:
            return
        last, prefix, line = self._labels.pop(), self._prefixes.pop(), self._lines.pop()
        if last != labels:
            self._places[last] = place
            self._labels[place], self._prefixes[place], self._lines[place] = last, prefix, line
        self._text = self._openmetrics = None

    def clear(self) -> None:
        """Remove all series."""
        for kept in (self._places, self._exemplars, self._created, self._messages):
            kept.clear()
        for listed in (self._labels, self._prefixes, self._lines):
            listed.clear()
        self._text = self._openmetrics = None

    def render(self, *, openmetrics: bool) -> bytes:
        """Render the family with its head; b"" without series."""
        if not self._lines:
            return b""
        if not openmetrics:
            if self._text is None:
                self._text = head(self.metric, openmetrics=False) + b"\n".join(self._lines) + b"\n"
            return self._text
        if self._openmetrics is None:
            if self._exemplars:
                shown = {key: exemplar_text(exemplar).encode() for key, exemplar in self._exemplars.items()}
                lines = b"\n".join(
                    [line + shown.get(key, b"") for key, line in zip(self._labels, self._lines, strict=True)]
                )
            else:
                lines = b"\n".join(self._lines)
            self._openmetrics = head(self.metric, openmetrics=True) + lines + b"\n"
        return self._openmetrics

    def render_protobuf(self) -> bytes:
        """Render the family as a message after its length; b"" without series."""
        for labels in self._places.keys() - self._messages.keys():
            self._messages[labels] = self._message(labels)
        return protobuf.family(self.metric, [self._messages[labels] for labels in self._labels])

    def __len__(self) -> int:
        return len(self._lines)

    def _message(self, labels: tuple[str, ...]) -> bytes:
        place = self._places[labels]
        value = float(self._lines[place][len(self._prefixes[place]) :])
        shown = protobuf.labels(self.metric.labels, labels)
        if self.metric.kind == "gauge":
            return shown + protobuf.gauge(value)
        return shown + protobuf.counter(value, self._exemplars.get(labels), self._created.get(labels, 0.0))


class HistogramFamily:
    """The series of one histogram, which come as counts of single buckets and a sum.

    All have the same buckets, or quantiles over several of them would be wrong. A bound that comes later adds a bucket
    to all; it begins with what was counted in lower ones, and grows right from then on.
    """

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self._buckets = OF_CATALOGUE[metric.name]
        self._counts: dict[tuple[str, ...], dict[str, float]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        self._exemplars: dict[tuple[str, ...], dict[str, Exemplar]] = {}
        self._created: dict[tuple[str, ...], float] = {}
        self._messages: dict[tuple[str, ...], bytes] = {}
        self._blocks: dict[tuple[str, ...], tuple[bytes, bytes]] = {}
        self._prefixes: dict[tuple[str, ...], tuple[list[str], str, str]] = {}
        self._stale: set[tuple[str, ...]] = set()

    def extend(self, bounds: Iterable[float]) -> None:
        """Add buckets for bounds that have none."""
        buckets = self._buckets.with_bounds(bounds)
        if buckets is not self._buckets:
            self._buckets = buckets
            self._prefixes.clear()
            self._messages.clear()
            self._stale.update(self._counts)

    def put(
        self,
        labels: tuple[str, ...],
        part: str,
        value: float,
        exemplar: Exemplar | None = None,
        created: float = 0.0,
    ) -> None:
        """Set the count of one bucket (``part`` is its upper bound) or the sum; ``created`` as in `Family.put`."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = {}
        if part == SUM:
            self._sums[labels] = value
        else:
            if part not in self._buckets.parts:
                self.extend([float(part)])
            counts[part] = value
            if exemplar is not None:
                self._exemplars.setdefault(labels, {})[part] = fitting(exemplar)
        if created:
            # Of all its parts: the histogram is as old as its first one.
            self._created[labels] = min(created, self._created.get(labels, created))
        self._messages.pop(labels, None)
        self._stale.add(labels)

    def drop(self, labels: tuple[str, ...]) -> None:
        """Remove a series."""
        for kept in self._memos():
            kept.pop(labels, None)
        self._stale.discard(labels)

    def clear(self) -> None:
        """Remove all series."""
        for kept in self._memos():
            kept.clear()
        self._stale.clear()

    def render(self, *, openmetrics: bool) -> bytes:
        """Render the family with its head; b"" without series."""
        for labels in self._stale:
            self._blocks[labels] = self._block(labels)
        self._stale.clear()
        if not self._blocks:
            return b""
        return head(self.metric, openmetrics=openmetrics) + b"".join(
            [block[1 if openmetrics else 0] for block in self._blocks.values()]
        )

    def render_protobuf(self) -> bytes:
        """Render the family as a message after its length; b"" without series."""
        for labels in self._counts.keys() - self._messages.keys():
            self._messages[labels] = self._message(labels)
        return protobuf.family(self.metric, [self._messages[labels] for labels in self._counts])

    def __len__(self) -> int:
        return len(self._counts)

    def _memos(self) -> tuple[dict[tuple[str, ...], Any], ...]:
        return (
            self._counts, self._sums, self._exemplars, self._created, self._messages, self._blocks, self._prefixes
        )  # fmt: skip

    def _cumulative(self, labels: tuple[str, ...]) -> list[float]:
        counts = self._counts[labels]
        return list(accumulate([counts.get(part, 0.0) for part in self._buckets.parts]))

    def _message(self, labels: tuple[str, ...]) -> bytes:
        exemplars = self._exemplars.get(labels, {})
        buckets = [
            (float(part), count, exemplars.get(part))
            for part, count in zip(self._buckets.parts, self._cumulative(labels), strict=True)
        ]
        content = protobuf.histogram(buckets, self._sums.get(labels, 0.0), self._created.get(labels, 0.0))
        return protobuf.labels(self.metric.labels, labels) + content

    def _block(self, labels: tuple[str, ...]) -> tuple[bytes, bytes]:
        parts, prefixes = self._buckets.parts, self._prefixes.get(labels)
        if prefixes is None:
            name = self.metric.name
            shown = _filled(_form("", self.metric.labels), labels)
            inner = shown[1:-2] + "," if self.metric.labels else ""
            buckets = [f'{name}_bucket{{{inner}le="{bound}"}} ' for bound in parts]
            prefixes = self._prefixes[labels] = (buckets, f"{name}_sum{shown}", f"{name}_count{shown}")
        buckets, sum_prefix, count_prefix = prefixes
        cumulative = [number_text(count) for count in self._cumulative(labels)]
        tail = f"{sum_prefix}{number_text(self._sums.get(labels, 0.0))}\n{count_prefix}{cumulative[-1]}\n"
        plain = "".join([f"{prefix}{count}\n" for prefix, count in zip(buckets, cumulative, strict=True)]) + tail
        found = self._exemplars.get(labels)
        if not found:
            # The same bytes in both formats, kept once.
            encoded = plain.encode()
            return encoded, encoded
        exemplars = {part: exemplar_text(exemplar) for part, exemplar in found.items()}
        rich = "".join(
            [
                f"{prefix}{count}{exemplars.get(part, '')}\n"
                for part, prefix, count in zip(parts, buckets, cumulative, strict=True)
            ]
        )
        return plain.encode(), (rich + tail).encode()


def head(metric: Metric, *, openmetrics: bool) -> bytes:
    """Render HELP, TYPE and, for OpenMetrics, UNIT."""
    name = metric.family if openmetrics else metric.name
    text = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    lines = f"# HELP {name} {text}\n# TYPE {name} {metric.kind}\n"
    if openmetrics and metric.unit:
        lines += f"# UNIT {name} {metric.unit}\n"
    return lines.encode()
