"""The agent's HTTP server: allow-list, identity, streams, metrics. Nothing here yet."""
