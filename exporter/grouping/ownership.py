"""What the settings say of frames: which packages and folders are the application's own, and which are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.exporter.grouping.places import site_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.config.grouping import GroupingSettings
    from errtally.event.model import Frame

_SEPARATORS = "./$:\\"


class Ownership:
    """``in_app.include`` and ``in_app.exclude``: names of packages, or parts of paths with a slash; include wins.

    Args:
        include: what is the application's.
        exclude: what is not.
    """

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._include = [_matcher(name) for name in include]
        self._exclude = [_matcher(name) for name in exclude]

    def says(self, frame: Frame) -> bool | None:
        """Return whether a frame is the application's; None when the settings say nothing of it."""
        path = "/" + (frame.abs_path or frame.filename or "").replace("\\", "/").lstrip("/")
        names = f"\n{frame.module or ''}\n{site_of(frame).place}\n{frame.function or ''}\n{frame.package or ''}\n"
        for matchers, said in ((self._include, True), (self._exclude, False)):
            if any(
                of_path.search(path) is not None if of_path else of_name.search(names) for of_path, of_name in matchers
            ):
                return said
        return None


def ownership(settings: GroupingSettings) -> Ownership | None:
    """Return what the settings say of frames; None when they say nothing, so that nothing has to be asked."""
    if not settings.in_app_include and not settings.in_app_exclude:
        return None
    return Ownership(settings.in_app_include, settings.in_app_exclude)


def _matcher(name: str) -> tuple[re.Pattern[str] | None, re.Pattern[str]]:
    """Return what looks for a folder (``/srv/shop/``, ``shop/orders``) or for a package (``com.acme``, ``shop::``)."""
    glob = re.escape(name.rstrip("*").rstrip(_SEPARATORS) or name).replace(r"\*", ".*")
    of_name = re.compile(rf"\n<?&?{glob}(?=[./$:\\\n<])")
    if "/" in name or "\\" in name:
        folder = glob.replace(r"\\", "/")
        start = "^" if name.startswith(("/", "\\")) else r"(?:^|/)"
        return re.compile(rf"{start}{folder}(?=[/.]|$)" if name.rstrip("*").rstrip(_SEPARATORS) else "^"), of_name
    return None, of_name
