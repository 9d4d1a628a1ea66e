"""Bodies of the size a large tailnet has."""

from __future__ import annotations

import json


def status_body(peers: int) -> bytes:
    """Return a status of `peers` peers at about 1 KB each, shaped as daemon 1.102 writes it."""
    known = {f"nodekey:{number:064x}": _peer(number) for number in range(1, peers + 1)}
    return json.dumps(
        {
            "Version": "1.102.3",
            "TUN": True,
            "BackendState": "Running",
            "HaveNodeKey": True,
            "AuthURL": "",
            "TailscaleIPs": ["100.64.0.1", "fd7a:115c:a1e0::1"],
            "Self": _peer(0),
            "Health": None,
            "MagicDNSSuffix": "bench.ts.net",
            "CurrentTailnet": {"Name": "bench", "MagicDNSSuffix": "bench.ts.net", "MagicDNSEnabled": True},
            "CertDomains": None,
            "Peer": known,
            "User": {"7": {"ID": 7, "LoginName": "ann@example.com", "DisplayName": "Ann"}},
            "ClientVersion": None,
        },
        indent="\t",
    ).encode()


def _peer(number: int) -> dict[str, object]:
    address = f"100.64.{number // 250}.{number % 250 + 1}"
    return {
        "ID": f"n{number:08d}CNTRL",
        "NodeID": 10**15 + number,
        "PublicKey": f"nodekey:{number:064x}",
        "HostName": f"host-{number}",
        "DNSName": f"host-{number}.bench.ts.net.",
        "OS": "linux",
        "UserID": 7,
        "TailscaleIPs": [address, f"fd7a:115c:a1e0::{number + 1:x}"],
        "AllowedIPs": [f"{address}/32", f"fd7a:115c:a1e0::{number + 1:x}/128"],
        "Tags": ["tag:server"],
        "Addrs": None,
        "CurAddr": f"192.0.2.{number % 250 + 1}:41641" if number % 3 else "",
        "Relay": "fra",
        "PeerRelay": "",
        "RxBytes": 123456789 + number,
        "TxBytes": 987654321 + number,
        "Created": "2026-01-02T03:04:05.123456789Z",
        "LastWrite": "0001-01-01T00:00:00Z",
        "LastSeen": "0001-01-01T00:00:00Z",
        "LastHandshake": "2026-01-02T03:04:05.123456789Z",
        "Online": True,
        "ExitNode": False,
        "ExitNodeOption": False,
        "Active": bool(number % 2),
        "PeerAPIURL": [f"http://{address}:35777"],
        "TaildropTarget": 1,
        "NoFileSharingReason": "",
        "CapMap": {"https://tailscale.com/cap/is-admin": None, "funnel": None},
        "InNetworkMap": True,
        "InMagicSock": True,
        "InEngine": bool(number % 2),
    }
