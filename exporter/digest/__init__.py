"""From journal records to folded state: issues, counters, Apdex, users, within the budget of series."""
