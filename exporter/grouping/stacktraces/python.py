"""CPython's traceback: oldest call first, then the exception's line; causes come before, groups are boxed."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_HEADING: Final = "Traceback (most recent call last):"
_FRAME: Final = re.compile(r'\s+File "([^"]+)", line (\d+)(?:, in (.+))?$')
_EXCEPTION: Final = re.compile(r"([A-Za-z_][\w.]*)(?:: ?(.*))?$")
_MEMBERS: Final = re.compile(r" \(\d+ sub-exceptions?\)(?=\n|$)")
_BOX: Final = re.compile(r"( *)([|+]) ?(.*)$")
_SEPARATOR: Final = re.compile(r"\+?-?\+?-{4,}")
_CHAINED: Final = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)


def recognises(text: str) -> bool:
    """Whether the text holds a traceback's heading or one of its frames."""
    return _HEADING in text or ('File "' in text and '", line ' in text)


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions; members of a group come before the group, deepest first."""
    boxed = any(line.lstrip(" +|").startswith("Exception Group Traceback") for line in lines)
    reader = _Reader()
    for line in lines:
        if boxed and (box := _BOX.match(line)):
            reader.read(box[3], max(1, len(box[1]) // 2))
        else:
            reader.read(line, 0)
    return reader.exceptions()


class _Reader:
    """Reads line by line; knows whether the next line is a frame, an exception or more of its message."""

    def __init__(self) -> None:
        self._found: list[tuple[int, ExceptionInfo]] = []
        self._is_chained = False
        self._frames: list[Frame] = []
        self._message: list[str] | None = None
        self._in_traceback = False

    def read(self, line: str, depth: int) -> None:
        text = line.lstrip("+ ") if "Exception Group Traceback" in line else line
        if text.lstrip().endswith(_HEADING) or (depth and _SEPARATOR.match(line)):
            self._begin()
        elif line.strip() in _CHAINED:
            self._end_message()
            self._is_chained = True
        elif self._message is not None:
            self._message.append(line)
        elif self._in_traceback:
            self._read_traceback(line, depth)
        elif frame := _FRAME.match(line):  # a trace without its heading
            self._begin()
            self._add(frame)

    def exceptions(self) -> list[ExceptionInfo]:
        self._end_message()
        if self._in_traceback and self._frames:  # cut off, or printed by traceback.format_stack
            self._found.append((0, ExceptionInfo(frames=self._frames)))
        ordered: list[ExceptionInfo] = []
        members: list[ExceptionInfo] = []
        for depth, exception in reversed(self._found):
            if depth > 1:
                members.append(exception)
            else:
                ordered.append(exception)
                ordered.extend(reversed(members))
                members = []
        ordered.reverse()
        return ordered

    def _begin(self) -> None:
        self._end_message()
        self._frames = []
        self._in_traceback = True

    def _read_traceback(self, line: str, depth: int) -> None:
        if frame := _FRAME.match(line):
            self._add(frame)
        elif line[:1].strip() and (found := _EXCEPTION.match(line)):
            module, _, name = found[1].rpartition(".")
            self._add_exception(depth, ExceptionInfo(name, None, module or None, self._frames))
            self._message = [found[2] or ""]
        elif self._frames and line.startswith("    ") and self._frames[-1].context_line is None:
            self._frames[-1].context_line = line.strip()

    def _add_exception(self, depth: int, exception: ExceptionInfo) -> None:
        """Note an exception; in a box it is a member of the group whose box is around, or what a member led to."""
        exception.number = len(self._found)
        if depth and self._found:
            before = next((one for at, one in reversed(self._found) if at == depth), None)
            if self._is_chained and before is not None:
                exception.parent, exception.is_member = before.parent, before.is_member
                before.parent, before.is_member = exception.number, False
            elif depth > 1:
                group = next((one for at, one in reversed(self._found) if at == depth - 1), None)
                if group is not None:
                    group.is_group = True
                    exception.parent, exception.is_member = group.number, True
        self._is_chained = False
        self._found.append((depth, exception))

    def _add(self, frame: re.Match[str]) -> None:
        # Without a function it is the place of a SyntaxError in the code that was compiled, not a call.
        if frame[3]:
            self._frames.append(Frame(function=frame[3], filename=frame[1], lineno=int(frame[2])))

    def _end_message(self) -> None:
        if self._message is not None:
            # str() of a group does not count its members, its traceback does.
            self._found[-1][1].value = _MEMBERS.sub("", "\n".join(self._message).strip())
            self._message = None
            self._in_traceback = False
            self._frames = []
