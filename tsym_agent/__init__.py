"""Everything that stands beside one tailscaled: its values, its wire, its clients, probes, supervisor and server.

This package is the foundation: it never imports the app, and nothing heavy (no textual, rich, click, httpx,
networkx, numpy or kubernetes), so that an agent lives in about 20 to 30 MiB.
"""

__version__ = "0.1.0"
"""Of the whole distribution; the build reads it here, since asking the installed metadata costs a start 20 ms."""
