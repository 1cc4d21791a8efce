"""Which files are analysed, and as what."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePosixPath

GRAMMARS = {
    ".py": ("python", "python"),
    ".pyw": ("python", "python"),
    ".pyi": ("python", "python"),
    ".ipynb": ("python", "notebook"),
    ".js": ("javascript", "javascript"),
    ".mjs": ("javascript", "javascript"),
    ".cjs": ("javascript", "javascript"),
    ".jsx": ("javascript", "javascript"),
    ".ts": ("typescript", "typescript"),
    ".mts": ("typescript", "typescript"),
    ".cts": ("typescript", "typescript"),
    ".tsx": ("typescript", "tsx"),
    ".vue": ("javascript", "page"),
    ".svelte": ("javascript", "page"),
    ".astro": ("typescript", "page"),
    ".html": ("javascript", "page"),
    ".htm": ("javascript", "page"),
    ".java": ("java", "java"),
    ".go": ("go", "go"),
}
"""Suffix to language of the report and grammar; `embedded` takes the code out of pages, `notebook` out of notebooks."""

UNREAD = {
    ".kt": "Kotlin", ".kts": "Kotlin", ".scala": "Scala", ".groovy": "Groovy", ".rb": "Ruby", ".php": "PHP",
    ".cs": "C#", ".rs": "Rust", ".swift": "Swift", ".c": "C", ".cc": "C++", ".cpp": "C++",
    ".ex": "Elixir", ".exs": "Elixir", ".dart": "Dart", ".coffee": "CoffeeScript",
}  # fmt: skip
"""Suffix to language of source that no grammar here reads; the report says so."""

EXCLUDED_FOLDERS = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", "__pycache__", "node_modules", "bower_components",
    "site-packages", "dist-packages", "vendor", "third_party", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".gradle",
    ".next", ".nuxt", ".svelte-kit", ".astro", ".ipynb_checkpoints",
})  # fmt: skip
"""Folders whose code is not the project's own, whatever .gitignore says."""

_RELEASE = re.compile(r"[A-Za-z][\w.]*-v?\d+(?:\.\d+)+")
"""What an unpacked release of a library is called: `Buttons-2.2.2`."""

_TEST_FOLDERS = frozenset({
    "test", "tests", "testing", "spec", "specs", "e2e", "testdata", "fixtures", "mocks", "idle_test", "acceptance",
    "cypress", "playwright", "testfixtures", "androidtest", "inttest", "storybook",
})  # fmt: skip
_TEST_ENDS = ("-test", "_test", "-tests", "-spec", "_spec")
_TEST_DOTS = (".test.", ".spec.", ".cy.", ".e2e.", ".stories.", ".story.", ".e2e-spec.")
_GO_TEST_MARKS = (b'\n\t"testing"\n', b'\nimport "testing"\n')
_EXAMPLE_FOLDERS = frozenset(
    {"example", "sample", "demo", "doc", "tutorial", "benchmark", "extra", "contrib", "script", "gen", "hack"}
)
"""In the singular."""
_INTERPRETERS = re.compile(rb"#!.*?\b(python|pypy|node|nodejs|deno|bun|tsx|ts-node)[\d.]*(?:\s|$)")
_SHEBANG_BYTES = 200


def grammar_of(path: str, head: bytes = b"") -> tuple[str, str] | None:
    """Return language and grammar of a file; None for files that are not analysed.

    Args:
        path: its suffix decides.
        head: the first bytes, by which a script without a suffix names its interpreter.
    """
    if path.endswith((".d.ts", ".min.js", ".bundle.js", ".d.mts", ".d.cts")):
        return None
    pure = PurePosixPath(path)
    if not pure.suffix:
        return of_shebang(head)
    return GRAMMARS.get(pure.suffix.lower())


def of_shebang(head: bytes) -> tuple[str, str] | None:
    """Return language and grammar of a script by its first line."""
    found = _INTERPRETERS.match(head[:_SHEBANG_BYTES].split(b"\n", 1)[0])
    if found is None:
        return None
    if found[1] in {b"python", b"pypy"}:
        return GRAMMARS[".py"]
    return GRAMMARS[".ts" if found[1] in {b"tsx", b"ts-node", b"deno", b"bun"} else ".js"]


def is_foreign(folder: str) -> bool:
    """Whether a folder is called as those are that hold other people's code."""
    name = PurePosixPath(folder).name
    return name in EXCLUDED_FOLDERS or _RELEASE.fullmatch(name) is not None


def is_test(path: str) -> bool:
    """Whether a path is called as test code is, in any of the languages."""
    pure = PurePosixPath(path)
    folders = [part.lower().strip("_") for part in pure.parts[:-1]]
    if any(folder in _TEST_FOLDERS or folder.endswith(("testing", "testutil", "testutils")) for folder in folders):
        return True
    if _is_test_source_set(pure.parts[:-1]):
        return True
    name, stem = pure.name, pure.stem
    if pure.suffix in {".py", ".pyi"}:
        return (
            name == "conftest.py"
            or stem in {"test", "tests"}
            or stem.startswith(("test_", "test-"))  # the latter can't be imported: a person runs it
            or stem.endswith(("_test", "_tests", "-test"))
        )
    if pure.suffix == ".java":
        # JUnit's `FooTest`, and `TestFoo` of the older ones.
        is_older = stem.startswith("Test") and stem[4:5].isupper()
        return is_older or stem.endswith(("Test", "Tests", "IT", "TestCase"))
    is_script = GRAMMARS.get(pure.suffix, ("",))[0] in {"javascript", "typescript"}
    is_named = is_script and (stem in {"test", "tests"} or stem.endswith(_TEST_ENDS))
    return is_named or name.endswith("_test.go") or any(dots in name for dots in _TEST_DOTS)


def _is_test_source_set(folders: tuple[str, ...]) -> bool:
    """Whether folders are Maven's `src/it`, or a source set of Gradle such as `src/integrationTest/java`."""
    return any(
        before == "src" and (folder == "it" or folder.startswith("test") or folder.endswith(("Test", "Tests", "-test")))
        for before, folder in pairwise(folders)
    )


def is_test_source(path: str, source: bytes) -> bool:
    """Whether source is test code whatever its file is called: in Go, helpers of tests import `testing`."""
    return path.endswith(".go") and any(mark in source[:2_000] for mark in _GO_TEST_MARKS)


def is_example(path: str) -> bool:
    """Whether a path is called as code is that shows how something is used, and that nobody runs as a service."""
    folders = [part.lower().strip("_").rstrip("s") for part in PurePosixPath(path).parts[:-1]]
    return any(re.split(r"[-_.]", folder)[-1] in _EXAMPLE_FOLDERS for folder in folders)
