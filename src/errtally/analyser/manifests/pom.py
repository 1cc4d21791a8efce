"""Dependencies of Maven's pom.xml."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from errtally.analyser.sources.read import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield ``group:artifact`` and line of each dependency.

    Expat is told of no external entities and refuses a document type, so a hostile file can't make it grow.

    Raises:
        SourceError: the file is not XML.
    """
    found: list[tuple[str, int]] = []
    path: list[str] = []
    values: dict[str, str] = {}
    parser = expat.ParserCreate()

    def start(name: str, _attributes: dict[str, str]) -> None:
        path.append(name.rsplit(":", 1)[-1])
        if path[-1] == "dependency":
            values.clear()
            values["line"] = str(parser.CurrentLineNumber)

    def end(_name: str) -> None:
        if path.pop() == "dependency" and "artifactId" in values:
            found.append((f"{values.get('groupId', '')}:{values['artifactId']}", int(values["line"])))

    def characters(words: str) -> None:
        if len(path) > 1 and path[-2] == "dependency":
            values[path[-1]] = values.get(path[-1], "") + words.strip()

    def doctype(*_: object) -> None:
        raise SourceError("manifest", "a document type is not expected in a pom.xml", parser.CurrentLineNumber)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as exc:
        raise SourceError("manifest", f"not XML: {exc}", exc.lineno) from exc
    yield from found
