"""`python -m errtally`, the same as the command `errtally`."""

from errtally.cli import main

main()
