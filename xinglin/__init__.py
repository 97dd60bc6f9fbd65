"""Xinglin (杏林): one house for the health care of a county."""
