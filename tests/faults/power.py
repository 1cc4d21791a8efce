"""What a disk still has after a loss of power, by the order of the calls that a program made.

The program runs under strace, which writes every call that changes a file, brings it to the disk or answers a client.
From these the disk is rebuilt as it may be at any of these moments: what was synced is there, and of what was not each
write, each truncation and each name may be there or not, whatever came before or after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_CALLS = "openat,write,pwrite64,ftruncate,rename,unlink,mkdir,fsync,fdatasync"
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FILE = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>")
_UNFINISHED = " <unfinished ...>"


def under_strace(trace: Path) -> list[str]:
    """What to put in front of a command so that its calls are written to a file; its process id stays what it is."""
    return f"strace -DD -f -qq -y -xx -s 1048576 -e signal=none -e trace={_CALLS} -o {trace}".split()


@dataclass(frozen=True, slots=True)
class Call:
    """One call that succeeded.

    Attributes:
        began, ended: places in the order of all beginnings and ends.
        files: the paths of the descriptors in it.
        texts: its texts: a path, or what is written.
    """

    name: str
    began: int
    ended: int
    files: tuple[str, ...]
    texts: tuple[bytes, ...]
    arguments: str


def calls(trace: str) -> Iterator[Call]:
    """Read what strace wrote, in the order in which the calls ended."""
    open_calls: dict[str, tuple[int, str, str]] = {}
    for place, line in enumerate(trace.splitlines()):
        found = _LINE.match(line)
        if found is None:
            continue
        thread, resumed, name, rest = found.groups()
        began, before = place, ""
        if resumed:
            if thread not in open_calls:
                continue
            began, name, before = open_calls.pop(thread)
        if rest.endswith(_UNFINISHED):
            open_calls[thread] = (began, name, before + rest.removesuffix(_UNFINISHED))
            continue
        arguments, _, result = (before + rest).rpartition(" = ")
        if result and not result.startswith(("-", "?")):
            texts = tuple(_bytes(text) for text in _TEXT.findall(arguments))
            files = tuple(_bytes(path).decode() for path in _FILE.findall(arguments + result))
            yield Call(name, began, place, files, texts, arguments)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass(slots=True)
class _Thing:
    """A file or a directory: what is on the disk of it, and what was done to it since; each change with its place."""

    is_directory: bool = False
    content: bytearray = field(default_factory=bytearray)
    names: dict[str, _Thing] = field(default_factory=dict)
    changes: list[tuple[int, Callable[[_Thing], None]]] = field(default_factory=list)
    size: int = 0

    def sync(self, began: int) -> None:
        """Bring to the disk what was done before a call began."""
        for place, change in self.changes:
            if place < began:
                change(self)
        self.changes = [one for one in self.changes if one[0] >= began]


class Disk:
    """The disk below one directory, which was there, and empty, before the program began.

    Args:
        root: the directory, as the program calls it.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._things = {self._root: _Thing(is_directory=True)}

    def make(self, call: Call) -> None:
        """Do what a call did."""
        texts = call.texts
        if call.name == "openat" and "O_CREAT" in call.arguments:
            self._create(call, texts[0].decode(), is_directory=False)
        elif call.name == "mkdir":
            self._create(call, texts[0].decode(), is_directory=True)
        elif call.name == "rename":
            self._rename(call, texts[0].decode(), texts[1].decode())
        elif call.name == "unlink":
            self._unlink(call, texts[0].decode())
        elif call.files and (thing := self._things.get(call.files[0])) is not None:
            self._change(call, thing)

    def survivors(self, folder: Path, is_kept: Callable[[], bool]) -> None:
        """Write what a loss of power leaves at this moment; ``is_kept`` says it of each change that was not synced."""
        self._write(self._things[self._root], folder, is_kept)

    def _write(self, thing: _Thing, path: Path, is_kept: Callable[[], bool]) -> None:
        after = _Thing(content=bytearray(thing.content), names=dict(thing.names))
        for _, change in thing.changes:
            if is_kept():
                change(after)
        if not thing.is_directory:
            path.write_bytes(after.content)
            return
        path.mkdir()
        for name, inner in after.names.items():
            self._write(inner, path / name, is_kept)

    def _place(self, path: str) -> tuple[_Thing | None, str]:
        directory, _, name = path.rpartition("/")
        return self._things.get(directory), name

    def _create(self, call: Call, path: str, *, is_directory: bool) -> None:
        directory, name = self._place(path)
        if path in self._things:
            if "O_TRUNC" in call.arguments:
                self._truncate(call, self._things[path], 0)
        elif directory is not None:
            thing = self._things[path] = _Thing(is_directory=is_directory)
            directory.changes.append((call.ended, lambda where: where.names.update({name: thing})))

    def _rename(self, call: Call, former: str, path: str) -> None:
        directory, old = self._place(former)
        _, new = self._place(path)
        if directory is None:
            return
        thing = self._things[path] = self._things.pop(former)

        def change(where: _Thing) -> None:
            where.names.pop(old, None)
            where.names[new] = thing

        directory.changes.append((call.ended, change))

    def _unlink(self, call: Call, path: str) -> None:
        directory, name = self._place(path)
        if directory is not None and self._things.pop(path, None) is not None:
            directory.changes.append((call.ended, lambda where: where.names.pop(name, None) and None))

    def _truncate(self, call: Call, thing: _Thing, size: int) -> None:
        thing.size = size
        thing.changes.append((call.ended, lambda where: _resize(where.content, size)))

    def _change(self, call: Call, thing: _Thing) -> None:
        numbers = _numbers(call.arguments)
        if call.name in {"fsync", "fdatasync"}:
            thing.sync(call.began)
        elif call.name == "ftruncate":
            self._truncate(call, thing, numbers[-1])
        elif call.name in {"write", "pwrite64"}:
            [data] = call.texts
            # What is written without a place is written to the end: by all that write so here.
            offset = numbers[-1] if call.name == "pwrite64" else thing.size
            thing.size = max(thing.size, offset + len(data))
            thing.changes.append((call.ended, lambda where: _put(where.content, offset, data)))


def _numbers(arguments: str) -> Sequence[int]:
    return [int(number) for number in re.findall(r", (\d+)", arguments)]


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
