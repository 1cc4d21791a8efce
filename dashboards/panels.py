"""Panels by grafanalib, with the options that Grafana's present panels know.

grafanalib's own panel classes write options of older panels; its base class, grid and targets are sound. So each kind
is its base class with a kind, options and field settings: one function a kind, which asks for what every panel
must have (title, description, unit, text for no data).
"""

from __future__ import annotations

from typing import Any

import attr
from grafanalib.core import Panel, Target

from errtally import names
from errtally.dashboards.colors import GREY, RED, as_text

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_BARS_A_PAGE = 12
attrs: Any = attr.s
"""Grafanalib builds its classes by attrs but has no types: called by its own name, mypy would see half a class."""

Options = dict[str, Any]
Size = tuple[int, int]
"""Columns and lines of the grid."""
Steps = list[tuple[str, float | None]]
"""Colours from their lower bounds; the first begins at None."""


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
    size = attr.ib(default=(12, 8), type=Size)
    options = attr.ib(factory=dict, type=Options)
    fields = attr.ib(factory=dict, type=Options)
    overrides = attr.ib(factory=list, type=list[Options])

    def to_json_data(self) -> Options:
        """Return the panel as JSON."""
        config = {"defaults": self.fields, "overrides": self.overrides}
        found: Options = self.panel_json({"type": self.kind, "options": self.options, "fieldConfig": config})
        return found


_LAST_VALUE: Options = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def query(expr: str, legend: str = "", *, instant: bool = False, table: str = "time_series", ref: str = "A") -> Query:
    """Return a query; the first one over time of a panel asks for exemplars, where its series carry them."""
    has_exemplars = f"{names.REQUEST_DURATION.name}_bucket" in expr or names.ISSUE_EVENTS.name in expr
    return Query(
        expr=expr,
        legendFormat=legend,
        format=table,
        instant=instant,
        refId=ref,
        datasource=DATASOURCE,
        # Each query of a panel would draw the same ones again.
        exemplar=not instant and table == "time_series" and has_exemplars and ref == "A",
    )


def panel(
    kind: str,
    title: str,
    description: str,
    size: Size,
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
        size=size,
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
    size: Size,
    expr: str,
    *,
    unit: str,
    no_value: str,
    steps: Steps,
    decimals: int | None = None,
    has_trend: bool = True,
    texts: dict[str, str] | None = None,
) -> KindPanel:
    """Return one number with its trend; without a trend it is the number now. ``texts`` stand for values.

    Without data it is a text in grey: the colour of the lowest limit would call it good or bad.
    """
    mappings: list[Options] = [
        {"type": "value", "options": {value: {"text": text, "index": index}}}
        for index, (value, text) in enumerate((texts or {}).items())
    ]
    nothing = {"match": "null+nan", "result": {"text": no_value, "color": as_text(GREY), "index": len(mappings)}}
    mappings.append({"type": "special", "options": nothing})
    return panel(
        "stat",
        title,
        description,
        size,
        [query(expr, title, instant=not has_trend)],
        unit=unit,
        no_value=no_value,
        options={
            "colorMode": "value",
            "graphMode": "area" if has_trend else "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "value",
            "wideLayout": True,
            # Grafana compares with the first point of the range, at which there often was nothing yet.
            "showPercentChange": False,
            "reduceOptions": _LAST_VALUE,
        },
        fields={
            **thresholds(steps),
            **({} if decimals is None else {"decimals": decimals}),
            "mappings": mappings,
        },
    )


def thresholds(steps: Steps) -> Options:
    """Return colours of a number by its value."""
    return {
        "color": {"mode": "thresholds"},
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": as_text(color), "value": value} for color, value in steps],
        },
    }


def time_series(
    title: str,
    description: str,
    size: Size,
    targets: list[Query],
    *,
    unit: str,
    no_value: str = "No data",
    limit: float | None = None,
    stacked: bool = False,
    colors: dict[str, str] | None = None,
    minimum: float | None = 0,
    maximum: float | None = None,
    is_sparse: bool = False,
    is_better_high: bool = False,
    links: list[Options] | None = None,
) -> KindPanel:
    """Return lines over time, or stacked bars; ``limit`` draws the alert's threshold, ``colors`` go by legend.

    ``is_sparse`` shows single points and joins them over steps without a value. ``is_better_high`` says that the lowest
    line is the worst, which stands first in the legend.
    """
    has_total = stacked and unit == "short"
    custom: Options = {
        "drawStyle": "bars" if stacked else "line",
        "lineWidth": 1,
        "fillOpacity": 60 if stacked else 0,
        "showPoints": "always" if is_sparse else "auto",
        "spanNulls": is_sparse,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if limit is not None else "off"},
    }
    fields: Options = {"custom": custom, "color": {"mode": "palette-classic"}}
    if minimum is not None:
        fields["min"] = minimum
    if links:
        fields["links"] = links
    if limit is not None:
        steps = [{"color": "transparent", "value": None}, {"color": RED, "value": limit}]
        fields["thresholds"] = {"mode": "absolute", "steps": steps}
    if maximum is not None:
        fields["max"] = maximum
    return panel(
        "timeseries",
        title,
        description,
        size,
        targets,
        unit=unit,
        no_value=no_value,
        options={
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
                "calcs": ["sum", "max"] if has_total else ["lastNotNull", "mean", "min" if is_better_high else "max"],
                # The worst first.
                "sortBy": "Total" if has_total else "Min" if is_better_high else "Max",
                "sortDesc": not is_better_high,
            },
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


def pie(title: str, description: str, size: Size, target: Query, *, unit: str, no_value: str) -> KindPanel:
    """Return shares of a whole."""
    return panel(
        "piechart",
        title,
        description,
        size,
        [target],
        unit=unit,
        no_value=no_value,
        options={
            "pieType": "donut",
            "displayLabels": ["percent"],
            "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "values": ["value"]},
            "reduceOptions": _LAST_VALUE,
            "tooltip": {"mode": "single", "sort": "none"},
        },
        fields={"color": {"mode": "palette-classic"}},
    )


def bar_gauge(
    title: str, description: str, size: Size, target: Query, *, unit: str, no_value: str, links: list[Options]
) -> KindPanel:
    """Return one bar a series, longest first, each with links."""
    return panel(
        "bargauge",
        title,
        description,
        size,
        [target],
        unit=unit,
        no_value=no_value,
        options={
            "displayMode": "gradient",
            "orientation": "horizontal",
            "valueMode": "text",
            "namePlacement": "top",
            "showUnfilled": True,
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 300,
            "reduceOptions": _LAST_VALUE,
        },
        fields={"color": {"mode": "continuous-YlRd"}, "min": 0, "links": links},
    )


def heatmap(title: str, description: str, size: Size, target: Query, *, unit: str, no_value: str) -> KindPanel:
    """Return the buckets of a histogram over time."""
    return panel(
        "heatmap",
        title,
        description,
        size,
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


def state_timeline(
    title: str, description: str, size: Size, target: Query, *, no_value: str, states: dict[str, str]
) -> KindPanel:
    """Return one bar a series over time, coloured where the series is there.

    Args:
        title: heading.
        description: what it shows and what to do about it.
        size: columns and lines.
        target: a query over time whose values are numbers of ``states``, counted from 1.
        no_value: text for no data.
        states: text of each value and its colour.
    """
    options = {
        str(value): {"text": text, "color": color, "index": value - 1}
        for value, (text, color) in enumerate(states.items(), 1)
    }
    return panel(
        "state-timeline",
        title,
        description,
        size,
        [target],
        unit="none",
        no_value=no_value,
        options={
            "alignValue": "left",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "mergeValues": True,
            # More bars than these stand on further pages, and none is too thin to read.
            "perPage": _BARS_A_PAGE,
            "rowHeight": 0.8,
            "showValue": "never",
            "tooltip": {"mode": "single", "sort": "none"},
        },
        fields={
            "color": {"mode": "fixed", "fixedColor": GREY},
            "custom": {"fillOpacity": 80, "lineWidth": 0},
            "mappings": [{"type": "value", "options": options}],
        },
    )
