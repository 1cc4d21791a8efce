"""The one configuration file: YAML, checked against a JSON Schema, every problem reported with its place."""

from errtally.config.document import load, parse

__all__ = ["load", "parse"]
