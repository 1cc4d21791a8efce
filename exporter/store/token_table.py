"""The table of tokens, in what SQLite and PostgreSQL both understand."""

TABLE = """CREATE TABLE IF NOT EXISTS tokens (
  name      TEXT PRIMARY KEY,
  hash      TEXT NOT NULL UNIQUE,
  scopes    TEXT NOT NULL,  -- separated by blanks
  created   REAL NOT NULL,
  by        TEXT NOT NULL,
  last_used REAL
) WITHOUT ROWID"""
