"""Settings, the one table of addresses and the command line."""
