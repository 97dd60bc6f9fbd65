"""Who may open whose record, on what ground, and who did: consent, break-glass, review."""
