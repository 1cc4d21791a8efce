"""JSON Schemas of Grafana's dashboard model, made from the types that Grafana publishes.

They are made when a test asks for them and kept outside of the tree: no text of Grafana's is copied into this project.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

GRAFANA = "13.2.2"
PACKAGES = (f"@grafana/schema@{GRAFANA}", "ts-json-schema-generator@2.4.0", "typescript@5.9.3")
CACHE = Path(os.environ.get("ERRTALLY_SCHEMA_CACHE", Path.home() / ".cache" / f"errtally-grafana-schema-{GRAFANA}"))
KINDS = {
    kind: kind.replace("-", "")
    for kind in ("stat", "timeseries", "table", "bargauge", "piechart", "heatmap", "state-timeline")
}
"""Kind of panel to its folder in the package."""

Schema = dict[str, Any]


class NoPackagesError(Exception):
    """The packages can't be had: no network, or no npm registry."""


def schemas() -> dict[str, Schema]:
    """Return the schemas by name: ``Dashboard``, and ``KIND.Options`` and ``KIND.FieldConfig`` of each kind of panel.

    Raises:
        NoPackagesError: npm can't install the packages.
    """
    types = CACHE / "node_modules/@grafana/schema/dist/types/raw"
    if not (CACHE / "node_modules/typescript").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "package.json").write_text('{"private": true}')
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", *PACKAGES],
            cwd=CACHE, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NoPackagesError(done.stderr[-500:])
    wanted = {"Dashboard": (types / "dashboard/x/types.gen.d.ts", "Dashboard")}
    for kind, folder in KINDS.items():
        source = types / f"composable/{folder}/panelcfg/x/types.gen.d.ts"
        wanted |= {f"{kind}.{name}": (source, name) for name in ("Options", "FieldConfig")}
    return {name: _tolerant(_schema(name, *source)) for name, source in wanted.items()}


def _schema(name: str, source: Path, type_name: str) -> Schema:
    made = CACHE / f"{name}.json"
    if not made.exists():
        generator = CACHE / "node_modules/.bin/ts-json-schema-generator"
        command = [generator, "--no-type-check", "--path", source, "--type", type_name, "-o", made]
        subprocess.run(command, cwd=CACHE, capture_output=True, check=True)
    found: Schema = json.loads(made.read_text())
    return found


def _tolerant(schema: Any) -> Any:
    """Take away what is required: Grafana fills in what a file leaves out."""
    if isinstance(schema, dict):
        kept = {name: value for name, value in schema.items() if not (name == "required" and isinstance(value, list))}
        return {name: _tolerant(value) for name, value in kept.items()}
    if isinstance(schema, list):
        return [_tolerant(value) for value in schema]
    return schema
