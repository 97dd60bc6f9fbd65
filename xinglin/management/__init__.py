"""Governance, staffing, supply, finance, insurance, quality (empty until its first need)."""
