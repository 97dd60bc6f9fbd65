"""Terminology: coded lists of the field, and how they are searched."""
