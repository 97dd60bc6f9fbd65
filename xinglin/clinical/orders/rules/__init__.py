"""What needs no database: when something is due, and whether a drug is safe for this person."""
