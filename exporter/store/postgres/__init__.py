"""The store in PostgreSQL: a connection that speaks as SQLite's does, and the tables made of the same schema."""
