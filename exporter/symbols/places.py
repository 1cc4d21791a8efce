"""Where a script lies: the addresses that it may have been uploaded under, and sources' names as people read them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urljoin

from errtally.exporter.artifacts.artifact import url_of

MAX_SUFFIXES: Final = 12
_SCRIPT: Final = re.compile(r"[^/]\.(?:[cm]?jsx?|[cm]?tsx?|bundle|jsbundle|hbc)$", re.IGNORECASE)
_NO_FILE: Final = (
    "blob:",
    "data:",
    "wasm:",
    "<",
    "node:",
    "native",
    "webpack-internal:",
    "chrome-extension:",
    "moz-extension:",
)
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_WEB: Final = ("http://", "https://")
_NAMESPACE: Final = re.compile(
    r"(?:webpack|webpack-internal|turbopack|rollup|ng|parcel|metro|vite|rspack)://(?:/|[^/]*/)?"
)
_OWN: Final = re.compile(r"(?:app|file|capacitor|ionic|resource)://(?:localhost)?/{0,2}")
_AFTER: Final = re.compile(r"[?#].*$| \[[^\]]*\].*$")
_LIBRARY: Final = re.compile(
    r"(?:^|[/~])node_modules/|(?:^|/)webpack/(?:bootstrap|runtime|universalModuleDefinition)|\(webpack\)|\[turbopack\]"
    r"|^\x00|(?:^|/)vite/(?:preload-helper|modulepreload-polyfill)|commonjsHelpers|(?:^|/)metro-runtime/"
)
"""Packages, and what bundlers add of their own."""

_LEADING: Final = re.compile(r"^(?:\.{0,2}/)*(?=[^/])")
_PROJECT: Final = re.compile(r"^/?\[project\]/")


@lru_cache(maxsize=4096)
def addresses(path: str) -> tuple[str, ...]:
    """Return the addresses under which the script of a frame may have been uploaded, the likeliest first; () for none.

    Args:
        path: as the client sent it: an address, or a path on a server's disk, of which only the end may be known.
    """
    plain = re.split(r"[?#]", path, maxsplit=1)[0].replace("\\", "/")
    if path.startswith(_NO_FILE) or _SCRIPT.search(plain) is None:
        return ()
    if plain.startswith(_WEB):
        found = [url_of(plain), plain]
    else:
        rest = _OWN.sub("/", plain) if _ADDRESS.match(plain) else plain
        parts = [part for part in rest.split("/") if part not in {"", ".", ".."}]
        found = [plain, rest]
        found += [f"~/{'/'.join(parts[at:])}" for at in range(min(len(parts), MAX_SUFFIXES))]
        found += [f"app:///{'/'.join(parts)}"]
    found += [unquote(one) for one in found if "%" in one]
    return tuple(dict.fromkeys(found))


def of_map(script_url: str, map_url: str) -> tuple[str, ...]:
    """Return the addresses of a script's map.

    Args:
        script_url: as the index has it.
        map_url: as the script names it, relative or absolute; "" where it does not.
    """
    if not map_url:
        return (f"{script_url}.map",)
    if _ADDRESS.match(map_url) or map_url.startswith("//"):
        return (url_of(map_url), map_url)
    # urljoin knows no "~": it stands for scheme and host.
    if script_url.startswith("~/"):
        joined = f"~{urljoin(script_url[1:], map_url)}"
    elif _ADDRESS.match(script_url):
        scheme, _, rest = script_url.partition("://")
        joined = f"{scheme}://{urljoin(f'http://{rest}', map_url).removeprefix('http://')}"
    else:
        joined = urljoin(script_url, map_url)
    return tuple(dict.fromkeys((joined, f"{script_url}.map")))


def is_library(url: str) -> bool:
    """Whether a source is a package or a bundler's own, and not the application's."""
    return _LIBRARY.search(url) is not None


@lru_cache(maxsize=4096)
def shown(url: str) -> str:
    """Return the name of a source as people read it: without what bundlers put in front of it and behind it."""
    name = _AFTER.sub("", url) if not url.startswith(_WEB) else url
    if not name.startswith(_WEB):
        name = _OWN.sub("/", _NAMESPACE.sub("", name)) if _ADDRESS.match(name) else name
        name = _PROJECT.sub("", name)
        if name.startswith(("./", "../", "//")):
            name = _LEADING.sub("", name)
        elif _OWN.match(url):
            name = name.lstrip("/") if not url.startswith("file:") else name
    return name or url
