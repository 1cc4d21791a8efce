"""The wire formats that clients speak, one file or folder each; adding one is adding a file and a line in `registry`."""
