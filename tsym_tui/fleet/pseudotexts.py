"""Finding what names somebody in a text that a daemon, a person or an error wrote.

What is known by name is found wherever it stands, also inside longer words; addresses, logins, tags, keys, home folders
and DNS names are found by their looks. Better one word too many is hidden than one too few: but words of programs
(files, versions, Go packages, public services) stay, or nobody could read a log.
"""

from __future__ import annotations

import re

PUBLIC_DOMAINS = (
    "tailscale.com",
    "tailscale.io",
    "github.com",
    "golang.org",
    "mullvad.ts.net",
    "kubernetes.io",
    "k8s.io",
    "cluster.local",
)
"""What is the same for everybody."""

_FILES = """
bin cfg cnf conf crt csv db env gz go html ini json key lock log md mod ndjson out pem pid png proto py rules rs
service sh so sock socket state svg tar target timer tmp toml txt xml yaml yml zip
"""
_TOP_LEVEL = """
at au be biz br ca cc ch cloud cn co com corp de dev dk edu es eu example fi fr gov home in info intranet internal io
it jp kr lan local localdomain me net nl no nz online org pl private pt se site tech test tv uk us xyz za
"""
_FILE_ENDS = frozenset(_FILES.split())
_DNS_ENDS = frozenset(_TOP_LEVEL.split())
"""Last labels that make two words with a dot a DNS name; three words with two dots need none."""

_COMMON = """
access account address admin agent all android answer answers api app bug client cluster connection control daemon
dead default denied derp device dial direct disco dns down error exit expired expires failed false freebsd fresh from
home host hosts http https icmp info ios key linux local localhost log logged login machine macos mobile name network
never node nodes none not null office offline one online operator out peer peer-relay peerapi peers ping port proxy
read refused relay root route router run running self server service slow socket ssh stale start starting state status
stop stopped sudo system tailnet tailscale tailscaled test tests the time timeout tmp true tsmp tvos two udp unknown
unnamed up user usr var wait web wide windows with work write
"""
COMMON_WORDS = frozenset(_COMMON.split())
"""What sentences and paths say anyway: a node that is called so is hidden in its own fields, and not inside texts."""

TOKEN = re.compile(
    r"""
    (?P<tag>tag:[\w.-]+)
    | (?P<key>\b(?:nodekey|discokey|mkey|privkey|nlpub|tlpub|nlpriv|tlpriv|chalpub|tskey)[:-][\w:=+/-]{4,})
    | (?P<mac>(?<![\w:])(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}(?![\w:]))
    | (?P<login>[\w.+%-]+@[\w-]+(?:\.[\w-]+)*)
    | (?P<ip6>(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4})(?:/\d{1,3})?(?![\w:]))
    | (?P<ip4>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?!\.?\d))
    | (?P<home>(?<=/home/)[^/\s:"']+|(?<=/Users/)[^/\s:"']+)
    | (?P<word>\w(?:[\w.-]*\w)?)
    """,
    re.VERBOSE,
)
"""One thing that may name somebody; what stands between them never does."""


def is_dns_name(word: str) -> bool:
    """Whether a word looks like a DNS name of somebody, and not like a file, a version or a program's identifier."""
    labels = word.rstrip(".").split(".")
    last = labels[-1].casefold()
    if len(labels) < 2 or not last.isalpha() or len(last) < 2 or not all(labels):
        return False
    if is_public(word):
        return False
    if len(labels) == 2:
        return last in _DNS_ENDS and _is_plain(word)
    return last not in _FILE_ENDS and _is_plain(word)


def is_public(word: str) -> bool:
    """Whether a DNS name belongs to everybody."""
    low = word.rstrip(".").casefold()
    return any(low == domain or low.endswith(f".{domain}") for domain in PUBLIC_DOMAINS)


def _is_plain(word: str) -> bool:
    """Whether a word is written as DNS names are: identifiers of programs mix cases inside a label."""
    return all(label.islower() or label.isupper() or label.isdigit() or label.istitle() for label in _bare(word))


def _bare(word: str) -> list[str]:
    return [re.sub(r"[^0-9A-Za-z]", "", label) or "x" for label in word.rstrip(".").split(".")]
