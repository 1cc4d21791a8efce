"""Several exporters on one database: each ships its own journal there, and one of them folds."""
