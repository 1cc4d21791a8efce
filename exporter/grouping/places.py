"""What a frame is called from one deploy, one machine and one client to the next: its place and its function.

A place is a class or module where a language names it fully (``com.acme.Shop``, ``shop::orders``), else a folder and
a file (``orders/price``). Clients of one language tell the same call in different fields, so what can be read from
each of them has to be the same: Bugsnag sends ``com.acme.Shop.price`` as a Java method, Airbrake the class as a file.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from errtally.event.model import ResolvedFrame
from errtally.exporter.grouping.bundles import is_hashed_folder, without_hash
from errtally.exporter.grouping.scoped_names import scoped_name

if TYPE_CHECKING:
    from errtally.event.model import Frame

CACHE_SIZE: Final = 8192
LENGTH_LIMIT: Final = 1024

_REWRITES: Final = tuple(
    (re.compile(rule["pattern"]), rule["replacement"])
    for rule in json.loads(resources.files(__package__).joinpath("data/functions.json").read_text(encoding="utf-8"))
)

SCRIPTS: Final = frozenset(
    ("js", "mjs", "cjs", "jsx", "ts", "tsx", "vue", "svelte", "css", "bundle", "jsbundle", "wasm", "map")
)
_JVM: Final = frozenset(("java", "kt", "kts", "scala", "groovy", "clj", "cljc", "class"))
_DOTNET: Final = frozenset(("cs", "fs", "vb", "razor", "cshtml"))
_BEAM: Final = frozenset(("ex", "exs", "erl", "gleam"))
NATIVE: Final = frozenset(("c", "cc", "cpp", "cxx", "c++", "h", "hh", "hpp", "m", "mm", "swift", "zig", "inc", "ipp"))

_SCHEME: Final = re.compile(r"^(?:[A-Za-z][\w+.\-]+:)?//(?:[^/]*(?=/))?|^[A-Za-z][\w+\-]+:(?=[^/\\])")
_AFTER_PATH: Final = re.compile(r"[?#].*$")
_VERSION: Final = re.compile(r"@v?\d[\w.\-+]*|-\d+(?:\.\d+)+(?=/|$)")
_AROUND: Final = re.compile(
    r"^/?\[?PROJECT_ROOT\]?(?=/)"
    r"|^.{0,200}/[^/]{1,80}\.app(?:/Contents)?(?:/(?:Resources|MacOS|Frameworks))?(?=/)"
    r"|^/(?:var/lib|run)/(?:docker|containerd|containers)/[\w./\-]{1,200}/(?:merged|fs|diff|rootfs)(?=/)"
)
"""What a client writes for the program's folder, and where containers and phones keep a program's files."""

_ROOT: Final = re.compile(
    r"^(?:[A-Za-z]:)?/(?:home/site/wwwroot|home/runner/work/[^/]+/[^/]+|opt/atlassian/pipelines/agent/build|var/task|var/runtime|usr/src/app|usr/app|usr/local|var/www(?:/html)?|home/[^/]+|users/[^/]+|root|app|srv|opt|"
    r"workspaces?|code|function|github/workspace|vercel/path\d|(?:private/)?(?:var/)?tmp|private/var/folders/[^/]+/[^/]+/\w|"
    r"var/folders/[^/]+/[^/]+/\w|inetpub/wwwroot|nix/store/[0-9a-z]{32}-[^/]+|gnu/store/[0-9a-z]{32}-[^/]+|"
    r"users/[^/]+/appdata/local/temp)(?=/)",
    re.IGNORECASE,
)
_CHANGING_FOLDER: Final = re.compile(
    r"v?\d[\d.\-_T]*|release[\-_]?\d[\w.\-]*|releases|current|build|dist|src|lib|app|\.{1,2}|[A-Za-z]:|"
    r"[0-9a-fA-F]{8}-[0-9a-fA-F\-]{27}|[\w\-]*[\-_]v?\d+(?:\.\d+)+[\w\-]*|"
    r"tmp[._\-]?(?=[a-z_]*\d|[A-Z])\w{6,12}|tmp[a-z0-9_]{8}|tmp\.\w{6,12}|_MEI\w+|ipykernel_\d+|go-build\d+|b\d{3}|_ray_pkg_\w+|session_[\d\-_]+|"
    r"(?:spark|blockmgr|userFiles|container|application|attempt|job|build|runtime_resources|pip-[a-z]+)[\-_][\w\-]*\d[\w\-]*"
)
_CACHE_FOLDER: Final = re.compile(r"[0-9a-f]{2}")
_NOTEBOOK: Final = re.compile(r"^<(?:ipython-input|command)-[^>]*>$|/ipykernel_\d+/\d+\.py$")
_JVM_ROOT: Final = re.compile(
    r"^.*(?:\.(?:jar|war)!(?:/(?:BOOT-INF|WEB-INF)/classes!?)?|/(?:classes|test-classes|out|bin)(?:/(?:java|kotlin|scala)(?:/(?:main|test))?|/production/[^/]+)?)/"
)
_JVM_PACKAGE: Final = re.compile(r"^.*?/(?=(?:com|org|net|io|de|fr|uk|eu|dev|app|ch|at|nl|jp|co)/)")
_JVM_CLASS: Final = re.compile(r"(?:[a-z_][\w]*\.)+[A-Za-z_$][\w$]*")
_LAMBDA_CLASS: Final = re.compile(r"\$\$Lambda.*$")
_RECEIVER: Final = re.compile(r"^(?:[\w\-~.%/]+/)?(?:[a-z][\w\-]*\.)(?=\(\*?[A-Z]|\(\*?[a-z]\w*\)|[A-Za-z_])")
_INLINED: Final = re.compile(
    r"(?:^|\.)(?:func\d+|gowrap\d+|[a-z]\w*\.func\d+)(?:\.\d+)*\.((?:\(\*?\w+\)\.)?[A-Z_a-z]\w*)\.(?:func)?\d+(?:\.\d+)*$"
)
_PACKAGE_FILES: Final = frozenset(("__init__", "__main__", "index", "mod", "page", "layout", "route"))

_ABOVE: Final = re.compile(r"^(?:\.\./)+(?:[^/]+/)?")

INLINE: Final = "(inline script)"


class Site(NamedTuple):
    """A frame's place and function, and the language that they were read as: a file extension, or "" when unknown."""

    place: str
    function: str
    language: str


def site_of(frame: Frame) -> Site:
    """Return what a frame is called, the same after each deploy."""
    path = frame.abs_path or frame.filename or ""
    if isinstance(frame, ResolvedFrame):
        # Of a path seen from where the script was written the first folder is the one that the project was checked out
        # into. Else what a bundler puts in front takes no part.
        path = _ABOVE.sub("", path) if path.startswith("../") else frame.filename or path
    return site(path, frame.module or "", frame.function or "", frame.package or "")


@lru_cache(maxsize=CACHE_SIZE)
def site(path: str, module: str, function: str, package: str) -> Site:
    """Return what a frame with these fields is called."""
    path, function = path[:LENGTH_LIMIT].strip(), function[:LENGTH_LIMIT].strip()
    language = language_of(path, module, function, package)
    if language == "go":
        return Site(_go_place(path, module, function), _go_function(function, module), language)
    if language in _JVM:
        module, function = _jvm_names(path, module, function)
        return Site(normalised(_VERSION.sub("", module)), normalised(function), "java")
    if language in _DOTNET or language in _BEAM:
        return Site(normalised(module) or _path_place(path, language), normalised(function), language)
    if language == "rs":
        name = normalised(scoped_name(function))
        scope, _, last = name.rpartition("::")
        return Site(scope or module or _path_place(path, language), last, language)
    if language in NATIVE:
        name = normalised(scoped_name(function))
        if path:
            return Site(_path_place(path, language), name, language)
        scope, _, last = name.rpartition("::")
        return Site(scope or module, last, language)
    name = "{closure}" if language == "php" and "{closure" in function else normalised(function)
    if not path:
        return Site(normalised(_VERSION.sub("", module)), name, language)
    # JavaScript, Ruby and PHP name the class in some traces and not in others; the file stands for it.
    for mark in (".", "#", "::", "->", "\\"):
        name = name.rpartition(mark)[2]
    return Site(_path_place(path, language), normalised(name), language)


@lru_cache(maxsize=CACHE_SIZE)
def language_of(path: str, module: str, function: str, package: str) -> str:
    """Return the extension of a frame's file, or of its language where the name of the function tells it."""
    extension = _extension(_AFTER_PATH.sub("", path))
    if extension == "s" and (path.startswith(("/usr/local/go", "runtime/")) or "/src/runtime/" in path):
        return "go"
    if extension in NATIVE or extension in _JVM or extension in SCRIPTS or extension in {"go", "rs", "py", "rb", "php"}:
        return extension
    if not extension or "/" not in path:
        if "::" in function and not path and not module:
            return "rs"  # and C++, which is read in the same way
        if _JVM_CLASS.fullmatch(path) and extension not in _DOTNET and extension not in _BEAM:
            return "java"
        if module and "/" in module and not path and "$$" not in module:
            return "go"
        if package and not module and not path:
            return "c"
        if not path and "." in module and (function == "<init>" or "$" in module or "$" in function):
            return "java"
    return extension


def _extension(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""


def _go_place(path: str, module: str, function: str) -> str:
    """Return folder and file; rollbar-go, bugsnag-go and gobrake tell of the package no more than these."""
    if path:
        place = _path_place(path, "go")
        # Every program has its own package main in a folder of its own, and clients name it or not.
        return "main" if place.endswith("/main") else place
    if not module and "/" in function:
        module = function.rpartition("/")[0] + "/" + function.rpartition("/")[2].partition(".")[0]
    return _VERSION.sub("", module).rpartition("/")[2]


def _go_function(function: str, module: str) -> str:
    name = function.rpartition("/")[2] if "[" not in function else function
    if not module and (found := _RECEIVER.match(name)) and not name.startswith(("glob.", "init.")):
        rest = name[found.end() :]
        # "main.func2" without its package is a function literal of main, "stock.At" is a function with its package.
        if not re.match(r"func\d|gowrap|deferwrap|init\.\d", rest):
            name = rest
    if inlined := _INLINED.search(name):
        name = f"{inlined[1]}.func"
    return normalised(name)


def _jvm_names(path: str, module: str, function: str) -> tuple[str, str]:
    """Return class and method, from whichever fields the client put them into."""
    if not module and "." in function and not function.startswith("<"):
        module, _, function = function.rpartition(".")
    if not module and path:
        name = _AROUND.sub("", path.replace("\\", "/"))
        if name.endswith(".class") or "/" in name:
            name = _JVM_ROOT.sub("", name)
            if name.startswith("/"):
                name = _JVM_PACKAGE.sub("", name)
            name = name.removesuffix(".class").strip("/")
            module = re.sub(r"\.(?:java|kt|kts|scala|groovy|clj)$", "", name).replace("/", ".")
        else:
            module = re.sub(r"\.(?:java|kt|kts|scala|groovy|clj)$", "", name)
    # A module of Java's stands before a slash, and a lambda's address behind one.
    return _LAMBDA_CLASS.sub("$$Lambda", module).rpartition("/")[2], function


def _path_place(path: str, language: str) -> str:
    if _NOTEBOOK.search(path):
        return "(notebook)"
    is_script = language in SCRIPTS or path.startswith(
        ("http://", "https://", "webpack", "app:", "capacitor:", "ionic:")
    )
    if is_script or path.startswith(("blob:", "data:", "wasm:")):
        if path.startswith(("blob:", "data:")):
            return INLINE
        if path.startswith("wasm:") or language == "wasm":
            return "wasm"
        if path.startswith(("http://", "https://")) and language not in SCRIPTS:
            return INLINE
    path = _AFTER_PATH.sub("", path)
    path = _SCHEME.sub("", path.replace("\\", "/"))
    if is_script and "%" in path:
        path = unquote(path)
    path = _ROOT.sub("", _AROUND.sub("", path))
    folders, _, name = _VERSION.sub("", path).rpartition("/")
    stem = without_hash(name.rpartition(".")[0] or name, is_script=is_script or language in SCRIPTS)
    if not is_script and language == "php" and is_hashed_folder(stem):
        stem = ""
    kept = [
        folder
        for folder in folders.split("/")
        if folder and not _CHANGING_FOLDER.fullmatch(folder) and not is_hashed_folder(folder)
    ]
    if not stem:
        while kept and _CACHE_FOLDER.fullmatch(kept[-1]):
            kept.pop()
        return "/".join(kept[-2:])
    wanted = 2 if stem in _PACKAGE_FILES else 1
    return "/".join([*kept[-wanted:], stem])


@lru_cache(maxsize=CACHE_SIZE)
def normalised(name: str) -> str:
    """Return a function's or class's name as its source has it, "" when it has none."""
    name = name[:LENGTH_LIMIT].strip()
    for pattern, replacement in _REWRITES:
        name = pattern.sub(replacement, name)
    return name
