"""Doors for people: sign-in, workbench, inbox, search."""
