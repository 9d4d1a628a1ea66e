"""The `tsym` command: click groups that import what they need inside functions."""
