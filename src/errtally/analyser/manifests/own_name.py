"""The name that a manifest gives its own package, by which other packages of the tree depend on it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import PurePosixPath

_POM_OTHERS = re.compile(
    r"<parent>.*?</parent>|<dependenc(?:y|ies)>.*?</dependenc(?:y|ies)>|<plugins?>.*?</plugins?>", re.DOTALL
)
_POM_NAME = re.compile(r"<artifactId>\s*([^<\s]+)\s*</artifactId>")


def own_name(path: str, text: str) -> str:
    """Return the package's name, "" when the manifest does not say; the manifest has parsed."""
    pure = PurePosixPath(path)
    name: object = ""
    match pure.name:
        case "package.json":
            name = json.loads(text).get("name")
        case "pyproject.toml":
            document = tomllib.loads(text)
            poetry = document.get("tool", {}).get("poetry", {})
            name = document.get("project", {}).get("name") or poetry.get("name")
        case "go.mod":
            found = next((line.split() for line in text.splitlines() if line.startswith("module ")), [])
            name = found[1].strip('"') if len(found) > 1 else ""
        case "pom.xml":
            # What is left when the parts are gone that hold artifacts of others.
            match = _POM_NAME.search(_POM_OTHERS.sub("", text))
            name = match[1] if match else ""
        case "build.gradle" | "build.gradle.kts":
            name = f":{pure.parent.name}"
    return name if isinstance(name, str) else ""
