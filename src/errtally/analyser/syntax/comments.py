"""The comments of a file: only read where a suppression is in it, because Python's need a second pass."""

from __future__ import annotations

import io
import tokenize
from dataclasses import dataclass

from errtally.analyser.syntax.tree import COMMENTS, TreeFile, text, walk


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: its line, its text without markers, whether nothing else stands on the line."""

    line: int
    text: str
    is_alone: bool


def python_comments(source: str) -> list[Comment]:
    """Return a Python file's comments; the file has parsed, so it has tokens."""
    return [
        Comment(token.start[0], token.string.lstrip("#").strip(), not token.line[: token.start[1]].strip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]


def tree_comments(file: TreeFile) -> list[Comment]:
    """Return the comments of a file that tree-sitter parsed."""
    found = []
    for node in walk(file.root):
        if node.type in COMMENTS:
            words = text(node).strip("/*").strip()
            row, offset = node.start_point
            before = file.source[node.start_byte - offset : node.start_byte]
            found.append(Comment(row + 1, words, not before.strip()))
    return found
