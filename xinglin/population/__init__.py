"""Programmes, family doctors, public health (empty until its first need)."""
