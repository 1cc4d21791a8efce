"""JSON Schemas of Grafana's dashboard model, made from the types that Grafana publishes.

They are made when a test asks for them and kept outside of the tree: no text of Grafana's is copied into this project.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.npm_packages import alone, installed

if TYPE_CHECKING:
    from pathlib import Path

GRAFANA = "13.2.2"
PACKAGES = (f"@grafana/schema@{GRAFANA}", "ts-json-schema-generator@2.4.0", "typescript@5.9.3")
KINDS = {
    kind: kind.replace("-", "")
    for kind in ("stat", "timeseries", "table", "bargauge", "piechart", "heatmap", "state-timeline")
}
"""Kind of panel to its folder in the package."""

Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """Return the schemas by name: ``Dashboard``, ``KIND.Options`` and ``KIND.FieldConfig`` of each kind of panel."""
    packages = installed(*PACKAGES)
    types = packages / "node_modules/@grafana/schema/dist/types/raw"
    wanted = {"Dashboard": (types / "dashboard/x/types.gen.d.ts", "Dashboard")}
    for kind, folder in KINDS.items():
        source = types / f"composable/{folder}/panelcfg/x/types.gen.d.ts"
        wanted |= {f"{kind}.{name}": (source, name) for name in ("Options", "FieldConfig")}
    with alone(f"grafana-schema-{GRAFANA}") as folder:
        folder.mkdir(exist_ok=True)
        return {name: _tolerant(_schema(folder / f"{name}.json", packages, *source)) for name, source in wanted.items()}


def _schema(made: Path, packages: Path, source: Path, type_name: str) -> Schema:
    if not made.exists():
        draft = made.with_suffix(".draft")
        generator = packages / "node_modules/.bin/ts-json-schema-generator"
        command = [generator, "--no-type-check", "--path", source, "--type", type_name, "-o", draft]
        subprocess.run(command, cwd=packages, capture_output=True, check=True)
        draft.rename(made)
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
