"""The pattern that finds a key that tells something, and the sign between it and its value.

It stands in front of `assignments`, which reads what was found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import rules
from errtally.event.scrub.gates import any_word
from errtally.event.scrub.keys import words
from errtally.event.scrub.spans import ENCODED_QUOTES

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT = rules()["text"]
_SENTENCE_ANCHORS = frozenset(_TEXT["sentence_anchors"])

# A key's end, and what stands between it and its value. The rarer forms: XML with attributes, escaped XML, a key and a
# value side by side (`name="password" value="x"`), XML-RPC and property lists, PHP's serialised texts, parts of a form,
# keys of a database's message, `password 'x'`.
_KEY = r"(?:[\w.\[\]$]{1,40}+|-(?!>)){0,20}+(?:%5[bd][\w.\[\]$-]{0,40}+){0,3}+"
_SEPARATOR = (
    rf"""(?:\\{{0,4}}(?:["'`]|"")|{ENCODED_QUOTES})?[\])]?[ \t]{{0,32}}"""
    r"""(?:=>\s{0,8}"""
    # `token string = "x"`, `password: str = "x"`
    r"""|:?[ ]?(?!\w{0,32}(?:pass|tok|secr|key|pw|auth|cred))[&*\w.<>?]{2,32}[ ]=(?=[ ]["'`])"""
    r"""|[:.?+]{2,3}=|!=+(?=[ ]?["'`])|<<?-(?=[ ]?["'`])|[ \t]\.="""
    r"""|\u2192|[ ](?:value|content)=(?=["'])|:=|=+|:(?![:/]|\\{1,4}(?!u002[27])[^"'`\\])|\uff1a|->|%(?:25){0,2}3[ad]"""
    r"""|>(?:<!\[cdata\[)?(?=[^<>]{1,256}(?:</|\]\]))|&(?:amp;){0,2}gt;|>\s{0,20}<(?:value|string|text)>(?=[^<>]{1,256}</)"""
    r"""|</(?:name|key|string)>\s{0,20}(?:<value>\s{0,20})?<string>(?=[^<>]{1,256}</)|(?<=[ ])(?:\|\||\?\?|\?)="""
    r"""|</(?:t[dh]|d[td]|b|strong|span|code|pre|label|div)>\s{0,20}(?:<(?!/)[^<>]{1,128}>\s{0,20}){1,3}(?=[^<>\s][^<>]{0,256}</)"""
    r"""|(?=[ ][\w:.-]{1,40}=)(?<!["'])[^<>]{1,300}+>(?:<!\[cdata\[)?(?=[^<>]{1,256}(?:</|\]\]))"""
    r"""|(?<=["'])(?:[,;]?\s{0,20}["']?value["']?\s{0,4}[:=]|;s:[0-9]{1,6}:)|[,;]\s{0,4}[a-z]{0,16}value=|\n\s{1,20}value[:=]|(?<=["'])\r?\n\r?\n"""
    r"""|(?<=["'][ ])\{\s{0,40}(?:[a-z_]{1,20}[ ]{0,12}=[^\n{}]{0,80}\n\s{0,40}){0,4}default[ ]{0,12}="""
    r"""|(?<=[ ])[-\u2013](?=[ ]["'`])|(?<=[ ])\|(?=[ ]?[^\s|])"""
    r"""|(?<=\w[ \t])(?=["'`])|(?<=\w[ \t]{2})(?=["'`])"""
)
# What sentences say of a password: `is x`, `for bob: x`.
_SENTENCE = (
    r"|(?<=\w[ ])(?=[0-9]{4,8}\b)"
    r"|(?:[ ]{2,32}|\t{1,4})(?=\w)"
    r"""|(?<=[ ])(?:["'`]?[\w'.@-]{1,32}["'`]?[ ]){0,5}"""
    r"""(?:is|was|es|ist|lautet|est|jest|este|je|adalah|là|è|é|är|er)[ ](?=[^\s])"""
    r"|(?<=\w[ ])(?:[\w@.'%+-]{1,24}[ ]){0,3}[\w@.'%/:+-]{1,64}[ ]?[:=][ ](?=[^\s])"
    r"|(?<=\w[ ])(?:[\w'-]{1,24}[ ]){0,4}(?=[“„«\u2018])|\|(?=[ ]?[^\s|])"
)
# What follows a key for one of these to be there: most words that only hold an anchor are given up here.
_QUICK = r"(?=[\"'`\\%&\])=:<>,;\uff1a\n-]|[ \t]{1,4}(?:\W|[\w:.&*<>-]{1,40}[ ]?=))"
_QUICK_SENTENCE = r"(?=[ \t\"'`\\%&\])=:<>,;\uff1a\n|-])"


def anchors(extra: Iterable[str] = ()) -> str:
    """The pattern, for lowered text, of a key's telling part alone."""
    return "|".join([any_word(_words(is_ascii=False)), *_extra(extra)])


def _words(*, is_ascii: bool) -> list[str]:
    return [*_TEXT["key_anchors"], *([] if is_ascii else _TEXT["other_anchors"])]


def _extra(extra: Iterable[str]) -> list[str]:
    return sorted({r"[_.-]?".join(map(re.escape, words(key))) for key in extra if words(key)})


def finder(extra: Iterable[str] = (), *, is_ascii: bool = True) -> str:
    """The pattern, for lowered text, of a key's telling part up to and with the separator.

    Args:
        extra: further key words.
        is_ascii: leave out the words that are not of ASCII letters.
    """
    groups: dict[tuple[str, bool], list[str]] = {}
    for anchor in _words(is_ascii=is_ascii):
        is_said = anchor in _SENTENCE_ANCHORS or not anchor.isascii()
        groups.setdefault((anchor[0], is_said), []).append(anchor)
    # Each branch begins with a letter: only so `re` skips quickly to the next place where one can begin.
    branches = [(any_word(group), is_said) for (_, is_said), group in sorted(groups.items())]
    branches += [(pattern, False) for pattern in _extra(extra)]
    return "|".join(
        f"{anchor}{_KEY}" + (f"{_QUICK_SENTENCE}{_SEPARATOR}{_SENTENCE})" if is_said else f"{_QUICK}{_SEPARATOR})")
        for anchor, is_said in branches
    )
