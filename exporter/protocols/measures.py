"""Counts and values that the client library pushes with a native batch: only metrics of its catalogue are taken."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import msgspec

from errtally import names
from errtally.errors import MalformedError
from errtally.event.signals import Measure
from errtally.exporter.protocols import values
from errtally.exporter.protocols.explanation import explain

if TYPE_CHECKING:
    from errtally.exporter.ingest.submission import Submission

MAX_MEASURES = 1000
"""Of one batch; the client sends fewer."""

_ALLOWED: dict[tuple[str, str], tuple[str, ...]] = {
    (names.RECOVERY_ATTEMPTS.name, "outcome"): names.OUTCOMES,
    (names.RECOVERIES.name, "error_class"): names.ERROR_CLASSES,
    (names.RECOVERIES.name, "outcome"): names.RECOVERY_OUTCOMES,
    (names.BREAKER_CHANGES.name, "state"): names.BREAKER_STATES,
}
"""Values of labels that are not the application's to choose, by metric and label."""


class NativeMeasure(msgspec.Struct):
    """One count or value."""

    name: str
    value: float
    labels: dict[str, str] = {}
    environment: str | None = None
    process: str | None = None


_measure = msgspec.json.Decoder(NativeMeasure)
_OWN_LABELS = {metric.name: metric.labels for metric in names.CLIENT_CATALOGUE}


def add(submission: Submission, sent: list[msgspec.Raw]) -> None:
    """Add measures to a submission; what does not fit is counted and left, it must not cost the events.

    Raises:
        MalformedError: the batch holds nothing else that is right; says what is wrong with the first measure.
    """
    first: str | None = None
    if len(sent) > MAX_MEASURES:
        submission.rejected["bad_measure"] += len(sent) - MAX_MEASURES
    for index, raw in enumerate(sent[:MAX_MEASURES]):
        try:
            submission.measures.append(_decode(raw))
        except MalformedError as exc:
            submission.rejected["bad_measure"] += 1
            first = first or f"measure {index}: {explain(raw, 'measure', str(exc))}"
    if submission.measures:
        submission.items["measure"] = len(submission.measures)
    elif first is not None and not submission.events and not submission.discards:
        raise MalformedError("bad_measure", first)


def _decode(raw: msgspec.Raw) -> Measure:
    try:
        sent = _measure.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedError("bad_measure", str(exc)) from exc
    own = _OWN_LABELS.get(sent.name)
    if own is None:
        raise MalformedError("bad_measure", f"{sent.name!r} is none of {', '.join(_OWN_LABELS)} - at `$.name`")
    if set(sent.labels) != set(own):
        raise MalformedError("bad_measure", f"the labels of {sent.name} are {', '.join(own) or 'none'} - at `$.labels`")
    is_counter = names.PUSHED[sent.name].kind == "counter"
    if not isfinite(sent.value) or abs(sent.value) > values.MAX_QUANTITY or (is_counter and sent.value < 0):
        raise MalformedError("bad_measure", f"a value of {sent.value} - at `$.value`")
    process = values.label(sent.process) or ""
    if not is_counter and not process:
        raise MalformedError("bad_measure", f"{sent.name} needs the process that it is of - at `$.process`")
    return Measure(
        sent.name,
        tuple([_label(sent.name, label, sent.labels[label]) for label in own]),
        sent.value,
        values.label(sent.environment, 64) or "",
        "" if is_counter else process,
    )


def _label(metric: str, label: str, value: str) -> str:
    allowed = _ALLOWED.get((metric, label))
    if allowed is None:
        return values.label(value) or "unnamed"
    if value not in allowed:
        raise MalformedError("bad_measure", f"{value!r} is none of {', '.join(allowed)} - at `$.labels.{label}`")
    return value
