"""Bring grafanalib's output to the model that Grafana reads today without a migration.

grafanalib writes schema version 12 with keys that have been dropped since. What a key means has not changed, so this
step keeps the keys that are known today, moves the few that moved, and states the version. Migrations of Grafana
only look at files of a lower version, so nothing else would put old shapes right.
"""

from __future__ import annotations

from typing import Any

SCHEMA_VERSION = 42
"""The newest version of the classic model, the only one that file provisioning takes."""

_DASHBOARD_KEYS = (
    "uid", "title", "description", "tags", "timezone", "editable", "graphTooltip", "time", "timepicker", "refresh",
    "schemaVersion", "version", "panels", "templating", "annotations", "links",
)  # fmt: skip
_PANEL_KEYS = (
    "id", "type", "title", "description", "gridPos", "datasource", "targets", "options", "fieldConfig",
    "transformations", "links", "interval", "maxDataPoints", "collapsed", "panels",
)  # fmt: skip
_ROW_KEYS = ("id", "type", "title", "gridPos", "collapsed", "panels")
_TARGET_KEYS = ("refId", "expr", "legendFormat", "format", "instant", "exemplar", "interval", "datasource", "hide")
_VARIABLE_KEYS = (
    "name", "type", "label", "query", "datasource", "regex", "refresh", "sort", "multi", "includeAll", "allValue",
    "current", "options", "hide",
)  # fmt: skip
_REFRESH_ON_TIME_RANGE = 2

Json = dict[str, Any]


def modern(dashboard: Json) -> Json:
    """Return grafanalib's dashboard in today's model; the argument stays as it is."""
    found = _only(_without_none(dashboard), _DASHBOARD_KEYS)
    found["schemaVersion"] = SCHEMA_VERSION
    found["graphTooltip"] = 1 if dashboard.get("sharedCrosshair") else 0
    found["timepicker"] = _time_picker(found["timepicker"])
    found["panels"] = [_panel(panel) for panel in found["panels"]]
    found["templating"] = {"list": [_variable(variable) for variable in found["templating"]["list"]]}
    return found


def _time_picker(picker: Json) -> Json:
    ranges = [
        {"display": f"Last {option}", "from": f"now-{option}", "to": "now"} for option in picker.get("time_options", [])
    ]
    return {"refresh_intervals": picker.get("refresh_intervals", []), "quick_ranges": ranges}


def _panel(panel: Json) -> Json:
    found = _only(panel, _PANEL_KEYS)
    if found["type"] == "row":
        found["panels"] = [_panel(child) for child in found.get("panels", [])]
        return _only(found, _ROW_KEYS)
    found["targets"] = [_target(target) for target in found["targets"]]
    defaults = found["fieldConfig"]["defaults"]
    if steps := defaults["thresholds"]["steps"]:
        steps[0]["value"] = None  # minus infinity; left out above because it is null
    else:
        del defaults["thresholds"]
    return found


def _target(target: Json) -> Json:
    instant = target.get("instant", False)
    return {**_only(target, _TARGET_KEYS), "instant": instant, "range": not instant, "editorMode": "code"}


def _variable(variable: Json) -> Json:
    found = _only(variable, _VARIABLE_KEYS)
    found["current"] = {key: value for key, value in found.get("current", {}).items() if key != "tags"}
    if found["type"] == "query":
        found["refresh"] = _REFRESH_ON_TIME_RANGE
        found["definition"] = found["query"]
        found["query"] = {"query": found["query"], "refId": f"variable-{found['name']}"}
    return found


def _only(values: Json, keys: tuple[str, ...]) -> Json:
    return {key: value for key, value in values.items() if key in keys}


def _without_none(value: object) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        return {key: _without_none(child) for key, child in value.items() if child is not None}
    if isinstance(value, list):
        return [_without_none(child) for child in value]
    return value
