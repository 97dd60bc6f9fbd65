"""People: who the residents are, and how one person is told from another (EMPI)."""
