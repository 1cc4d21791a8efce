"""The checks, one a file; a check of several languages is a folder with one file a language."""
