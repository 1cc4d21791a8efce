"""The Python of a Jupyter notebook, and the line of the file on which each of its lines stands."""

from __future__ import annotations

import json

from errtally.analyser.sources.read import SourceError


def code(source: bytes) -> tuple[str, list[int]]:
    """Return the code cells one after the other, and for each line the line of the notebook's file.

    Commands of the shell and of Jupyter, which begin with ``!``, ``%`` or ``?``, become ``pass``.

    Raises:
        SourceError: the file is not a notebook, or not one of Python.
    """
    text = source.decode("utf-8", "replace")
    try:
        document = json.loads(text)
        cells = document["cells"]
        language = document.get("metadata", {}).get("kernelspec", {}).get("language", "python")
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise SourceError("syntax", f"not a notebook: {type(exc).__name__}: {exc}") from exc
    if language != "python":
        raise SourceError("syntax", f"a notebook of {language}, not of Python")
    rows = text.split("\n")
    at = 0
    lines: list[str] = []
    places: list[int] = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        content = cell.get("source", "")
        found = content if isinstance(content, list) else str(content).splitlines(keepends=True)
        if found and str(found[0]).startswith("%%"):
            continue
        for one in found:
            # Jupyter writes each line of a cell on a line of its own; elsewhere the last place known stays.
            written = json.dumps(one, ensure_ascii=False)
            at = next((row for row in range(at, len(rows)) if written in rows[row]), at)
            lines.append(_plain(str(one).rstrip("\n")))
            places.append(at + 1)
    return "\n".join(lines), places or [1]


def _plain(line: str) -> str:
    words = line.lstrip()
    if words.startswith(("!", "%", "?")):
        return line[: len(line) - len(words)] + "pass"
    return line
