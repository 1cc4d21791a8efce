"""Where accepted events wait until the writer folds them: append-only segment files, one writer of each."""
