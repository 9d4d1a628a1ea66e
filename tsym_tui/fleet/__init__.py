"""The set of hosts: naming them, connecting, polling, sweeping, and the picture they add up to."""
