"""All checks of tsym that are tests."""
