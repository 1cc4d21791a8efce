"""Where panels stand: they flow from left to right over 24 columns, section by section."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grafanalib.core import GridPos, RowPanel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.dashboards.panels import KindPanel

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Section:
    """Panels below a heading; a collapsed section shows them, and asks for their data, when it is opened."""

    title: str
    panels: list[KindPanel]
    is_collapsed: bool = False


@dataclass(slots=True)
class _Flow:
    """The next free place."""

    x: int = 0
    y: int = 0
    line_height: int = 0
    placed: list[KindPanel | RowPanel] = field(default_factory=list)

    def break_line(self) -> None:
        self.y += self.line_height
        self.x = self.line_height = 0

    def place(self, panel: KindPanel) -> None:
        width, height = panel.size
        if self.x + width > COLUMNS:
            self.break_line()
        panel.gridPos = GridPos(height, width, self.x, self.y)
        self.x += width
        self.line_height = max(self.line_height, height)


def flow(parts: Iterable[KindPanel | Section]) -> list[KindPanel | RowPanel]:
    """Give every panel its place, in the order given, and return what stands at the top level."""
    found = _Flow()
    for part in parts:
        if not isinstance(part, Section):
            found.place(part)
            found.placed.append(part)
            continue
        found.break_line()
        heading = RowPanel(title=part.title, gridPos=GridPos(1, COLUMNS, 0, found.y), collapsed=part.is_collapsed)
        found.y += 1
        after_heading = found.y
        for panel in part.panels:
            found.place(panel)
        found.break_line()
        found.placed.append(heading)
        if part.is_collapsed:
            heading.panels = part.panels
            found.y = after_heading
        else:
            found.placed += part.panels
    return found.placed
