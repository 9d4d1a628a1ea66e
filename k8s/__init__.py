"""Tailscale on Kubernetes: inject, operator, containerboot and CNI. Nothing here yet."""
