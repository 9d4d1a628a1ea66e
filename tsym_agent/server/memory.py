"""How the C library is asked to keep what we free for what we need next."""

from __future__ import annotations

_KEPT_BYTES = 1024 * 1024


def keep_freed_memory() -> None:
    """Free one block of a megabyte, once, at the start of a process.

    glibc returns large blocks to the system as soon as they are freed, and faults them in again for the next chunk of a
    body: a third of the CPU that passing on a megabyte takes. Where it returns them it learns from the largest block
    that was ever freed (mallopt(3), M_MMAP_THRESHOLD), so one is; nothing is written to it, so it costs nothing. Other
    C libraries take no notice.
    """
    bytes(_KEPT_BYTES)
