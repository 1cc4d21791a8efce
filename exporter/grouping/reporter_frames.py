"""What a stack has above the place that failed: the runtime's panic and whoever reported it. These never decide.

A deferred function that recovers, a panic hook and an SDK run on top of the stack of what failed. Everything newer
than Go's ``runtime.gopanic`` goes, and everything newer than Rust's panic machinery. So does a function literal that
Go's ``main`` hands to the rest of the program to report with: it would be the place of every error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.places import site_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.event.model import Frame

_GO_PANIC: Final = frozenset(("gopanic", "runtime.gopanic", "panic"))
_RUST_PANIC: Final = re.compile(
    r"(?:<?(?:__rustc(?:\[\w+\])?::)?rust_begin_unwind|core(?:\[\w+\])?::panicking::|core(?:\[\w+\])?::(?:option|result|cell|slice|str)::\w*(?:_failed|_fail|expect_failed|panic_already_\w+)"
    r"|core::slice::index::slice_\w+_fail|std(?:\[\w+\])?::panicking::(?!try\b|r#try|catch_unwind)|rust_panic|std::sys(?:_common)?::backtrace::__rust_end_short_backtrace|alloc::alloc::handle_alloc_error)"
)


def without_reporters(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Return the frames up to the one that failed; all of them when nothing shows where that is.

    Args:
        frames: oldest first.
    """
    for at, frame in enumerate(frames):
        if _is_panic(frame):
            return frames[:at] or frames
    return frames


def reports_for(frame: Frame, caller: Frame) -> bool:
    """Return whether a frame is a literal of Go's ``main`` that another package called: the program's way to report.

    Args:
        frame: the application's newest.
        caller: the frame before it, which has to be the application's too.
    """
    if not (frame.function or "").startswith(("main.func", "main.main.func")) and frame.module != "main":
        return False
    place, function, language = site_of(frame)
    return language == "go" and (place, function) == ("main", "main.func") and site_of(caller).place != "main"


def _is_panic(frame: Frame) -> bool:
    function = frame.function
    if not function:
        return False
    if function in _GO_PANIC:
        path = frame.abs_path or frame.filename or ""
        return frame.module == "runtime" or path.endswith("runtime/panic.go")
    return ("::" in function and _RUST_PANIC.match(function) is not None) or function == "rust_begin_unwind"
