"""Tables: one row an issue, service, alert or release, whose cells lead on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally.dashboards.colors import as_text
from errtally.dashboards.panels import panel, thresholds

if TYPE_CHECKING:
    from errtally.dashboards.panels import KindPanel, Options, Query, Size, Steps


_NO_VALUE = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        heading: its name, by which links of the same row find it.
        source: the label shown, or ``Value`` for the query's value, ``Value #B`` for that of the query B of several.
        unit: of a value.
        width: pixels; None shares what is left over.
        links: where a cell leads.
        steps: text colours by value.
        texts: text colours by text.
        decimals: of a value.
        named: what stands for values that are coloured by ``texts``.
    """

    heading: str
    source: str
    unit: str = ""
    width: int | None = None
    links: tuple[Options, ...] = field(default=(), hash=False)
    steps: Steps | None = field(default=None, hash=False)
    texts: dict[str, str] | None = field(default=None, hash=False)
    decimals: int | None = None
    named: dict[str, str] = field(default_factory=dict, hash=False)

    def properties(self) -> list[Options]:
        """Return the settings of the column that differ from the table's."""
        # What stands for the whole table when it is empty would stand in each cell that has no value as well.
        found: dict[str, object] = {"noValue": _NO_VALUE} if self.source.startswith("Value #") else {}
        if self.links:
            found["links"] = list(self.links)
        if self.unit:
            found["unit"] = self.unit
        if self.decimals is not None:
            found["decimals"] = self.decimals
        if self.width is not None:
            found["custom.width"] = self.width
        if self.steps is not None:
            found |= {**thresholds(self.steps), "custom.cellOptions": {"type": "color-text"}}
        if self.texts is not None:
            options = {
                value: {"color": as_text(color), "index": index}
                | ({"text": self.named[value]} if value in self.named else {})
                for index, (value, color) in enumerate(self.texts.items())
            }
            found["mappings"] = [{"type": "value", "options": options}]
            found["custom.cellOptions"] = {"type": "color-text"}
        return [{"id": name, "value": value} for name, value in found.items()]


def table(
    title: str,
    description: str,
    size: Size,
    targets: list[Query],
    *,
    no_value: str,
    columns: list[Column],
    first: tuple[str, bool] | None = None,
) -> KindPanel:
    """Return a table.

    Args:
        title: heading.
        description: what it shows and what to do about it.
        size: columns and lines of the grid.
        targets: instant queries in the format ``table``; the rows of several are joined by their labels.
        no_value: text for no data.
        columns: from left to right.
        first: the heading by which rows are ordered, and whether the largest comes first; None keeps the query's order.
    """
    order = {column.source: index for index, column in enumerate(columns)}
    return panel(
        "table",
        title,
        description,
        size,
        targets,
        unit="string",
        no_value=no_value,
        options={
            "cellHeight": "sm",
            "showHeader": True,
            **({"sortBy": [{"displayName": first[0], "desc": first[1]}]} if first else {}),
        },
        fields={"custom": {"align": "left", "filterable": True, "cellOptions": {"type": "auto"}}},
        overrides=[
            {"matcher": {"id": "byName", "options": column.heading}, "properties": properties}
            for column in columns
            if (properties := column.properties())
        ],
        transformations=[
            *([{"id": "merge", "options": {}}] if len(targets) > 1 else []),
            {"id": "filterFieldsByName", "options": {"include": {"names": list(order)}}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {},
                    "indexByName": order,
                    "renameByName": {column.source: column.heading for column in columns},
                },
            },
        ],
    )
