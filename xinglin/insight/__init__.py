"""Warehouse, indicators, appraisal, cockpit, simulation (empty until its first need)."""
