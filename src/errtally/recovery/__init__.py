"""Recovery from faults: a strategy for each class of error, retries, circuit breakers, fallbacks."""
