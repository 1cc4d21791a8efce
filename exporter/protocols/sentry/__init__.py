"""Sentry's protocol, as every Sentry SDK speaks it: envelopes, the older store endpoint, and their items."""
