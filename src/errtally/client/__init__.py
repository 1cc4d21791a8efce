"""The client library: what an application imports to report errors and request timings; needs no other package.

A call takes a snapshot and appends it to a bounded queue; one thread of its own renders, scrubs and sends.
"""
