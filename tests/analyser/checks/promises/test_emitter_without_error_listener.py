"""`promises/emitter-without-error-listener`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param(
            "javascript",
            "const fs = require('fs');\nconst s = fs.createReadStream('a');\ns.on('data', f);\n",
            [2],
            id="a stream",
        ),
        pytest.param(
            "javascript",
            "const fs = require('fs');\nconst s = fs.createReadStream('a');\ns.on('data', f).on('error', g);\n",
            [],
            id="a listener",
        ),
        pytest.param(
            "javascript", "const fs = require('fs');\nconst s = fs.createReadStream('a');\nf(s);\n", [], id="handed on"
        ),
        pytest.param(
            "javascript", "const s = fs.createReadStream('a');\ns.on('data', f);\n", [], id="not the package of Node.js"
        ),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("promises/emitter-without-error-listener", language, source) == expected
