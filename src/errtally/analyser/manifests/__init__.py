"""Read which libraries a project depends on, one format of manifest a file."""
