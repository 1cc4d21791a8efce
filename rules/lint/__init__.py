"""A lint of the generated rules, after the checks that reviewers of rules ask for (and that pint made known)."""

from errtally.rules.lint.run import LintError, lint

__all__ = ["LintError", "lint"]
