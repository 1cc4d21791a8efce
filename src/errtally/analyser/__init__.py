"""The analyser of error handling in source code: parse, check, sum up, report.

A run goes through these stages: `sources` finds and reads files, `syntax` parses them, `facts` counts what they do
and `checks` finds what is wrong with it (a file at a time in `one_file`, spread over processes by `run`), `manifests`
reads what the projects depend on, `summary` sums it up, and `output` writes it down.
"""
