"""Tests that span modules, and what the tests of every module stand on."""
