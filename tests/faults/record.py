"""What an experiment found: a row of the table in docs/reliability.md when `make faults` asks for it."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
START, END = "<!-- experiments -->\n", "<!-- end of experiments -->\n"
_HEAD = (
    "| experiment | rounds | acknowledged | counted | lost | doubled | sent | longest without an answer |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
)
_VARIABLE = "ERRTALLY_FAULTS_FILE"


@dataclass(frozen=True, slots=True)
class Row:
    """One experiment's sums over all its rounds.

    Attributes:
        experiment: what was done, for people.
        rounds: how often.
        acknowledged: events that were answered with success.
        counted: events that the exporter counted; also of requests whose answer was lost.
        lost: acknowledged and not counted.
        doubled: counted twice.
        sent: also what was not acknowledged; 0 where that was not counted.
        silent_seconds: the longest time in which no event was acknowledged, rounded up; 0 where that was not measured.
    """

    experiment: str
    rounds: int
    acknowledged: int
    counted: int
    lost: int
    doubled: int
    sent: int = 0
    silent_seconds: int = 0


def record(row: Row) -> None:
    """Keep a row for the table."""
    if path := os.environ.get(_VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")


def table(rows: list[Row]) -> str:
    """Render the table."""
    lines = [
        f"| {row.experiment} | {row.rounds} | {row.acknowledged:,} | {row.counted:,} | {row.lost} | {row.doubled}"
        f" | {f'{row.sent:,}' if row.sent else ''} | {f'{row.silent_seconds} s' if row.silent_seconds else ''} |\n"
        for row in rows
    ]
    return _HEAD + "".join(lines)


def shown(page: str) -> list[Row]:
    """Read the rows that a page shows."""
    text = page.split(START)[1].split(END, maxsplit=1)[0]
    found = []
    for line in text.splitlines()[2:]:
        name, *numbers = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(Row(name, *(int(re.sub(r"\D", "", number) or 0) for number in numbers)))
    return found


def main(path: str) -> None:
    """Put the rows that were kept in a file into the page; those of experiments that were not run stay."""
    page = PAGE.read_text(encoding="utf-8")
    rows = {row.experiment: row for row in shown(page)}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        row = Row(**json.loads(line))
        rows[row.experiment] = row
    before, rest = page.split(START)
    after = rest.split(END)[1]
    PAGE.write_text(before + START + table(list(rows.values())) + END + after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
