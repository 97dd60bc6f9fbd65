"""Benchmarks: ratios to a do-nothing view of the same server, measured side by side in one run."""
