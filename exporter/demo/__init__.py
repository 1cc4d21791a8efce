"""Traffic of an imagined shop: services of several runtimes that answer requests and sometimes fail."""
