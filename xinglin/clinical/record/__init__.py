"""The record: what happened to a person, where, when, by whom, and from which system."""
