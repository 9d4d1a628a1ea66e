"""Supervise one tailscaled process: argv, socket, bus, shutdown. Nothing here yet."""
