"""The part of Sentry's web API that the tools around it use, below ``/api/0/`` (see docs/sentry-api.md).

Built from the same reads and decisions as the pages: a second view of one truth. Reference of the forms:
https://docs.sentry.io/api/ and what clients refuse to go without.
"""
