"""The scripts of pages: Vue, Svelte, Astro and HTML, with all else blanked, so that lines and columns stay."""

from __future__ import annotations

from html.parser import HTMLParser

_SCRIPTS = {"", "module", "text/javascript", "application/javascript", "text/babel", "text/typescript", "text/jsx"}
_TYPED = {"ts", "typescript"}
_TYPED_MARKUP = {"tsx"}
_FENCE = "---"


class _Scripts(HTMLParser):
    """Collects where the scripts of a page begin and end, as line and column, and whether one is typed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.places: list[tuple[tuple[int, int], tuple[int, int]]] = []
        self.grammar = ""
        self._start: tuple[int, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "script":
            return
        values = {name: (value or "") for name, value in attrs}
        if "src" in values or values.get("type", "").split(";")[0].strip().lower() not in _SCRIPTS:
            return
        line, column = self.getpos()
        opening = self.get_starttag_text() or ""
        rows = opening.split("\n")
        self._start = (line + len(rows) - 1, len(rows[-1]) + (column if len(rows) == 1 else 0))
        language = values.get("lang", "").lower()
        if language in _TYPED or values.get("type") == "text/typescript":
            self.grammar = self.grammar or "typescript"
        elif language in _TYPED_MARKUP:
            self.grammar = "tsx"

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._start is not None:
            self.places.append((self._start, self.getpos()))
            self._start = None


def scripts(path: str, source: bytes) -> tuple[str, bytes]:
    """Return the grammar and the source of the scripts of a page; what is not a script is white space.

    Args:
        path: of the page: Astro's are always TypeScript, and begin with a script between two lines of dashes.
        source: of the page.
    """
    lines = source.decode("utf-8", "replace").split("\n")
    kept = [" " * len(line) for line in lines]
    parser = _Scripts()
    if path.endswith(".astro"):
        parser.grammar = "tsx"
        lines = _front_matter(lines, kept)
    parser.feed("\n".join(lines))
    parser.close()
    for (first, start), (last, end) in parser.places:
        for row in range(first - 1, min(last, len(lines))):
            left = start if row == first - 1 else 0
            right = end if row == last - 1 else len(lines[row])
            kept[row] = kept[row][:left] + lines[row][left:right] + kept[row][right:]
    return parser.grammar or "javascript", "\n".join(kept).encode()


def _front_matter(lines: list[str], kept: list[str]) -> list[str]:
    """Keep the lines between the two fences at the top, and return the page with them blanked."""
    fences = [row for row, line in enumerate(lines) if line.strip() == _FENCE][:2]
    if len(fences) != 2 or any(line.strip() for line in lines[: fences[0]]):  # noqa: PLR2004 (an opening and a closing one)
        return lines
    inside = range(fences[0] + 1, fences[1])
    for row in inside:
        kept[row] = lines[row]
    return ["" if fences[0] <= row <= fences[1] else line for row, line in enumerate(lines)]
