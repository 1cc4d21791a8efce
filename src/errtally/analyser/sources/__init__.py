"""Find the files of a tree and read them."""
