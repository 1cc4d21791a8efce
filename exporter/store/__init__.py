"""Where folded state lives: SQLite, written by the one writer, read by every worker."""
