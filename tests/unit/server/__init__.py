"""Tests of the agent's server."""
