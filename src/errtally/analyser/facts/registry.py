"""Which collector counts at which nodes; the same nodes that the checks look at are walked only once."""

from __future__ import annotations

from errtally.analyser.check import JAVASCRIPT
from errtally.analyser.facts import go, java, javascript, python

PYTHON_COLLECTORS = python.COLLECTORS
TREE_COLLECTORS = (
    (JAVASCRIPT, javascript.KINDS, javascript.collect),
    (("java",), java.KINDS, java.collect),
    (("go",), go.KINDS, go.collect),
)
