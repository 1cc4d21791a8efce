"""Calls over the network."""
