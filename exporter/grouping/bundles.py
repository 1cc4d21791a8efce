"""The hash in a bundle's file name, which changes with each build: taken out, so that the rest names the bundle.

The forms, and who writes them:

- ``main.3f2a1c9b``, ``orders-0123456789abcdef``: hexadecimal, 6 to 64 digits (webpack, Parcel, Next, Sprockets, Metro)
- ``index-Dq-2xY9p``: 8 characters of base64url (Vite, Rollup); the name is nothing else in Nuxt and SvelteKit
- ``chunk-5AB2CDEF``: 8 characters of upper-case base32 (esbuild, Angular)
- ``1kft0mz3ypx5e``, ``turbopack-0zq_vp9s-5ndp``: 13 characters of lower-case letters, digits, ``_-~.`` (Turbopack)
- folders: 20 to 22 characters of base64url (Next's build ids), hexadecimal

Words have the same alphabets, and stay: ``order-facade``, ``user-settings``, ``UserForm``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from errtally.exporter.grouping.wordlike import is_usual, is_wordlike

CACHE_SIZE: Final = 8192

_HEX: Final = re.compile(r"(?:^|[.\-_~])((?=[0-9a-f]*\d)[0-9a-f]{6,64}|[0-9a-f]{8,64}|[0-9A-F]{16,64})(?=[.\-_~]|$)")
_HEX_WITH_LETTERS: Final = re.compile(r"(?:^|[.\-_~])((?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{7,64})(?=[.\-_~]|$)")
_DIGITS: Final = re.compile(
    r"\d{1,5}|\d{4}-\d{2}|v\d{1,2}|x509|x64|x86|win32|ia32|arm64|amd64|d3|h[23]|s3|k8s|i18n|l10n|a11y|e2e|p2p|md5|ed25519|es[56]|web3|[23]d"
)
_BASE64: Final = re.compile(r"(?:^|[.\-])([A-Za-z0-9_\-]{8})(?=$|\.)")
_BASE32: Final = re.compile(r"(?:^|[.\-])([A-Z2-7]{8})(?=$|\.)")
_TURBOPACK: Final = re.compile(r"(?:^|[.\-])([0-3][0-9a-z_\-~.]{12})$")
_DATED: Final = re.compile(r"\d{2,4}(?:-[a-z]{3,})+")
_TURBOPACK_PATH: Final = re.compile(r"_([0-9a-f]{5,8})\._$")
_OLD_BASE62: Final = re.compile(r"[.\-_~]((?=[A-Za-z]*\d)[A-Za-z0-9]{9,24})(?=[.\-_~]|$)")
_FOLDER: Final = re.compile(r"[A-Za-z0-9_\-]{20,22}|[0-9a-f]{7,64}")
_JOINTS: Final = re.compile(r"[\-_.~]")
_MARKS: Final = ".-_~"


@lru_cache(maxsize=CACHE_SIZE)
def without_hash(stem: str, *, is_script: bool = True) -> str:
    """Return a file's name without the hash in it, "" when it is nothing else.

    Args:
        stem: the name without its extension.
        is_script: JavaScript or what goes with it, which bundlers write; of other files only hexadecimal is taken out.
    """
    if not is_script:
        return _HEX_WITH_LETTERS.sub("", stem).lstrip(_MARKS) if _HEX_WITH_LETTERS.search(stem) else stem
    without = _without_hash(stem)
    return without.strip(_MARKS) if without != stem else stem


def _without_hash(stem: str) -> str:
    match = _TURBOPACK.search(stem)
    if match and not (_DATED.fullmatch(match[1]) and _reads_as_words(match[1])):
        return stem[: match.start()]
    stem = _TURBOPACK_PATH.sub("", stem)
    stem = _HEX.sub("", stem)
    for form in (_BASE32, _BASE64, _OLD_BASE62):
        # The last one only: a chunk's own name goes before.
        for match in reversed(list(form.finditer(stem))):
            found = match[1]
            is_hash = not _reads_as_words(found) if form is not _BASE32 else not found.isdigit()
            if is_hash:
                stem = stem[: match.start()] + stem[match.end() :]
                break
    return stem


def is_hashed_folder(name: str) -> bool:
    """Return whether a folder's name is a build's: Next's build id, a commit."""
    if _FOLDER.fullmatch(name) is None or _reads_as_words(name):
        return False
    return name != name.lower() or _HEX_WITH_LETTERS.fullmatch(name) is not None or name.isdigit()


def _reads_as_words(text: str) -> bool:
    """Whether what might be a hash is words and numbers with marks between them, all written in one way."""
    parts = _JOINTS.split(text)
    if not all(parts) or len(set(_JOINTS.findall(text))) > 1 or all(map(str.isdigit, parts)):
        return False  # marks stand between words, and are all the same
    return all(map(_is_part if len(parts) > 1 else _is_word, parts))


def _is_word(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None or is_wordlike(text)


def _is_part(part: str) -> bool:
    """Whether a part of several is a number, a word, or an acronym that is known."""
    return _is_word(part) and (part == part.lower() or (part.isupper() and is_usual(part)))
