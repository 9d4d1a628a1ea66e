"""A complete real tailnet in network namespaces: control server, relays, NAT routers and nodes.

From the ground up: `requirements` (can this machine do it), `tools` (the binaries), `claim` (names, and sweeping
what killed runs left), `netns` (the network), `programs` (long-running processes), `control` (headscale and the
relays), `node` (one tailscaled), `tailnet` (all of it), `expectations` (which path each pair must show). None of
these imports the code under test: `clients`, `matrix` and the test modules do.
"""
