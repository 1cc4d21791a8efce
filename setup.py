"""What only a release knows: where the project is published. All else stands in pyproject.toml.

``make dist SOURCE_URL=https://HOST/OWNER/errtally`` puts that address into the package's links, and makes the README's
links and pictures absolute, since an index of packages shows it away from the files beside it. Without the address both
are left as they are.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent


def readme(text: str, source_url: str, version: str) -> str:
    """Return the README with absolute links, in the form that GitHub, GitLab and Gitea know, to a version's files."""

    def absolute(found: re.Match[str]) -> str:
        kind = "raw" if found[1] else "blob"
        return f"{found[1]}[{found[2]}]({source_url}/{kind}/v{version}/{found[3]})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)]+)\)", absolute, text) if source_url else text


def urls(source_url: str, version: str) -> dict[str, str]:
    """Return the package's links; none without an address."""
    files = {
        "Documentation": "docs/index.md",
        "Changelog": "CHANGELOG.md",
        "Security": "docs/security.md",
    }
    pages = {name: f"{source_url}/blob/v{version}/{path}" for name, path in files.items()}
    return {"Source": source_url, **pages} if source_url else {}


if __name__ == "__main__":
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    source_url = os.environ.get("SOURCE_URL", "").rstrip("/")
    setup(
        long_description=readme((ROOT / "README.md").read_text(encoding="utf-8"), source_url, version),
        long_description_content_type="text/markdown",
        project_urls=urls(source_url, version),
    )
