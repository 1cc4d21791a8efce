"""Finding issues: a small query language, what it means in SQL, and pages of results."""
