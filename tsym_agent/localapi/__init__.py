"""The LocalAPI of one tailscaled: finding it, asking it, and the errors it answers with."""
