"""Which functions of Go's standard library end in an error; `go_errors.json` is written from its sources."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources


@cache
def _tables() -> tuple[frozenset[str], dict[str, str]]:
    document = json.loads(resources.files(__package__).joinpath("go_errors.json").read_text(encoding="utf-8"))
    return frozenset(document["errors"]), document["results"]


def returns_error(name: str) -> bool:
    """Whether the last result of ``path/of/package.Function`` or ``path/of/package.Type.Method`` is an error."""
    return name in _tables()[0]


def first_result(name: str) -> str:
    """Return the type of a function's first result as ``path/of/package.Type``, "" when it is not one of a package."""
    return _tables()[1].get(name, "")
