"""Every key and value of the dashboards is one that Grafana's own types know."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from tests.flow import grafana
from tests.flow.grafana_schema import KINDS, schemas

from errtally.dashboards.build import DASHBOARDS, build

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

FILES = build({})
GAPS = {
    "annotations/list/*: a mark's query": (
        "the types of annotations know no Prometheus query; Grafana's data source reads expr, step, titleFormat,"
        " textFormat, tagKeys and useValueForTime from the annotation and expr, interval and refId from its target"
    ),
    "templating/list/*: definition": "what Grafana itself writes beside a query; its list of variables shows it",
}
"""What the types leave out and Grafana reads; each with the reason."""
_MARK_KEYS = {"expr", "step", "titleFormat", "textFormat", "tagKeys", "useValueForTime"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def known() -> dict[str, Json]:
    return schemas()


def _leaves(error: jsonschema.ValidationError) -> Iterator[jsonschema.ValidationError]:
    """The findings of the alternative that fits best."""
    if not error.context:
        yield error
        return
    by_branch: dict[Any, list[jsonschema.ValidationError]] = {}
    for found in error.context:
        by_branch.setdefault(found.schema_path[0], []).append(found)
    for found in min(by_branch.values(), key=len):
        yield from _leaves(found)


def _findings(schema: Json, value: Any, where: str) -> list[str]:
    return [
        f"{where} {'/'.join(map(str, leaf.absolute_path))}: {leaf.message[:200]}"
        for error in jsonschema.Draft7Validator(schema).iter_errors(value)
        for leaf in _leaves(error)
    ]


def _without_gaps(dashboard: Json) -> Json:
    """The dashboard without what `GAPS` says that the types leave out."""
    marks = [
        {**{name: value for name, value in mark.items() if name not in _MARK_KEYS}, "target": {}}
        for mark in dashboard["annotations"]["list"]
    ]
    variables = [
        {name: value for name, value in variable.items() if name != "definition"}
        for variable in dashboard["templating"]["list"]
    ]
    return {**dashboard, "annotations": {"list": marks}, "templating": {"list": variables}}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_fits_grafanas_types(known: dict[str, Json], name: str) -> None:
    dashboard = json.loads(FILES[name])
    found = _findings(known["Dashboard"], _without_gaps(dashboard), "dashboard")
    for panel in grafana.panels(dashboard):
        kind, where = panel["type"], f"{panel['title']}:"
        assert kind in KINDS
        found += _findings(known[f"{kind}.Options"], panel["options"], f"{where} options")
        configs = [panel["fieldConfig"]["defaults"].get("custom", {})]
        configs += [
            {found["id"].removeprefix("custom."): found["value"]}
            for override in panel["fieldConfig"]["overrides"]
            for found in override["properties"]
            if found["id"].startswith("custom.")
        ]
        for config in configs:
            found += _findings(known[f"{kind}.FieldConfig"], config, f"{where} custom")
    assert found == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param("stat.Options", {"colorMode": "rainbow"}, id="a value that there is not"),
        pytest.param("table.Options", {"cellHeigth": "sm"}, id="a key with a slip"),
        pytest.param("Dashboard", {"panels": [], "rows": []}, id="a key of an old model"),
        pytest.param("Dashboard", {"refresh": 30}, id="a wrong type"),
    ],
)
def test_a_dashboard_that_does_not_fit_is_found(known: dict[str, Json], schema: str, value: Json) -> None:
    assert _findings(known[schema], value, "")
