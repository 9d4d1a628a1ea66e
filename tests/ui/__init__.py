"""Tests that drive the app."""
