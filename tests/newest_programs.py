"""The newest Prometheus, Alertmanager, VictoriaMetrics, Thanos and Helm, built once into the user's cache, for tests.

`python -m tests.newest_programs` builds them with Go from its module proxy (some 15 minutes on two cores, 4 GB of Go's
own caches), and keeps the definitions of the objects that the chart makes for operators; tests that want one are
skipped, visibly, where it was not built. Prometheus is built
without the discovery of targets in clouds, whose clients are most of its code; Alertmanager's published module lacks
its pages, for which a stand-in is laid beside.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "errtally-tests" / "newest"


@dataclass(frozen=True)
class Module:
    """A module of Go and what of it is built.

    Attributes:
        path: of the module.
        version: newest, or the newest that Go of today's distributions builds.
        programs: packages below the module.
        lacking: files that the module's programs embed and its published form does not have.
        tags: build tags.
    """

    path: str
    version: str
    programs: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    tags: str = ""


MODULES = (
    Module(
        "github.com/prometheus/alertmanager", "latest", ("cmd/alertmanager", "cmd/amtool"), ("ui/app/dist/index.html",)
    ),
    Module("github.com/prometheus/prometheus", "latest", ("cmd/promtool", "cmd/prometheus"), tags="remove_all_sd"),
    Module(
        "github.com/VictoriaMetrics/VictoriaMetrics",
        "v1.151.0",
        ("app/victoria-metrics", "app/vmalert", "app/vmalert-tool"),
    ),
    Module("github.com/thanos-io/thanos", "v0.42.4", ("cmd/thanos",), tags="slicelabels"),
    Module("helm.sh/helm/v3", "v3.22.0", ("cmd/helm",)),
)

DEFINITIONS = (
    ("github.com/prometheus-operator/prometheus-operator", "v0.85.0", "example/prometheus-operator-crd/*.yaml"),
    ("sigs.k8s.io/gateway-api", "v1.4.1", "config/crd/standard/*_httproutes.yaml"),
)
"""Modules that define objects of Kubernetes, and where in them."""


def newest(program: str) -> Path:
    """Return the path of a program that was built, or skip the test."""
    path = CACHE / "bin" / program
    if not path.exists():
        pytest.skip(f"the newest {program} was not built: python -m tests.newest_programs")
    return path


def definitions() -> list[Path]:
    """Return the files that define the objects of operators, or skip the test."""
    found = sorted((CACHE / "definitions").glob("*.yaml"))
    if not found:
        pytest.skip("the definitions of operators' objects were not kept: python -m tests.newest_programs definitions")
    return found


def _go(*arguments: str, folder: Path) -> str:
    go = shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin")
    if go is None:
        sys.exit("Go is not installed")
    environ = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-buildvcs=false -mod=mod -trimpath"}
    done = subprocess.run([go, *arguments], cwd=folder, capture_output=True, text=True, check=False, env=environ)
    if done.returncode:
        sys.exit(f"go {' '.join(arguments)}: {done.stderr[-3000:]}")
    return done.stdout


def build(module: Module) -> None:
    """Build a module's programs that are missing."""
    names = {package: package.rpartition("/")[2] for package in module.programs}
    if all((CACHE / "bin" / name).exists() for name in names.values()):
        return
    (CACHE / "bin").mkdir(parents=True, exist_ok=True)
    found = json.loads(_go("mod", "download", "-json", f"{module.path}@{module.version}", folder=CACHE))
    source = CACHE / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(found["Dir"], source, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(source):
        Path(folder).chmod(0o755)  # Go's own copy can't be written to
    for path in module.lacking:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text("not built")
    version = f"-X github.com/prometheus/common/version.Version={found['Version'].removeprefix('v')}"
    for package, name in names.items():
        print(f"building {name} of {module.path} {found['Version']} ...", flush=True)
        _go(
            "build",
            "-tags",
            module.tags,
            "-ldflags",
            version,
            "-o",
            str(CACHE / "bin" / name),
            f"./{package}",
            folder=source,
        )
    shutil.rmtree(source)


def keep_definitions() -> None:
    """Copy the definitions out of their modules, if they are missing."""
    if (CACHE / "definitions").exists():
        return
    kept = CACHE / "definitions.new"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for module, version, pattern in DEFINITIONS:
        print(f"definitions of {module} {version} ...", flush=True)
        found = json.loads(_go("mod", "download", "-json", f"{module}@{version}", folder=CACHE))
        for path in Path(found["Dir"]).glob(pattern):
            shutil.copyfile(path, kept / path.name)
    kept.rename(CACHE / "definitions")


def main() -> None:
    """Build what is missing; the names of programs, or `definitions`, choose some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="*", help="such as prometheus; all when none is named")
    wanted = set(parser.parse_args().programs)
    for module in MODULES:
        if not wanted or wanted & {package.rpartition("/")[2] for package in module.programs}:
            build(module)
    if not wanted or "definitions" in wanted:
        keep_definitions()


if __name__ == "__main__":
    main()
