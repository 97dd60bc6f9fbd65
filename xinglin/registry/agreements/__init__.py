"""Agreements between houses: who works with whom, in what, on which terms, until when."""
