"""Counting this process's open files, for tests that nothing is left open."""

import os


def open_files() -> int:
    """Return how many descriptors are open; the one that counting takes is the same each time."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counting, and nothing else
