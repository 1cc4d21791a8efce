"""From HTTP bytes to durable records: keys, limits, decompression, scrubbing, grouping, journal."""
