"""The supervisor, on programs that only play tailscaled and tailscale."""
