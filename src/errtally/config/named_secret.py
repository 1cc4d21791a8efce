"""A secret that Alertmanager needs: in a file that it reads, or written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A secret, better named by the file that holds it than written down.

    Attributes:
        file: path that Alertmanager reads; goes before the value.
        value: the secret itself, or "".
    """

    file: str = ""
    value: str = ""

    def __bool__(self) -> bool:
        return bool(self.file or self.value)

    def keys(self, name: str) -> dict[str, str]:
        """Return the one key of Alertmanager's configuration for this secret: ``name`` or ``name_file``."""
        if self.file:
            return {f"{name}_file": self.file}
        return {name: self.value} if self.value else {}


def named_secret(
    values: Mapping[str, Any], place: str, key: str, problems: list[str], *, required: bool = True
) -> NamedSecret:
    """Read the keys ``key`` and ``key_file`` of a checked mapping, which stands at ``place``."""
    secret = NamedSecret(values.get(f"{key}_file", ""), values.get(key, ""))
    if required and not secret:
        problems.append(f"{place}: needs {key}_file (better) or {key}")
    if secret.file and secret.value:
        problems.append(f"{place}: has {key} and {key}_file; only one can hold")
    return secret
