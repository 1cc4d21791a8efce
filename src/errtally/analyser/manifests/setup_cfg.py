"""Dependencies of setuptools' setup.cfg, and of a setup.py as far as they stand there as literals."""

from __future__ import annotations

import ast
import configparser
from typing import TYPE_CHECKING

from errtally.analyser.manifests.lines import line_of
from errtally.analyser.manifests.requirements import requirement_name
from errtally.analyser.sources.read import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator


def _parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as exc:
        raise SourceError("manifest", f"not an INI file: {exc}", getattr(exc, "lineno", 0) or 0) from exc
    return parser


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and line of each dependency.

    Raises:
        SourceError: the file is not an INI file.
    """
    parser = _parsed(text)
    lists = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        lists += [value for _, value in parser.items("options.extras_require")]
    for requirements in lists:
        for requirement in requirements.replace(";", " ;").splitlines():
            if name := requirement_name(requirement.strip()):
                yield name, line_of(text, requirement.strip().split(" ;")[0]) or line_of(text, name)


def dependencies_of_setup_py(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and line of each dependency that `setup()` is given as a literal; others are not known."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as exc:
        raise SourceError("manifest", f"not Python: {exc}", getattr(exc, "lineno", 0) or 0) from exc
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"install_requires", "extras_require"}:
            for one in ast.walk(node.value):
                if (
                    isinstance(one, ast.Constant)
                    and isinstance(one.value, str)
                    and (name := requirement_name(one.value))
                ):
                    yield name, one.lineno
