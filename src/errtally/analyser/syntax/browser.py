"""Whether a file of JavaScript runs in a browser, where a rejection that nobody takes is a line in the console.

In Node.js the same rejection ends the process.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.syntax.javascript import imported_modules, libraries

if TYPE_CHECKING:
    from errtally.analyser.syntax.tree import TreeFile

_SUFFIXES = {".tsx", ".jsx", ".vue", ".svelte", ".astro", ".html", ".htm"}
_FOLDERS = {"frontend", "front-end", "client", "ui", "web", "webapp", "static", "public", "www", "browser"}
_FRAMEWORKS = {"react", "react-dom", "vue", "svelte", "preact", "angular", "jquery", "mobx", "pinia", "vue-router"}
_DRAWING = {"vue", "react-dom", "svelte", "preact", "@angular/core", "react-native"}
_SERVING = {
    "express", "fastify", "koa", "@nestjs/core", "@hapi/hapi", "next", "nuxt", "@remix-run/node", "hono", "restify",
    "@sveltejs/kit", "electron", "socket.io", "apollo-server", "@apollo/server", "@trpc/server", "pg", "@prisma/client",
}  # fmt: skip
_MENTIONS = re.compile(rb"\b(?:window|document|navigator)\.[a-zA-Z]|\$scope\b|\bangular\.module\(|\bjQuery\b|\$q\b")
_SERVER = {
    "fs", "http", "https", "http2", "net", "tls", "os", "child_process", "cluster", "worker_threads", "dgram", "path",
    "fs/promises", "process",
}  # fmt: skip
"""Modules of Node.js that no bundler brings to a browser."""


def is_browser(file: TreeFile) -> bool:
    """Whether a file's suffix, imports, folder or words say that a visitor runs it; an import of Node.js says no."""
    modules = [name.removeprefix("node:") for name, _ in imported_modules(file)]
    if not _SERVER.isdisjoint(modules) or any(library.part == "server" for library in libraries(file)):
        return False
    pure = PurePosixPath(file.path)
    if pure.suffix.lower() in _SUFFIXES or not _FOLDERS.isdisjoint(part.lower() for part in pure.parts[:-1]):
        return True
    if any(name in _FRAMEWORKS or name.startswith("@angular/") for name in modules):
        return True
    return _MENTIONS.search(file.source) is not None or _is_of_drawing_package(file)


def _is_of_drawing_package(file: TreeFile) -> bool:
    """Whether the nearest package of the tree above a file asks for what draws pages, and for nothing that serves."""
    if file.folder is None:
        return False
    depth = len(PurePosixPath(file.path).parts) - 1
    for above in [file.folder, *file.folder.parents][: depth + 1]:
        names = _dependencies(above / "package.json")
        if names is not None:
            return not _DRAWING.isdisjoint(names) and _SERVING.isdisjoint(names)
    return False


@lru_cache(maxsize=1024)
def _dependencies(path: Path) -> frozenset[str] | None:
    """The names that a package.json has as dependencies; None where there is none that can be read."""
    try:
        package = json.loads(path.read_bytes())
    except (OSError, ValueError):  # what is wrong with it is told where manifests are read
        return None
    found = package.get("dependencies") if isinstance(package, dict) else None
    return frozenset(found) if isinstance(found, dict) else frozenset()
