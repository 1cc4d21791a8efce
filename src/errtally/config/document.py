"""Read the configuration file and check it; rooms build their own frozen settings from the mapping."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from errtally.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import jsonschema

Document = dict[str, Any]


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the whole file, put together from one schema file a top-level family of keys."""
    properties: dict[str, Any] = {}
    for part in sorted(resources.files("errtally.config").joinpath("schema").iterdir(), key=lambda p: p.name):
        properties |= json.loads(part.read_text(encoding="utf-8"))["properties"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def load(path: Path | None) -> Document:
    """Read and check a configuration file.

    Args:
        path: the YAML file; None stands for an empty file, with which every default applies.

    Raises:
        ConfigError: the file can't be read, is not YAML, or does not fit the schema; lists all problems.
    """
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError([f"{path}: can't be read: {exc}"]) from exc
    return parse(text, str(path))


def parse(text: str, name: str) -> Document:
    """Check the text of a configuration file; ``name`` stands in front of each problem's place.

    Raises:
        ConfigError: the text is not YAML, has a key twice, or does not fit the schema.
    """
    import jsonschema  # noqa: PLC0415 (5 MB that an exporter on its defaults does without)

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        raise ConfigError([f"{place}: not YAML: {getattr(exc, 'problem', None) or exc}"]) from exc
    if node is None or value is None:
        return {}
    problems = [f"{name}:{line}: {path}: the key stands here twice" for path, line in _twice(node, "")]
    for error in sorted(
        jsonschema.Draft202012Validator(schema()).iter_errors(value), key=lambda e: list(map(str, e.absolute_path))
    ):
        problems += [
            f"{name}:{_line(node, list(at.absolute_path))}: {_dotted(at)}: {_message(at)}" for at in _leaves(error)
        ]
    if problems:
        raise ConfigError(problems)
    document: Document = value
    return document


def _leaves(error: jsonschema.ValidationError) -> list[jsonschema.ValidationError]:
    """The errors that say something: of a failed anyOf, the branch that came closest."""
    if not error.context:
        return [error]
    from jsonschema.exceptions import best_match  # noqa: PLC0415 (as above)

    best = best_match([error])
    return [best] if best is not None else [error]


def _dotted(error: jsonschema.ValidationError) -> str:
    text = ""
    for part in error.absolute_path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def _message(error: jsonschema.ValidationError) -> str:
    schema_here = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = sorted(schema_here.get("properties", {}))
        unknown = sorted(str(key) for key in error.instance if key not in known)
        return f"unknown key {', '.join(map(repr, unknown))}; known are {', '.join(known)}"
    if error.validator == "pattern" and (hint := schema_here.get("description")):
        return f"{error.instance!r} is not {hint}"
    return error.message


def _line(node: yaml.Node, path: list[Any]) -> int:
    """The line of the deepest node on the path that is there, counted from 1."""
    line = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            for key, child in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, child
                    break
            else:
                return line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _twice(node: yaml.Node | None, path: str) -> list[tuple[str, int]]:
    """Keys that a mapping has twice: YAML would silently keep the last."""
    found: list[tuple[str, int]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            place = f"{path}.{key.value}" if path else str(key.value)
            if key.value in seen:
                found.append((place, key.start_mark.line + 1))
            seen.add(key.value)
            found += _twice(child, place)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            found += _twice(child, f"{path}[{index}]")
    return found
