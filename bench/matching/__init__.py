"""How well people are matched, and how fast: see `python -m bench.matching --help`."""
