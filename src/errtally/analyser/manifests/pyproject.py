"""Dependencies of pyproject.toml: the project's, its extras', dependency groups', and Poetry's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.analyser.manifests import toml
from errtally.analyser.manifests.lines import line_of
from errtally.analyser.manifests.requirements import requirement_name

if TYPE_CHECKING:
    from collections.abc import Iterator


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and line of each dependency.

    Raises:
        SourceError: the file is not TOML.
    """
    document = toml.read(text)
    project = _table(document, "project")
    lists = [
        project.get("dependencies"),
        *_table(project, "optional-dependencies").values(),
        *_table(document, "dependency-groups").values(),
    ]
    for requirements in lists:
        for requirement in requirements if isinstance(requirements, list) else ():
            if isinstance(requirement, str) and (name := requirement_name(requirement)):
                yield name, line_of(text, requirement)
    poetry = _table(_table(document, "tool"), "poetry")
    groups = [poetry, *(group for group in _table(poetry, "group").values() if isinstance(group, dict))]
    for group in groups:
        for name in _table(group, "dependencies"):
            if name != "python":
                yield name, line_of(text, f"\n{name} ") + 1


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}
