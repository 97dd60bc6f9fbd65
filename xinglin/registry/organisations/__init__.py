"""Organisations: the houses of the county and how they belong together."""
