"""Renamed and inlined calls of the JVM read as in the source, by mappings as ProGuard and R8 write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.inprocess import InProcess, envelope

from errtally.errors import SymbolError
from errtally.exporter.artifacts.artifact import PROGUARD, Artifact
from errtally.exporter.symbols import build, proguard
from errtally.exporter.symbols.proguard import Call, Mapping

if TYPE_CHECKING:
    from pathlib import Path

UUID = "5f2c1a44-7b1e-5c3d-9a60-2d1f3b4c5d6e"
MAPPING = """# compiler: R8
# {"id":"com.android.tools.r8.mapping","version":"2.2"}
com.acme.shop.Cart -> a.b:
# {"fileName":"Cart.kt","id":"sourceFile"}
    java.util.List lines -> a
    1:3:void <init>(java.lang.String):10:12 -> <init>
    4:9:int total():20:25 -> a
    10:10:int com.acme.shop.Money.unbox(java.lang.Integer):8:8 -> a
    10:10:int sum(java.util.List):31 -> a
    10:10:int total():22 -> a
    15:20:java.util.List priceAll(java.util.List) -> c
    17:18:java.lang.Integer lambda$priceAll$0(java.lang.String) -> c
    void clear() -> d
    int first() -> e
    int last() -> e
    5:5:void single():77 -> f
com.acme.shop.Money -> a.c:
    2:2:int unbox(java.lang.Integer):8:8 -> a
com.acme.shop.ShopException -> a.d:
    1:1:void <init>():3:3 -> <init>
com.acme.shop.Main -> com.acme.shop.Main:
    1:1:void main(java.lang.String[]):5:5 -> main
"""


def _mapping(folder: Path, text: str = MAPPING) -> Mapping:
    path = folder / "mapping"
    path.write_bytes(proguard.build(text.encode()))
    return Mapping(path)


@pytest.mark.parametrize(
    ("module", "function", "line", "calls"),
    [
        pytest.param("a.b", "a", 5, [("com.acme.shop.Cart", "total", 21, "Cart.kt")], id="a range of lines"),
        pytest.param(
            "a.b",
            "a",
            10,
            [
                ("com.acme.shop.Money", "unbox", 8, "Money.java"),
                ("com.acme.shop.Cart", "sum", 31, "Cart.kt"),
                ("com.acme.shop.Cart", "total", 22, "Cart.kt"),
            ],
            id="calls inlined into each other, innermost first",
        ),
        pytest.param("a.b", "c", 16, [("com.acme.shop.Cart", "priceAll", 16, "Cart.kt")], id="the wider of two ranges"),
        pytest.param(
            "a.b",
            "c",
            18,
            [("com.acme.shop.Cart", "lambda$priceAll$0", 18, "Cart.kt")],
            id="the narrower of two ranges that overlap",
        ),
        pytest.param("a.b", "d", None, [("com.acme.shop.Cart", "clear", None, "Cart.kt")], id="a method without lines"),
        pytest.param(
            "a.b",
            "e",
            None,
            [("com.acme.shop.Cart", "e", None, "Cart.kt")],
            id="two methods of one name: only the class is sure",
        ),
        pytest.param("a.b", "f", 5, [("com.acme.shop.Cart", "single", 77, "Cart.kt")], id="one line of the source"),
        pytest.param(
            "a.b", "a", 0, [("com.acme.shop.Cart", "total", None, "Cart.kt")], id="no line, and one method of the name"
        ),
        pytest.param(
            "a.b", "unknown", 3, [("com.acme.shop.Cart", "unknown", 3, "Cart.kt")], id="a method that is not in it"
        ),
        pytest.param("a.z", "a", 3, [], id="a class that is not in it"),
    ],
)
def test_a_call_stands_for(tmp_path: Path, module: str, function: str, line: int | None, calls: list[Any]) -> None:
    assert _mapping(tmp_path).calls(module, function, line) == [Call(*one) for one in calls]


def test_lines_may_end_as_in_windows(tmp_path: Path) -> None:
    assert _mapping(tmp_path, MAPPING.replace("\n", "\r\n")).calls("a.c", "a", 2)[0].function == "unbox"


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"no mapping\nat all"])
def test_what_names_no_class_is_refused(content: bytes) -> None:
    with pytest.raises(SymbolError, match="names no class"):
        proguard.build(content)


def test_an_error_of_an_obfuscated_program_reads_as_in_the_source(tmp_path: Path) -> None:
    shop = InProcess(tmp_path)
    archive = shop.resolver.archive
    content = MAPPING.encode()
    archive.add([Artifact("app", PROGUARD, archive.keep(content), len(content), UUID, url="mapping.txt")])
    for wanted in shop.resolver.wanted_since(0.0):
        build.make(archive, wanted)
    frames = [
        {"module": "com.acme.shop.Main", "function": "main", "lineno": 1, "filename": "SourceFile"},
        {"module": "a.b", "function": "a", "lineno": 10, "filename": "SourceFile"},
    ]
    event = {
        "platform": "java", "release": "app@1",
        "exception": {"values": [{"type": "d", "module": "a", "value": "sold out", "stacktrace": {"frames": frames}}]},
        "debug_meta": {"images": [{"type": "proguard", "uuid": UUID}]},
    }  # fmt: skip
    shop.post("/api/app/envelope/?sentry_key=k", envelope(("event", event)))
    shop.fold()
    issue = json.loads(shop.get("/api/issues").body)["issues"][0]
    page = shop.get(f"/issues/{issue['issue']}.md?project=app&all=1").body.decode()
    shop.close()
    assert issue["title"] == "ShopException: sold out"
    assert [line.strip() for line in page.splitlines() if line.startswith("  at ")] == [
        "at unbox (Money.java:8)",
        "at sum (Cart.kt:31)",
        "at total (Cart.kt:22)",
        "at main (Main.java:5)",
    ]
