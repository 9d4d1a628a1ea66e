"""Tests of the LocalAPI client."""
