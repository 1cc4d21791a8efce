"""No module imports itself by way of others: not for its types, and not when a function runs either."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import errtally

TOP = Path(errtally.__file__).parent
ONE_MACHINE = "errtally.exporter.front."
"""Its files are one state machine: connection, reading, pages and front call each other as requests come."""


def test_no_module_imports_itself_by_way_of_others() -> None:
    names = {_name(path): path for path in _files(TOP)}
    imports = {name: _imports(name, path, names) for name, path in names.items()}
    try:
        order = list(TopologicalSorter(imports).static_order())
    except CycleError as exc:
        message = "a circle of imports: " + " < ".join(exc.args[1])
        raise AssertionError(message) from None
    assert len(order) == len(names)


def _files(folder: Path) -> list[Path]:
    """Files below a folder; those of linked folders as well."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found += _files(path)
        elif path.suffix == ".py":
            found.append(path)
    return found


def _name(path: Path) -> str:
    name = ".".join(("errtally", *path.relative_to(TOP).with_suffix("").parts))
    return name.removesuffix(".__init__")


def _imports(name: str, path: Path, names: dict[str, Path]) -> set[str]:
    """Modules that a module names in its imports, wherever in the file they stand."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: {ast.unparse(node)}"
            found.update(
                member if (member := f"{node.module}.{alias.name}") in names else node.module for alias in node.names
            )
    return {one for one in found if one in names and not (name.startswith(ONE_MACHINE) and one.startswith(ONE_MACHINE))}
