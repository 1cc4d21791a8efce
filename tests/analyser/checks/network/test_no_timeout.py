"""`network/no-timeout`: what it finds, what it leaves alone, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.analyser.checking import lines


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        pytest.param("python", "import requests\nrequests.get(u)\n", [2], id="requests"),
        pytest.param("python", "from requests import post as send\nsend(u)\n", [2], id="requests by another name"),
        pytest.param(
            "python", "import requests\ndef f():\n    s = requests.Session()\n    s.get(u)\n", [4], id="a session"
        ),
        pytest.param("python", "from urllib.request import urlopen\nurlopen(u)\n", [2], id="urlopen"),
        pytest.param(
            "python", "import httpx\nhttpx.get(u, timeout=None)\n", [2], id="httpx with the timeout switched off"
        ),
        pytest.param("python", "import httpx\nhttpx.get(u)\n", [], id="httpx has one"),
        pytest.param("python", "import requests\nrequests.get(u, timeout=3)\n", [], id="a timeout"),
        pytest.param("python", "import requests\nrequests.get(u, **options)\n", [], id="options that may hold one"),
        pytest.param("python", "import socket\nsocket.create_connection(a, 3)\n", [], id="a timeout by position"),
        pytest.param("python", "requests = {}\nvalues.get(u)\n", [], id="a dictionary's get"),
        pytest.param("javascript", "const fs = require('fs');\nfetch('https://a');\n", [2], id="fetch of a server"),
        pytest.param(
            "javascript",
            "const fs = require('fs');\nfetch('https://a', { signal: AbortSignal.timeout(3) });\n",
            [],
            id="fetch with a signal",
        ),
        pytest.param("javascript", "fetch('https://a');\n", [], id="fetch in a browser"),
        pytest.param(
            "javascript",
            "const fs = require('fs');\nconst fetch = wrap();\nfetch('https://a');\n",
            [],
            id="a fetch of the file's own",
        ),
        pytest.param("typescript", "import axios from 'axios';\naxios.get('https://a');\n", [2], id="axios"),
        pytest.param(
            "typescript",
            "import axios from 'axios';\naxios.defaults.timeout = 3;\naxios.get('https://a');\n",
            [],
            id="axios with defaults",
        ),
        pytest.param(
            "java",
            "class A { HttpClient c = HttpClient.newBuilder().build(); }\n",
            [1],
            id="a client built without one",
        ),
        pytest.param(
            "java",
            "class A { HttpClient c = HttpClient.newBuilder().connectTimeout(d).build(); }\n",
            [],
            id="a client built with one",
        ),
        pytest.param(
            "go",
            'package a\nimport "net/http"\nvar c = &http.Client{Transport: t}\n',
            [3],
            id="a client of Go without one",
        ),
        pytest.param(
            "go", 'package a\nimport "net/http"\nvar c = &http.Client{Timeout: t}\n', [], id="a client of Go with one"
        ),
        pytest.param(
            "go",
            'package a\nimport "net/http"\nfunc f() {\n\thttp.DefaultClient.Do(r)\n}\n',
            [4],
            id="the default client",
        ),
        pytest.param("go", 'package a\nimport "net"\nfunc f() {\n\tnet.Dial("tcp", a)\n}\n', [4], id="dialling TCP"),
        pytest.param("go", 'package a\nimport "net"\nfunc f() {\n\tnet.Dial("udp", a)\n}\n', [], id="dialling UDP"),
    ],
)
def test_the_findings_of_a_piece_of_code(language: str, source: str, expected: list[int]) -> None:
    assert lines("network/no-timeout", language, source) == expected
