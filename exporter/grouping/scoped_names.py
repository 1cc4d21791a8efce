"""Names of functions in C, C++, Swift, Objective-C and Rust: without arguments, templates and what compilers add.

Brackets are matched, because cutting at the first one leaves ``Order>`` of ``find<shop::Order>`` and nothing of
``(anonymous namespace)::price(int)``.
"""

from __future__ import annotations

import re
from typing import Final

_CLONE: Final = re.compile(
    r"(?: ?\[clone [^\]]*\]| ?\(\.[\w.]+\)|\.(?:constprop|isra|part|cold|lto_priv|llvm|warm|hot|localalias|resume"
    r"|destroy|cleanup)(?:\.\d+)?|\.\d+){1,8}$"
)
_ABI: Final = re.compile(r"\[abi:\w+\]")
_RUST_HASH: Final = re.compile(r"::h[0-9a-f]{16}$|\[[0-9a-f]{16}\]")
_CLOSURE: Final = re.compile(r"(?:::\{+(?:closure|impl|constant|shim|async_\w+)[^}]*\}+)+")
_LAMBDA: Final = re.compile(r"\$_\d+|\{lambda[^}]*\}|'lambda\d*'|<lambda_[0-9a-f]+>|\blambda_\d+")
_ANONYMOUS: Final = re.compile(
    r"\(anonymous(?: (?:namespace|class|struct))?\)|`anonymous[ -]namespace'|\{anonymous\}|_GLOBAL__N_1"
)
_BLOCK: Final = re.compile(r"^__\d+((?:[-+]\[.*\])|\w+)_block_invoke(?:_\d+|\.\d+)*$")
_SWIFT_PREFIX: Final = re.compile(
    r"^(?:(?:closure|implicit closure|autoclosure) #\d+ (?:\([^)]*\) )?in |(?:static|class|specialized|merged|"
    r"thunk for|@objc|partial apply for|partial apply forwarder for|function signature specialization <.*> of|"
    r"generic specialization <.*> of|protocol witness for) )+"
)
_SWIFT_REST: Final = re.compile(r" in conformance .*$| (?:async |throws |rethrows )*-> .*$")
_AFTER_ARGUMENTS: Final = re.compile(r"\)((?: (?:const|volatile|noexcept|&|&&))+|(?: async| throws)+)$")
_OPERATOR: Final = re.compile(
    r"operator *(?:\(\)|\[\]|<<=|>>=|<=>|<<|>>|<=|>=|->\*|->|<|>|new(?:\[\])?|delete(?:\[\])?)"
)
_OPERATORS: Final = {"(": "\x01", ")": "\x02", "<": "\x03", ">": "\x04", " ": "\x05", "[": "\x06", "]": "\x07"}
_HIDE: Final = str.maketrans(_OPERATORS)
_SHOW: Final = str.maketrans({hidden: shown for shown, hidden in _OPERATORS.items()})
_OFFSET: Final = re.compile(r"(?<!\s)\s*\+\s*(?:0x[0-9a-f]+|\d+)$")


def scoped_name(name: str) -> str:
    """Return a function's qualified name: ``shop::total`` for ``int shop::total<long>(int) const [clone .cold]``.

    A function inside of another (a lambda, a closure, a block) has the name of that one.
    """
    name = _OFFSET.sub("", name)
    if block := _BLOCK.match(name):
        name = block[1]
    if name.startswith(("-[", "+[")):
        return name
    name = _RUST_HASH.sub("", name)
    if "::" not in name:
        name = _SWIFT_REST.sub("", _SWIFT_PREFIX.sub("", name))
    name = _ANONYMOUS.sub("{anonymous}", _CLONE.sub("", name))
    name = _ABI.sub("", _CLOSURE.sub("", _LAMBDA.sub("{lambda}", name)))
    name = _OPERATOR.sub(lambda found: found[0].replace("operator (", "operator(").translate(_HIDE), name)
    name = _AFTER_ARGUMENTS.sub(")", name)
    name = _without_brackets(name)
    name = name.removesuffix("::operator\x01\x02") if "{lambda}" in name else name
    name = name.rstrip(" *&").rpartition(" ")[2]
    return name.translate(_SHOW).replace("::{lambda}", "").replace("{anonymous}", "(anonymous)") or name


def _without_brackets(name: str) -> str:
    """Leave out what stands in round and angle brackets; ``<A as B>::f`` keeps its first pair."""
    if name.startswith("<") and (end := _end_of_bracket(name)) > 0 and name[end : end + 2] == "::":
        inner, _, trait = name[1 : end - 1].partition(" as ")
        head = _without_brackets(inner.lstrip("&").removeprefix("mut "))
        head = f"<{head} as {_without_brackets(trait)}>".replace(" ", "\x05") if trait else head
        return head + _without_brackets(name[end:])
    if (start := name.find("<impl ")) >= 0 and (end := _end_of_bracket(name[start:])) > 0:
        inner = _without_brackets(name[start + 6 : start + end - 1]).replace(" ", "\x05")
        return f"{_without_brackets(name[:start])}::<impl\x05{inner}>{_without_brackets(name[start + end :])}"
    kept: list[str] = []
    depth = 0
    for at, letter in enumerate(name):
        if letter in "<(":
            depth += 1
        elif letter == ">" and name[at - 1 : at] == "-":
            continue
        elif letter in ">)":
            depth = max(depth - 1, 0)
        elif not depth:
            kept.append(letter)
    return "".join(kept).replace("::::", "::").removesuffix("::")


def _end_of_bracket(name: str) -> int:
    depth = 0
    for at, letter in enumerate(name):
        if letter == "<":
            depth += 1
        elif letter == ">" and name[at - 1 : at] != "-":
            depth -= 1
            if not depth:
                return at + 1
    return -1
