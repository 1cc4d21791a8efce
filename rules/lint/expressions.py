"""Checks of one expression: what it reads, how far a rate looks, what it divides by, what its matchers do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import promql_parser as promql

from errtally.config.duration import format_duration
from errtally.rules.lint.tree import is_comparison, labels, metric_of, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES_IN_A_RATE = 4
"""A rate over fewer scrapes than this has gaps as soon as one scrape fails."""

_OF_PROMETHEUS = frozenset({"up", "ALERTS"})
"""Series that Prometheus writes itself."""

_RATES = frozenset({"rate", "increase", "irate", "delta", "deriv"})
_MATCHES_ALL = frozenset({".*", ".+", ""})


def expression_problems(expr: object, recorded: object, scrape_seconds: int) -> Iterator[str]:
    """Yield what is wrong with an expression, each with the name of its check."""
    for node in nodes(expr):
        if isinstance(node, promql.VectorSelector):
            yield from _selector_problems(node, recorded)
        elif isinstance(node, promql.Call) and node.func.name in _RATES:
            yield from _rate_problems(node, scrape_seconds)
        elif isinstance(node, promql.BinaryExpr):
            yield from _binary_problems(node, recorded)
        elif isinstance(node, promql.AggregateExpr) and str(node.op) in ("topk", "bottomk"):
            yield f"promql/fragile: {node.op} changes its series from one evaluation to the next"


def _selector_problems(node: Any, recorded: Any) -> Iterator[str]:  # noqa: ANN401
    name = str(node.name)
    metric = metric_of(name)
    if name not in recorded and metric is None and name not in _OF_PROMETHEUS:
        yield f"promql/series: nothing exposes {name}, and no rule before this one in its group records it"
    for matcher in node.matchers.matchers:
        is_regex = str(matcher.op).split(".")[-1] in ("Re", "NotRe")
        if is_regex and matcher.value in _MATCHES_ALL:
            yield f"promql/regexp: {matcher.name}=~{matcher.value!r} matches everything"
        elif is_regex and re.fullmatch(r"[\w-]*", matcher.value):
            yield f"promql/regexp: {matcher.name}=~{matcher.value!r} is no regular expression: compare with ="
        if metric is not None and matcher.name not in (*metric.labels, "le", "job", "instance"):
            yield f"promql/series: {name} has no label {matcher.name}"


def _rate_problems(node: Any, scrape_seconds: int) -> Iterator[str]:  # noqa: ANN401
    selector = node.args[0]
    if not isinstance(selector, promql.MatrixSelector):
        return
    seconds = int(selector.range.total_seconds())
    if seconds < SAMPLES_IN_A_RATE * scrape_seconds:
        yield (
            f"promql/rate: {node.func.name} over {format_duration(seconds)} has fewer than {SAMPLES_IN_A_RATE} scrapes"
            f" of {format_duration(scrape_seconds)}"
        )
    metric = metric_of(str(selector.vector_selector.name))
    if metric is not None and metric.kind == "gauge" and node.func.name in ("rate", "increase", "irate"):
        yield f"promql/counter: {metric.name} is a gauge, of which a {node.func.name} means nothing"


def _binary_problems(node: Any, recorded: Any) -> Iterator[str]:  # noqa: ANN401
    if str(node.op) == "/" and not _is_never_zero(node.rhs, recorded):
        yield f"promql/nan: the division by {node.rhs} may be one by zero"
    if is_comparison(node) and all(isinstance(side, promql.NumberLiteral) for side in (node.lhs, node.rhs)):
        yield "promql/impossible: two numbers are compared"
    if str(node.op) == "unless" and node.modifier.matching is None:
        left, right = labels(node.lhs, recorded), labels(node.rhs, recorded)
        if left != right:
            yield f"promql/vector_matching: labels differ about unless: {sorted(left ^ right)}"


def _is_never_zero(expr: Any, recorded: Any) -> bool:  # noqa: ANN401
    if isinstance(expr, promql.NumberLiteral):
        return bool(expr.val)
    if isinstance(expr, promql.ParenExpr):
        return _is_never_zero(expr.expr, recorded)
    if isinstance(expr, promql.Call) and expr.func.name == "vector":
        return _is_never_zero(expr.args[0], recorded)
    if isinstance(expr, promql.VectorSelector) and str(expr.name) in recorded:
        return _is_never_zero(recorded[str(expr.name)][0], recorded)
    return (
        is_comparison(expr) and str(expr.op) == ">" and isinstance(expr.rhs, promql.NumberLiteral) and expr.rhs.val >= 0
    )
