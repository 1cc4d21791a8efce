"""A small shop in two builds, its maps made by hand, and an archive to upload them to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, SOURCE_MAP, Artifact
from errtally.exporter.symbols import build

if TYPE_CHECKING:
    from errtally.exporter.artifacts.archive import Archive
    from errtally.exporter.symbols.resolver import Resolver

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

CART = """import { round } from "./money";

export class Cart {
  lines = [];

  total() {
    return round(this.lines.reduce((sum, line) => sum + line.price.amount * line.qty, 0));
  }
}

export const shop = {
  pay: function (cart) {
    return cart.total();
  },
};
"""
SCRIPT = (
    "class t{l=[];total(){return r(this.l.reduce((t,e)=>t+e.price.amount*e.qty,0))}}"
    "var n={pay:function(t){return t.total()}};"
)
MARKS = (
    # What stands in the script, what it comes from in the source, and its name there.
    ("class t", "class Cart", None), ("t{", "Cart {", "Cart"), ("total()", "total()", None),
    ("r(this", "round(this", "round"), ("this.l", "this.lines", "lines"), ("reduce", "reduce", None),
    ("(t,e)", "(sum, line)", None), ("amount", "amount", None), ("qty", "qty", None), ("n={", "shop = {", "shop"),
    ("pay:", "pay:", None), ("function(t)", "function (cart)", None), ("total()}}", "total();", None),
)  # fmt: skip
THROWS = (SCRIPT.index("amount") + 1, SCRIPT.index("reduce") + 1, SCRIPT.rindex("total()") + 1)
"""Columns of the calls that fail, the innermost first."""

PAGE = "https://shop.example"
DEBUG_ID = "0f3c8a52-1f5c-4c0e-9d1f-7a2b3c4d5e6f"


def vlq(*numbers: int) -> str:
    text = ""
    for number in numbers:
        value = (-number << 1) | 1 if number < 0 else number << 1
        while True:
            value, digit = value >> 5, value & 31
            text += _BASE64[digit | 32 if value else digit]
            if not value:
                break
    return text


def mappings(places: list[tuple[int, ...]]) -> str:
    """Encode places of one line: column, source, line, column and perhaps a name."""
    found, before = [], [0, 0, 0, 0, 0]
    for place in sorted(places):
        found.append(vlq(*(value - before[at] for at, value in enumerate(place))))
        before[: len(place)] = place
    return ",".join(found)


def source_map(script: str = SCRIPT, source: str = CART, url: str = "../src/cart.ts", **more: Any) -> dict[str, Any]:
    names: list[str] = []
    places = []
    for minified, original, name in MARKS:
        before = source[: source.index(original)]
        place: list[int] = [script.index(minified), 0, before.count("\n"), len(before.rpartition("\n")[2])]
        if name is not None:
            names.append(name)
            place.append(len(names) - 1)
        places.append(tuple(place))
    return {
        "version": 3, "sources": [url], "sourcesContent": [source], "names": names,
        "mappings": mappings(places), **more,
    }  # fmt: skip


def encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def upload(
    archive: Archive, script: str = SCRIPT, found: dict[str, Any] | bytes | None = None, *, url: str = "~/app.js",
    debug_id: str = "", release: str = "shop@1", dist: str = "", map_url: str = "", project: str = "web",
) -> None:  # fmt: skip
    """Upload a script and its map, as a bundler's plugin does."""
    content = found if isinstance(found, bytes) else encoded(found if found is not None else source_map())
    code = script.encode()
    artifacts = [
        Artifact(project, MINIFIED_SOURCE, archive.keep(code), len(code), debug_id, release, dist, url, map_url, 1.0),
        Artifact(
            project, SOURCE_MAP, archive.keep(content), len(content), debug_id, release, dist, f"{url}.map", "", 1.0
        ),
    ]
    archive.add(artifacts)


def make(resolver: Resolver) -> None:
    """Make all that is wanted, here and at once."""
    for wanted in resolver.files.take_wanted():
        build.make(resolver.archive, wanted)


def frames(url: str = f"{PAGE}/app.js", functions: tuple[str, ...] = ("?", "t.total", "pay")) -> list[dict[str, Any]]:
    """Return the frames of the shop's error as a browser's client sends them, the oldest first."""
    found = [
        {"filename": url, "function": name, "lineno": 1, "colno": column, "in_app": True}
        for name, column in zip(functions, THROWS, strict=True)
    ]
    return found[::-1]


def event(url: str = f"{PAGE}/app.js", *, debug_id: str = "", **more: Any) -> dict[str, Any]:
    """Return the shop's error as Sentry's client for browsers sends it."""
    images = [{"type": "sourcemap", "code_file": url, "debug_id": debug_id}] if debug_id else []
    return {
        "platform": "javascript", "release": "shop@1", "level": "error", "environment": "production",
        "exception": {"values": [{
            "type": "TypeError", "value": "Cannot read properties of undefined (reading 'amount')",
            "stacktrace": {"frames": frames(url)},
        }]},
        **({"debug_meta": {"images": images}} if images else {}), **more,
    }  # fmt: skip


def moved(artifact: Artifact, url: str) -> Artifact:
    return replace(artifact, url=url)
