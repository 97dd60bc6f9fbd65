"""House rules: the code read as data."""
