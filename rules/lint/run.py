"""Lint generated rule files: every problem with the rule that has it and the name of the check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import promql_parser as promql
import yaml

from errtally import names
from errtally.config.duration import parse_duration
from errtally.errors import ErrtallyError
from errtally.rules.lint.expressions import expression_problems
from errtally.rules.lint.tree import is_comparison, labels, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_USED_LABEL = re.compile(r"\$labels\.(\w+)")
_ANNOTATIONS = frozenset({"title", "summary", "description", "value", "threshold", "runbook_url", "dashboard_url"})
_SCRAPES_BEFORE_ABSENT = 2


class LintError(ErrtallyError):
    """The rules have problems; the message lists them."""


def lint(rule_files: Mapping[str, str], scrape_seconds: int) -> list[str]:
    """Return the problems of rule files, one line each: file, rule, check, what is wrong.

    Args:
        rule_files: text of each file by its name.
        scrape_seconds: how often Prometheus scrapes the exporter.
    """
    found, seen = [], set[str]()
    for name, text in rule_files.items():
        for group in yaml.safe_load(text)["groups"]:
            found += [f"{name}: {problem}" for problem in _group_problems(group, scrape_seconds, seen)]
    return found


def _group_problems(group: Mapping[str, Any], scrape_seconds: int, seen: set[str]) -> Iterator[str]:
    recorded: dict[str, tuple[Any, frozenset[str]]] = {}
    for rule in group["rules"]:
        name = rule.get("alert") or rule["record"]
        try:
            expr = promql.parse(rule["expr"])
        except ValueError as exc:
            yield f"{name}: promql/syntax: {exc}"
            continue
        problems = list(expression_problems(expr, recorded, scrape_seconds))
        # Labels tell equal records of two objectives apart; alerts are told apart by their names.
        identity = f"{name} {sorted(rule.get('labels', {}).items()) if 'record' in rule else ''}"
        if identity in seen:
            problems.append("rule/duplicate: there is another rule of this name")
        seen.add(identity)
        if "alert" in rule:
            problems += _alert_problems(rule, expr, recorded, scrape_seconds)
        else:
            recorded[name] = (expr, frozenset(rule.get("labels", {})))
        yield from (f"{name}: {problem}" for problem in dict.fromkeys(problems))


def _alert_problems(rule: Mapping[str, Any], expr: object, recorded: object, scrape_seconds: int) -> Iterator[str]:
    severity = rule["labels"].get("severity")
    wait_seconds = parse_duration(rule.get("for", "0s"))
    calls = {node.func.name for node in nodes(expr) if isinstance(node, promql.Call)}
    if severity not in names.SEVERITIES:
        yield f"alerts/severity: {severity!r} is none of {', '.join(names.SEVERITIES)}"
    if severity != "none" and "absent" not in calls and not any(is_comparison(node) for node in nodes(expr)):
        yield "alerts/comparison: nothing is compared, so the alert fires whenever there are data"
    if "absent" in calls and wait_seconds < _SCRAPES_BEFORE_ABSENT * scrape_seconds:
        yield f"alerts/absent: without `for` of at least {_SCRAPES_BEFORE_ABSENT} scrapes one failed scrape fires it"
    carried = labels(expr, recorded)
    for part in ("labels", "annotations"):
        for key, text in rule[part].items():
            for dead in sorted(set(_USED_LABEL.findall(text)) - carried):
                yield f"alerts/template: {key} uses the label {dead}, which the result does not carry"
            if part == "labels" and "$value" in text:
                yield f"alerts/template: the label {key} holds the value, so each change would be another alert"
    for missing in sorted(_ANNOTATIONS - set(rule["annotations"])):
        yield f"alerts/annotation: has no {missing}"
