"""The agent's HTTP server: allow-list, identity, streams, metrics. It diagnoses nothing."""
