"""From the configuration to the files of this room: alertmanager.yml and the templates that it reads."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from errtally.alertmanager.receivers import receivers
from errtally.alertmanager.routes import inhibit_rules, route
from errtally.config.alerting import alerting
from errtally.generate.files import GENERATED_BY
from errtally.generate.yaml_text import yaml_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.generate.files import Files

CONFIG_FILE = "alertmanager.yml"
_HEAD = GENERATED_BY.format(command="alertmanager build")


def build(document: Mapping[str, Any]) -> Files:
    """Return the generated files by their path.

    Args:
        document: the checked configuration; an empty one gives a valid file that tells nobody.

    Raises:
        ConfigError: the configuration of a channel or a time contradicts itself.
    """
    settings = alerting(document)
    content = {
        "templates": ["templates/*.tmpl"],
        "route": route(settings),
        "inhibit_rules": inhibit_rules(),
        "receivers": receivers(settings),
    }
    return {CONFIG_FILE: yaml_text(content, _HEAD), **_templates()}


def _templates() -> Files:
    folder = resources.files("errtally.alertmanager").joinpath("templates")
    return {
        f"templates/{part.name}": f"{{{{- /* {_HEAD} */ -}}}}\n{part.read_text(encoding='utf-8')}"
        for part in sorted(folder.iterdir(), key=lambda part: part.name)
        if part.name.endswith(".tmpl")
    }
