"""YAML that people can read: keys in the order given, expressions as blocks, a head that says where it came from."""

from __future__ import annotations

import yaml


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as literal blocks and never refers back to an equal object (`*id001`)."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (PyYAML's signature)
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(value: object, head: str) -> str:
    """Return ``value`` as YAML below the comment ``head``."""
    body = yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1_000_000, allow_unicode=True)
    return f"# {head}\n\n{body}"
