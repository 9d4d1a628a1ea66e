"""A simulated tailnet: it answers LocalAPI over real sockets, deterministic from a seed."""
