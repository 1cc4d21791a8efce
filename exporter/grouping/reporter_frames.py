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
    from errtally.event.model import Frame

_GO_PANIC: Final = frozenset(("gopanic", "runtime.gopanic", "panic"))
_RUST_PANIC: Final = re.compile(
    r"(?:<?(?:__rustc(?:\[\w+\])?::)?rust_begin_unwind|core(?:\[\w+\])?::panicking::|core(?:\[\w+\])?::(?:option|result|cell|slice|str)::\w*(?:_failed|_fail|expect_failed|panic_already_\w+)"
    r"|core::slice::index::slice_\w+_fail|std(?:\[\w+\])?::panicking::(?!try\b|r#try|catch_unwind)|rust_panic|std::sys(?:_common)?::backtrace::__rust_end_short_backtrace|alloc::alloc::handle_alloc_error)"
)


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


def is_panic(path: str, module: str, function: str) -> bool:
    """Return whether a frame with these fields is the runtime's panic: what is newer than it only reports."""
    if not function:
        return False
    if function in _GO_PANIC:
        return module == "runtime" or path.endswith("runtime/panic.go")
    return ("::" in function and _RUST_PANIC.match(function) is not None) or function == "rust_begin_unwind"
