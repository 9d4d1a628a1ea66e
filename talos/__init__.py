"""Tailscale on Talos Linux: ExtensionServiceConfig and schematics. Nothing here yet."""
