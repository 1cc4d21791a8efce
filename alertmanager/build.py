"""From the configuration to the files of this room: alertmanager.yml and the templates that it reads."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from errtally.alertmanager.inhibition import inhibit_rules
from errtally.alertmanager.operator import alertmanager_config
from errtally.alertmanager.quiet_hours import time_intervals
from errtally.alertmanager.receivers import receivers
from errtally.alertmanager.routes import route
from errtally.config.alerting import alerting
from errtally.generate.files import GENERATED_BY
from errtally.generate.yaml_text import yaml_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.generate.files import Files

Format = Literal["alertmanager", "alertmanagerconfig"]

CONFIG_FILE = "alertmanager.yml"
RESOURCE_FILE = "errtally.alertmanagerconfig.yml"
_HEAD = GENERATED_BY.format(command="alertmanager build")


def build(document: Mapping[str, Any], output: Format = "alertmanager") -> Files:
    """Return the generated files by their path.

    Args:
        document: the checked configuration; an empty one gives a valid file that tells nobody.
        output: ``alertmanager`` gives Alertmanager's own file, ``alertmanagerconfig`` the operator's resource; both
            come with the templates.

    Raises:
        ConfigError: the configuration of a channel or a time contradicts itself, or does not fit the resource.
    """
    settings = alerting(document)
    intervals = time_intervals(settings.quiet_hours)
    content = {
        "templates": ["templates/*.tmpl"],
        **({"time_intervals": intervals} if intervals else {}),
        "route": route(settings),
        "inhibit_rules": inhibit_rules(settings),
        "receivers": receivers(settings),
    }
    if output == "alertmanagerconfig":
        return {RESOURCE_FILE: yaml_text(alertmanager_config(content), _HEAD), **_templates()}
    return {CONFIG_FILE: yaml_text(content, _HEAD), **_templates()}


def _templates() -> Files:
    folder = resources.files("errtally.alertmanager").joinpath("templates")
    return {
        f"templates/{part.name}": f"{{{{- /* {_HEAD} */ -}}}}\n{part.read_text(encoding='utf-8')}"
        for part in sorted(folder.iterdir(), key=lambda part: part.name)
        if part.name.endswith(".tmpl")
    }
