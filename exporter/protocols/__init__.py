"""The wire formats that clients speak, one file or folder each; a new one is a file and a line in `registry`."""
