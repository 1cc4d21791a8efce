"""Panels by grafanalib, with the options that Grafana's present panels know.

grafanalib's own panel classes write options of older panels; its base class, grid and targets are sound. So each kind
is its base class with a kind, options and field settings: one function a kind, which asks for what every panel
must have (title, description, unit, text for no data).
"""

from __future__ import annotations

from typing import Any

import attr
from grafanalib.core import GridPos, Panel, RowPanel, Target

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
attrs: Any = attr.s
"""Grafanalib builds its classes by attrs but has no types: called by its own name, mypy would see half a class."""

RED, ORANGE, GREEN, BLUE = "#e02f44", "#ff9830", "#56a64b", "#3274d9"

Options = dict[str, Any]


@attrs
class Query(Target):  # type: ignore[misc] # grafanalib has no types
    """A Prometheus query that may ask for exemplars, which grafanalib's target can't."""

    exemplar = attr.ib(default=False, type=bool)

    def to_json_data(self) -> Options:
        """Return the target as JSON."""
        found: Options = super().to_json_data()
        return {**found, "exemplar": self.exemplar}


@attrs
class KindPanel(Panel):  # type: ignore[misc] # grafanalib has no types
    """A panel of any kind."""

    kind = attr.ib(default="timeseries", type=str)
    options = attr.ib(factory=dict, type=Options)
    fields = attr.ib(factory=dict, type=Options)
    overrides = attr.ib(factory=list, type=list[Options])

    def to_json_data(self) -> Options:
        """Return the panel as JSON."""
        config = {"defaults": self.fields, "overrides": self.overrides}
        found: Options = self.panel_json({"type": self.kind, "options": self.options, "fieldConfig": config})
        return found


def query(expr: str, legend: str = "", *, instant: bool = False, table: str = "time_series", ref: str = "A") -> Query:
    """Return a query; a range query of a histogram's buckets carries exemplars."""
    return Query(
        expr=expr,
        legendFormat=legend,
        format=table,
        instant=instant,
        refId=ref,
        datasource=DATASOURCE,
        exemplar=not instant and "_bucket" in expr and table == "time_series",
    )


def grid(x: int, y: int, width: int, height: int) -> GridPos:
    """Return a place on the grid of 24 columns."""
    return GridPos(height, width, x, y)


def panel(
    kind: str,
    title: str,
    description: str,
    at: GridPos,
    targets: list[Query],
    *,
    unit: str,
    no_value: str,
    options: Options,
    fields: Options | None = None,
    overrides: list[Options] | None = None,
    transformations: list[Options] | None = None,
) -> KindPanel:
    """Return a panel of a kind; ``fields`` adds to unit and text for no data."""
    return KindPanel(
        kind=kind,
        title=title,
        description=description,
        gridPos=at,
        dataSource=DATASOURCE,
        targets=targets,
        options=options,
        fields={"unit": unit, "noValue": no_value, **(fields or {})},
        overrides=overrides or [],
        transformations=transformations or [],
    )


def stat(
    title: str,
    description: str,
    at: GridPos,
    expr: str,
    *,
    unit: str,
    no_value: str,
    steps: list[tuple[str, float | None]],
    decimals: int | None = None,
) -> KindPanel:
    """Return one number with its trend; ``steps`` are colours from their lower bounds, the first from None."""
    return panel(
        "stat",
        title,
        description,
        at,
        [query(expr, title)],
        unit=unit,
        no_value=no_value,
        options={
            "colorMode": "background",
            "graphMode": "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "value",
            "wideLayout": True,
            "showPercentChange": True,
            "percentChangeColorMode": "inverted",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
        fields={**thresholds(steps), **({} if decimals is None else {"decimals": decimals})},
    )


def thresholds(steps: list[tuple[str, float | None]]) -> Options:
    """Return colours by value."""
    return {
        "color": {"mode": "thresholds"},
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": color, "value": value} for color, value in steps],
        },
    }


def time_series(
    title: str,
    description: str,
    at: GridPos,
    targets: list[Query],
    *,
    unit: str,
    no_value: str = "No data",
    limit: float | None = None,
    stacked: bool = False,
    colors: dict[str, str] | None = None,
    maximum: float | None = None,
) -> KindPanel:
    """Return lines over time, or stacked bars; ``limit`` draws the alert's threshold, ``colors`` go by legend."""
    custom: Options = {
        "drawStyle": "bars" if stacked else "line",
        "lineWidth": 1,
        "fillOpacity": 60 if stacked else 10,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if limit is not None else "off"},
    }
    fields: Options = {"custom": custom, "color": {"mode": "palette-classic"}, "min": 0}
    if limit is not None:
        steps = [{"color": "transparent", "value": None}, {"color": RED, "value": limit}]
        fields["thresholds"] = {"mode": "absolute", "steps": steps}
    if maximum is not None:
        fields["max"] = maximum
    return panel(
        "timeseries",
        title,
        description,
        at,
        targets,
        unit=unit,
        no_value=no_value,
        options={
            "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["mean", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        fields=fields,
        overrides=[
            {
                "matcher": {"id": "byName", "options": name},
                "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
            }
            for name, color in (colors or {}).items()
        ],
    )


def pie(title: str, description: str, at: GridPos, target: Query, *, unit: str, no_value: str) -> KindPanel:
    """Return shares of a whole."""
    return panel(
        "piechart",
        title,
        description,
        at,
        [target],
        unit=unit,
        no_value=no_value,
        options={
            "pieType": "donut",
            "displayLabels": ["percent"],
            "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "values": ["value"]},
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "tooltip": {"mode": "single", "sort": "none"},
        },
        fields={"color": {"mode": "palette-classic"}},
    )


def bar_gauge(
    title: str, description: str, at: GridPos, target: Query, *, unit: str, no_value: str, link: Options
) -> KindPanel:
    """Return one bar a series, longest first, each with a link."""
    return panel(
        "bargauge",
        title,
        description,
        at,
        [target],
        unit=unit,
        no_value=no_value,
        options={
            "displayMode": "gradient",
            "orientation": "horizontal",
            "valueMode": "color",
            "namePlacement": "auto",
            "showUnfilled": True,
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 300,
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
        fields={"color": {"mode": "continuous-YlRd"}, "min": 0, "links": [link]},
    )


def heatmap(title: str, description: str, at: GridPos, target: Query, *, unit: str, no_value: str) -> KindPanel:
    """Return the buckets of a histogram over time."""
    return panel(
        "heatmap",
        title,
        description,
        at,
        [target],
        unit="short",
        no_value=no_value,
        options={
            "calculate": False,
            "cellGap": 1,
            "cellValues": {},
            "color": {
                "mode": "scheme",
                "scheme": "YlOrRd",
                "scale": "exponential",
                "exponent": 0.5,
                "steps": 64,
                "fill": "dark-orange",
                "reverse": False,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
        },
    )


def table(
    title: str,
    description: str,
    at: GridPos,
    target: Query,
    *,
    no_value: str,
    columns: dict[str, str],
    links: dict[str, Options] | None = None,
    units: dict[str, str] | None = None,
) -> KindPanel:
    """Return a table.

    Args:
        title: heading.
        description: what it shows and what to do about it.
        at: place on the grid.
        target: an instant query in the format ``table``.
        no_value: text for no data.
        columns: the labels shown, in order, and their headings; ``Value`` is the query's value.
        links: link of a column, by heading.
        units: unit of a column, by heading.
    """
    properties: dict[str, list[Options]] = {}
    for heading, link in (links or {}).items():
        properties.setdefault(heading, []).append({"id": "links", "value": [link]})
    for heading, unit in (units or {}).items():
        properties.setdefault(heading, []).append({"id": "unit", "value": unit})
    return panel(
        "table",
        title,
        description,
        at,
        [target],
        unit="string",
        no_value=no_value,
        options={"cellHeight": "sm", "showHeader": True},
        fields={"custom": {"align": "left", "filterable": True, "cellOptions": {"type": "auto"}}},
        overrides=[
            {"matcher": {"id": "byName", "options": heading}, "properties": found}
            for heading, found in properties.items()
        ],
        transformations=[
            {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {},
                    "indexByName": {name: index for index, name in enumerate(columns)},
                    "renameByName": columns,
                },
            },
        ],
    )


def row(title: str, y: int, panels: list[KindPanel], *, collapsed: bool) -> RowPanel:
    """Return a row; a collapsed one holds its panels until it is opened."""
    return RowPanel(title=title, gridPos=grid(0, y, 24, 1), collapsed=collapsed, panels=panels)
