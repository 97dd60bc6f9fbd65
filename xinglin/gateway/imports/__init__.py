"""Bulk import: organisations, staff and residents as a county sends them, and FHIR bundles."""
