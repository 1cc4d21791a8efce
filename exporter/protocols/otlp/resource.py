"""What a resource says of its service: environment, release, host, language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.exporter.protocols import values

if TYPE_CHECKING:
    from errtally.exporter.protocols.otlp.model import Attributes

_TAGS = ("service.name", "service.namespace", "service.instance.id")


@dataclass(frozen=True, slots=True)
class Service:
    """One observed service, by the semantic conventions of resources."""

    name: str | None
    instance: str | None
    environment: str
    release: str | None
    host: str | None
    platform: str | None
    tags: dict[str, str]
    attributes: Attributes


def service_of(attributes: Attributes) -> Service:
    """Read a resource's attributes; a language that is not named is told from the stack trace later."""
    # The older name of the environment is deprecated, and still sent by most.
    environment = attributes.get("deployment.environment.name", attributes.get("deployment.environment"))
    return Service(
        name=values.label(attributes.get("service.name")),
        instance=values.label(attributes.get("service.instance.id")),
        environment=values.label(environment, 64) or "",
        release=values.label(attributes.get("service.version")),
        host=values.label(attributes.get("host.name")),
        platform=values.platform(attributes.get("telemetry.sdk.language")),
        tags={name: shown for name in _TAGS if (shown := values.label(attributes.get(name)))},
        attributes=attributes,
    )


def first(attributes: Attributes, *names: str) -> Any:  # noqa: ANN401 (an attribute's value)
    """Return the first attribute that is there, under its name of today or an older one."""
    for name in names:
        if (value := attributes.get(name)) is not None:
            return value
    return None
