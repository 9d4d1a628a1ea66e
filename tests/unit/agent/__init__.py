"""Tests of the command `tsym-agent`."""
