"""Measuring: pings with a budget, windows of samples, and what they add up to."""
