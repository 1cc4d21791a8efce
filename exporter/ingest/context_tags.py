"""Tags that follow from what a kept event says of its surroundings, under the names that Sentry gives them. Pure.

The names are those of https://docs.sentry.io/concepts/search/searchable-properties/events/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.exporter.ingest import user_agents

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_VALUE = 200
"""Characters of a value, as many as Sentry's."""

_NAMED = ("browser", "os", "client_os", "runtime")
"""Contexts with a name and a version: the tag has both, the one that ends in ``.name`` the name alone."""


def derive(page: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of an event; none for what its client did not say.

    Args:
        page: the event as it is kept, scrubbed; of any shape.
    """
    found: dict[str, str] = {}
    contexts = _mapping(page.get("contexts"))
    if not contexts.get("browser"):
        read = dict(user_agents.contexts(_mapping(page.get("request"))))
        if page.get("platform") != "javascript" and (system := read.pop("os", None)):
            read["client_os"] = system  # what a server runs on is another thing
        contexts = {**read, **contexts}
    for name in _NAMED:
        context = _mapping(contexts.get(name))
        title, version = _text(context.get("name")), _text(context.get("version"))
        if title:
            found[name], found[f"{name}.name"] = f"{title} {version}".rstrip(), title
    device = _mapping(contexts.get("device"))
    family = _text(device.get("family"))
    found["device"], found["device.family"] = _text(device.get("model")) or family, family
    found["server_name"] = _text(page.get("server_name"))
    found["url"] = _text(_mapping(page.get("request")).get("url")).partition("?")[0].partition("#")[0]
    exceptions = page.get("exceptions")
    mechanisms = [_mapping(one.get("mechanism")) for one in exceptions if isinstance(one, dict)] if isinstance(
        exceptions, list
    ) else []  # fmt: skip
    if mechanisms:
        found["mechanism"] = _text(mechanisms[-1].get("type"))
        told = [one["handled"] for one in mechanisms if isinstance(one.get("handled"), bool)]
        if told:
            found["handled"] = "yes" if all(told) else "no"
    return {name: value[:MAX_VALUE] for name, value in found.items() if value}


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 (whatever the client sent)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()
