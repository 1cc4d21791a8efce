"""Addresses of a native program read as functions and lines, by a debug file that gcc wrote."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.inprocess import InProcess, envelope
from tests.peers import peer

from errtally.errors import SymbolError
from errtally.exporter.artifacts.artifact import NATIVE, Artifact
from errtally.exporter.symbols import build, native

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """namespace shop {
struct Cart { int total(int n); };
__attribute__((noinline)) int Cart::total(int n) {
  volatile int *nothing = 0;
  return *nothing + n;
}
}
int main() {
  shop::Cart cart;
  return cart.total(3);
}
"""
START = 0x5566_0000_0000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("native")
    source = folder / "cart.cpp"
    source.write_text(PROGRAM)
    command = (peer("g++"), "-g", "-O0", "-Wl,--build-id", "-o", str(folder / "cart"), str(source))
    subprocess.run(command, check=True, cwd=folder)
    return folder / "cart"


def _debug_id(program: Path) -> str:
    from symbolic.debuginfo import Archive  # noqa: PLC0415 (only here)

    return next(Archive.open(str(program)).iter_objects()).debug_id


def _address(program: Path, name: str) -> int:
    said = subprocess.run((peer("nm"), "-C", str(program)), check=True, capture_output=True, text=True).stdout
    return next(int(line.split()[0], 16) for line in said.splitlines() if line.endswith(f" {name}"))


def _event(program: Path) -> dict[str, Any]:
    addresses = [_address(program, "main") + 0x18, _address(program, "shop::Cart::total(int)") + 0x17]
    frames = [{"instruction_addr": hex(START + one), "package": "/srv/cart"} for one in addresses]
    image = {"type": "elf", "debug_id": _debug_id(program), "code_file": "/srv/cart",
             "image_addr": hex(START), "image_size": 0x10000}  # fmt: skip
    crash = {"type": "SIGSEGV", "value": "Segfault", "stacktrace": {"frames": frames}}
    return {"platform": "native", "exception": {"values": [crash]}, "debug_meta": {"images": [image]}}


def test_a_crash_reads_as_in_the_source(program: Path, tmp_path: Path) -> None:
    shop = InProcess(tmp_path)
    archive, content = shop.resolver.archive, program.read_bytes()
    archive.add([Artifact("app", NATIVE, archive.keep(content), len(content), _debug_id(program), url="cart")])
    for wanted in shop.resolver.wanted_since(0.0):
        build.make(archive, wanted)
    shop.post("/api/app/envelope/?sentry_key=k", envelope(("event", _event(program))))
    shop.fold()
    issue = json.loads(shop.get("/api/issues").body)["issues"][0]
    page = shop.get(f"/issues/{issue['issue']}.md?project=app").body.decode()
    shop.close()
    assert issue["culprit"].endswith("cart in shop::Cart::total")
    calls = [line.strip() for line in page.splitlines() if line.startswith("  at ")]
    assert calls[0].startswith("at shop::Cart::total(int) (cart.cpp:")
    assert calls[1].startswith("at main (cart.cpp:")


@pytest.mark.parametrize(
    "content", [pytest.param(b"", id="nothing"), pytest.param(b"MZ\x00 no program", id="no debug file")]
)
def test_what_is_no_debug_file_is_refused(content: bytes) -> None:
    with pytest.raises(SymbolError):
        native.build(content, "")
