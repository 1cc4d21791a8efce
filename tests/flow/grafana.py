"""What Grafana does with a dashboard before Prometheus sees it: variables, intervals, and which queries there are."""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]

_SCRAPE_SECONDS = 1
_POINTS = 60
_ANNOTATION_STEP_SECONDS = 5


@dataclass(frozen=True)
class Query:
    """One query of a dashboard, as it is written there."""

    dashboard: str
    place: str
    expr: str
    is_instant: bool
    step_seconds: int


@dataclass(frozen=True)
class Range:
    """The dashboard's time range, in seconds since the epoch."""

    start: float
    end: float

    @property
    def step_seconds(self) -> int:
        """The step of a graph."""
        return max(_SCRAPE_SECONDS, math.ceil((self.end - self.start) / _POINTS))


def panels(dashboard: Json) -> Iterator[Json]:
    """Yield every panel but rows, those inside of collapsed rows among them."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def queries(name: str, dashboard: Json, shown: Range) -> Iterator[Query]:
    """Yield every query of panels and annotations."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            place = f"{panel['title']} [{target['refId']}]"
            yield Query(name, place, target["expr"], target["instant"], shown.step_seconds)
    for mark in dashboard["annotations"]["list"]:
        yield Query(name, f"annotation {mark['name']}", mark["expr"], False, _ANNOTATION_STEP_SECONDS)


def interpolate(expr: str, values: Mapping[str, str], shown: Range, step_seconds: int) -> str:
    """Put in what Grafana puts in for its own variables and the chosen ones."""
    whole = round(shown.end - shown.start)
    own = {
        "__rate_interval": f"{max(step_seconds + _SCRAPE_SECONDS, 4 * _SCRAPE_SECONDS)}s",
        "__interval_ms": str(step_seconds * 1000),
        "__interval": f"{step_seconds}s",
        "__range_s": str(whole),
        "__range": f"{whole}s",
    }
    known = {**own, **values}
    return re.sub(r"\$(\w+)", lambda found: known[found[1]], expr)


class Prometheus:
    """Asks a Prometheus as Grafana's data source does."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer; an error of Prometheus fails with its text."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as exc:
            with exc:
                raise AssertionError(f"{exc.read().decode()}\n{parameters}") from exc

    def instant(self, expr: str, at: float) -> list[Json]:
        """Run an instant query."""
        found: list[Json] = self.ask("query", query=expr, time=f"{at:.3f}")["result"]
        return found

    def over_time(self, expr: str, shown: Range, step_seconds: int) -> list[Json]:
        """Run a range query over the time range, aligned to the step."""
        start, end = (at // step_seconds * step_seconds for at in (shown.start, shown.end))
        data = self.ask("query_range", query=expr, start=str(start), end=str(end), step=str(step_seconds))
        found: list[Json] = data["result"]
        return found

    def series_of(self, query: Query, values: Mapping[str, str], shown: Range) -> list[list[float]]:
        """Return the values of each series that a query gives."""
        expr = interpolate(query.expr, values, shown, query.step_seconds)
        if query.is_instant:
            return [[float(series["value"][1])] for series in self.instant(expr, shown.end)]
        found = self.over_time(expr, shown, query.step_seconds)
        return [[float(value) for _, value in series["values"]] for series in found]

    def variable(self, query: str, values: Mapping[str, str], shown: Range) -> list[str]:
        """Return what a variable offers: label_values() or query_result()."""
        query = interpolate(query, values, shown, _SCRAPE_SECONDS)
        if match := re.fullmatch(r"label_values\((.+), (\w+)\)", query):
            found: list[str] = self.ask(f"label/{match[2]}/values", **{"match[]": match[1]})
            return found
        match = re.fullmatch(r"query_result\((.+)\)", query)
        assert match is not None, query
        return [
            f"{series['metric'].get('__name__', '')}{{"
            + ",".join(f'{name}="{value}"' for name, value in series["metric"].items())
            + "}"
            for series in self.instant(match[1], shown.end)
        ]
