"""Whether a comment says why an error is treated as it is; a note for later, or code that somebody left, does not."""

from __future__ import annotations

import re

_LATER = re.compile(r"^\W*(?:todo|fixme|xxx|hack|tbd)\b", re.IGNORECASE)
_BOILERPLATE = re.compile(
    r"auto-?generated (?:catch|method|constructor)|^\W*(?:handle|process|log) (?:the )?(?:error|exception)s?"
    r"(?: here)?\W*$",
    re.IGNORECASE,
)
"""What an editor writes into a handler that it makes, and the wish that somebody will write one."""
_MARKS = re.compile(
    r"^\W*(?:noqa|nosec|nosonar|noinspection|type:|pylint:|pyright:|mypy:|pragma:|eslint-|tslint:|jshint|istanbul|c8 |"
    r"@ts-|prettier-|biome-|nolint|lint:|region\b|endregion\b|noop\W*$|!|-\*-)[^()]*$",
    re.IGNORECASE,
)
"""Instructions to other tools, the first lines of scripts, and words that only repeat that nothing is done."""
_CODE = re.compile(
    r"""^\W*(?:
        (?:return|raise|throw|yield|import|from|assert|del|await|const|let|var|new|print|pass|continue|break)\b[^.!?]*[;)(=\]'"]*$
        |[\w.$\[\]'"]+\s*(?:[-+*/|&]?=(?!=)|:=)\s*\S.*
        |[\w.$\[\]'"]+\((?:[^()]|\([^()]*\))*\)\s*[;{]?
        |.*[;{}]
        |(?:if|for|while|else|try|except|catch|finally)\b.*[:{]
    )\s*$""",
    re.VERBOSE,
)
_WHY = re.compile(
    r"\b(?:ignor\w*|fail\w*|error\w*|except\w*|throw\w*|raise[sd]?|catch\w*|swallow\w*|suppress\w*|silent\w*|quiet\w*|"
    r"harmless|safe\w*|optional\w*|best[- ]effort|expected|may|might|can(?:'t|not)|could|won't|don't|doesn't|"
    r"does not|do not|isn't|not|never|no|unless|because|since|so that|otherwise|fall[- ]?back|in case|already|missing|"
    r"unavailable|invalid|broken|older?|legacy|work ?around|race|anyway|matter|intentional\w*|deliberate\w*|purpose|"
    r"fire[- ]and[- ]forget|background|without|only|best|attempt|if|when|just|let|instead|even|still|available)\b",
    re.IGNORECASE,
)


def is_reason(comment: str) -> bool:
    """Whether a comment within a handler says anything about it.

    Args:
        comment: with or without its markers; a block comment may have several lines.
    """
    return any(_says_something(line) for line in comment.split("\n"))


def is_reason_above(comment: str) -> bool:
    """Whether a comment that stands above code is about what goes wrong in it, and not about what the code does."""
    return any(_says_something(line) and _WHY.search(line) is not None for line in comment.split("\n"))


def _says_something(line: str) -> bool:
    words = line.strip().strip("/*#<!->").strip()
    if not any(char.isalpha() for char in words) or line.startswith("#!"):
        return False
    return not (_LATER.match(words) or _BOILERPLATE.search(words) or _MARKS.match(words) or _CODE.match(words))
