"""Control-plane clients behind one interface: Tailscale and Headscale. Nothing here yet."""
