"""Write `go_errors.json` of the analyser from the sources of Go's standard library: run it for a new release of Go.

python docs/build_go_errors.py "$(go env GOROOT)"
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from errtally.analyser.syntax.go_package import receiver_of, result_types
from errtally.analyser.syntax.tree import TreeFile, string_value, text, walk

_OUT = Path(__file__).parents[1] / "src/errtally/analyser/libraries/go_errors.json"
_KINDS = ("function_declaration", "method_declaration", "import_spec", "type_spec")
_LEFT_OUT = {"internal", "vendor", "cmd", "testdata", "builtin"}


def tables(root: Path) -> dict[str, object]:
    """Return the names that end in an error, and the types of first results.

    Args:
        root: of the Go distribution.
    """
    errors: set[str] = set()
    results: dict[str, str] = {}
    sources = root / "src"
    for path in sorted(sources.rglob("*.go")):
        relative = path.relative_to(sources)
        if _LEFT_OUT & set(relative.parts) or path.name.endswith("_test.go"):
            continue
        package = relative.parent.as_posix()
        file = TreeFile(relative.as_posix(), "go", "go", path.read_bytes(), _KINDS)
        imports = {name.rsplit("/", 1)[-1]: name for one in file.nodes("import_spec")
                   if (name := string_value(one.child_by_field_name("path")))}  # fmt: skip
        for node in file.nodes("function_declaration", "method_declaration"):
            name = text(node.child_by_field_name("name"))
            receiver = node.child_by_field_name("receiver")
            kind = receiver_of(receiver)[1] if receiver is not None else ""
            if not name[:1].isupper() or (receiver is not None and not kind[:1].isupper()):
                continue
            full = f"{package}.{kind}.{name}" if kind else f"{package}.{name}"
            kinds = result_types(node)
            if kinds and kinds[-1] == "error":
                errors.add(full)
            if kinds and not kind and (found := _full(kinds[0], package, imports)):
                results[full] = found
        for node in file.nodes("type_spec"):
            errors |= _of_interface(node, package)
    return {"errors": sorted(errors), "results": dict(sorted(results.items()))}


def _of_interface(node: object, package: str) -> set[str]:
    kind = node.child_by_field_name("type")  # type: ignore[attr-defined]
    name = text(node.child_by_field_name("name"))  # type: ignore[attr-defined]
    if kind is None or kind.type != "interface_type" or not name[:1].isupper():
        return set()
    methods = [one for one in walk(kind) if one.type == "method_elem"]
    return {
        f"{package}.{name}.{text(one.child_by_field_name('name'))}"
        for one in methods
        if (kinds := result_types(one)) and kinds[-1] == "error"
    }


def _full(kind: str, package: str, imports: dict[str, str]) -> str:
    owner, _, name = kind.partition(".")
    if not name:
        return f"{package}.{kind}" if kind[:1].isupper() and kind.isidentifier() else ""
    return f"{imports[owner]}.{name}" if owner in imports and name.isidentifier() else ""


if __name__ == "__main__":
    _OUT.write_text(json.dumps(tables(Path(sys.argv[1])), indent=0) + "\n", encoding="utf-8")
