"""Walk a parsed PromQL expression and say which labels its result carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import promql_parser as promql

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET_LABELS = frozenset({"job", "instance"})
"""Labels that Prometheus adds to every series when it scrapes."""

_OF_CLIENTS = {metric.name: metric for metric in names.CLIENT_CATALOGUE}
"""Pushed through the exporter these have project and environment, scraped from the application they may."""

_KNOWN = {**_OF_CLIENTS, **names.BY_NAME}

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
SET_OPERATORS = frozenset({"and", "or", "unless"})


def nodes(expr: object) -> Iterator[Any]:
    """Yield an expression and everything within it, outermost first."""
    yield expr
    for child in _children(expr):
        yield from nodes(child)


def is_comparison(expr: object) -> bool:
    """Say whether an expression compares and drops what does not hold."""
    return isinstance(expr, promql.BinaryExpr) and str(expr.op) in COMPARISONS and not _returns_bool(expr)


def labels(expr: object, recorded: object) -> frozenset[str]:
    """Return the labels that the result may carry; an unknown series carries none."""
    if isinstance(expr, promql.VectorSelector):
        return selector_labels(str(expr.name), recorded)
    if isinstance(expr, promql.AggregateExpr):
        inner = labels(expr.expr, recorded)
        if expr.modifier is None:
            return frozenset()
        own = frozenset(expr.modifier.labels)
        return inner - own if expr.modifier.type == promql.AggModifierType.Without else inner & own
    if isinstance(expr, promql.BinaryExpr):
        return _binary_labels(expr, recorded)
    if isinstance(expr, promql.Call):
        if expr.func.name in ("absent", "absent_over_time", "vector", "time", "scalar"):
            return frozenset()
        found = frozenset[str]().union(*(labels(argument, recorded) for argument in expr.args))
        if expr.func.name == "label_replace":
            return found | {expr.args[1].val}
        return found - {"le"} if expr.func.name == "histogram_quantile" else found
    return frozenset[str]().union(*(labels(child, recorded) for child in _children(expr)))


def selector_labels(name: str, recorded: Any) -> frozenset[str]:  # noqa: ANN401
    """Return the labels of a series by its name."""
    if name in recorded:
        expr, own = recorded[name]
        found: frozenset[str] = labels(expr, recorded) | own
        return found
    metric = metric_of(name)
    if metric is not None:
        bucket = {"le"} if name.endswith("_bucket") else set()
        scope = set(names.BASE_LABELS) if metric.name in _OF_CLIENTS else set()
        return TARGET_LABELS | set(metric.labels) | bucket | scope
    return TARGET_LABELS if name == "up" else frozenset()


def metric_of(name: str) -> names.Metric | None:
    """Return the metric of the catalogue that a series belongs to."""
    for suffix in ("", "_bucket", "_sum", "_count"):
        metric = _KNOWN.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if metric is not None and (not suffix or metric.kind == "histogram"):
            return metric
    return None


def _binary_labels(expr: Any, recorded: Any) -> frozenset[str]:  # noqa: ANN401
    left, right = labels(expr.lhs, recorded), labels(expr.rhs, recorded)
    operator, matching = str(expr.op), expr.modifier.matching if expr.modifier else None
    if operator == "or":
        return left | right
    if operator in SET_OPERATORS:
        return left
    if _is_scalar(expr.lhs):
        return right
    card = expr.modifier.card if expr.modifier else None
    is_one_to_one = card is None or card == promql.VectorMatchCardinality.OneToOne
    if matching is not None and is_one_to_one and matching.type == promql.LabelModifierType.Include:
        return left & frozenset(matching.labels)
    return left


def _is_scalar(expr: object) -> bool:
    return isinstance(expr, promql.NumberLiteral) or (
        isinstance(expr, promql.Call) and expr.func.name in ("time", "scalar")
    )


def _returns_bool(expr: Any) -> bool:  # noqa: ANN401
    return bool(expr.modifier and expr.modifier.return_bool)


def _children(expr: object) -> list[Any]:
    if isinstance(expr, promql.BinaryExpr):
        return [expr.lhs, expr.rhs]
    if isinstance(expr, promql.Call):
        return list(expr.args)
    if isinstance(expr, promql.MatrixSelector):
        return [expr.vector_selector]
    if isinstance(expr, promql.AggregateExpr):
        return [expr.expr, *([expr.param] if expr.param is not None else [])]
    if isinstance(expr, (promql.ParenExpr, promql.UnaryExpr, promql.SubqueryExpr)):
        return [expr.expr]
    return []
