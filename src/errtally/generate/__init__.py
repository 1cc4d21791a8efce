"""What the generators of rules, routes and dashboards share: output files, YAML, peers' command-line tools."""
