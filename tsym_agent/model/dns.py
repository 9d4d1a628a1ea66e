"""`GET /localapi/v0/dns-config`: the DNS that control asks this node to use (daemons from 1.98)."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class Resolver(msgspec.Struct, frozen=True, rename="pascal"):
    """One DNS server."""

    addr: str = ""
    """An IP, `ip:port`, or a DNS-over-HTTPS address."""
    bootstrap_resolution: tuple[str, ...] | None = None
    use_with_exit_node: bool = False


class DNSRecord(msgspec.Struct, frozen=True, rename="pascal"):
    """One record that control adds to MagicDNS."""

    name: str = ""
    type: str = ""
    """Empty = A or AAAA by the value."""
    value: str = ""


class DNSConfig(msgspec.Struct, frozen=True, rename="pascal"):
    """What the tailnet wants of DNS; whether the node accepts it stands in `Prefs.corp_dns`."""

    resolvers: tuple[Resolver, ...] | None = None
    """Global name servers; none = the system's own."""
    routes: dict[str, tuple[Resolver, ...] | None] | None = None
    """Split DNS by suffix; no resolvers = answered by MagicDNS itself."""
    fallback_resolvers: tuple[Resolver, ...] | None = None
    domains: tuple[str, ...] | None = None
    """Search domains."""
    proxied: bool = False
    """MagicDNS is on."""
    cert_domains: tuple[str, ...] | None = None
    extra_records: tuple[DNSRecord, ...] | None = None


_DECODER = msgspec.json.Decoder(DNSConfig)


def parse_dns_config(body: Body) -> DNSConfig:
    """Read the tailnet's DNS settings."""
    return decode(_DECODER, body)
