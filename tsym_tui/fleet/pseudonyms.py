"""Hiding names: pseudonyms for nodes, people, tags, places and addresses, everywhere and always the same.

For screens that are shown and shared. What a reader needs stays: which nodes are of one place, tag or owner, which
address is of which subnet, and every number. A pseudonym depends on the name and on a salt that never leaves the
person's state folder, so the same node is called the same in every picture that they share, and nobody else can work
back. This hides names from readers, not from an attacker with other knowledge of the tailnet.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec

from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import UNUSED_EXIT_SUFFIX, Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.fleet.pseudoaddresses import FakeAddresses
from tsym_tui.fleet.pseudonames import FakeNames, NameKind, slug_of
from tsym_tui.fleet.pseudotexts import COMMON_WORDS, TOKEN, is_dns_name, is_public

SALT_BYTES = 32
LEAST_KNOWN = 3
"""Shorter names are hidden where they stand as names, not inside other words of a text."""

OUR_TAGS = frozenset({"tag:tsymbiote-adapter", "tag:tsymbiote-webui"})
"""Tags that this project names in its own documents."""

_HOSTED = frozenset({"", "https://controlplane.tailscale.com", "https://login.tailscale.com"})


def read_salt(folder: Path | None) -> bytes:
    """Return the salt kept in a folder, made on first use, for nobody else to read; one of its own without a folder.

    A folder that cannot be written to gives a salt for this time only: pseudonyms are then others the next time.
    """
    if folder is None:
        return secrets.token_bytes(SALT_BYTES)
    path = folder / "pseudonyms.salt"
    fresh = secrets.token_bytes(SALT_BYTES)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".pseudonyms.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
        with suppress(FileExistsError):
            os.link(draft, path)  # whoever comes first decides; nobody ever reads half a salt
        draft.unlink()
    with suppress(OSError):
        kept = path.read_bytes()
        if len(kept) == SALT_BYTES:
            return kept
    return fresh


class Pseudonyms:
    """Hides names. What it has seen in a picture it also finds in texts."""

    def __init__(self, salt: bytes) -> None:
        """Prepare to hide by a salt; `read_salt` keeps one."""
        self._names = FakeNames(salt)
        self._addresses = FakeAddresses(salt)
        self._known: dict[str, str] = {}
        """What stands for a word, by the word in small letters."""
        self._phrases: dict[str, str] = {}
        """The same for names of several words."""
        self._pattern: re.Pattern[str] | None = None
        self._real: dict[str, str] = {}
        """The name that a pseudonym stands for."""
        self._refs: dict[NodeRef, NodeRef] = {}
        self._real_refs: dict[NodeRef, NodeRef] = {}
        self._ids: set[str] = set()
        self._hosts: dict[str, Host] = {}
        self._nodes: dict[NodeRef, tuple[Node, Node]] = {}
        self._pairs: dict[tuple[NodeRef, NodeRef], tuple[Pair, Pair]] = {}

    # pictures

    def hide(self, snapshot: Snapshot) -> Snapshot:
        """Return a picture with pseudonyms; what has not changed since the last one is the same object."""
        self._learn(snapshot)
        nodes = {hidden.ref: hidden for hidden in map(self.node, snapshot.nodes.values())}
        before, self._pairs = self._pairs, {}
        pairs = dict(self._hidden_pair(pair, before.get(pair.key)) for pair in snapshot.pairs.values())
        hosts = tuple(self.host(host) for host in snapshot.hosts)
        return msgspec.structs.replace(snapshot, nodes=nodes, pairs=pairs, hosts=hosts)

    def _learn(self, snapshot: Snapshot) -> None:
        """Give names to everybody new, in an order that only the salt decides."""
        fresh = [
            node
            for ref, node in snapshot.nodes.items()
            if (kept := self._nodes.get(ref)) is None or kept[0] is not node
        ]
        names = {name for node in fresh for name in (node.short_name, node.host_name) if name}
        names |= {host.name for host in snapshot.hosts if host.name and ":" not in host.name and "/" not in host.name}
        for name in sorted(names, key=lambda name: (self._names.order(name), name != slug_of(name), name)):
            self.label(name)
        for tailnet in {ref.tailnet for ref in snapshot.nodes}:
            self._tailnet(tailnet)
        for node in fresh:
            self.dns(node.name)
            self.owner(node.owner or "")
            for tag in node.tags:
                self.tag(tag)

    def node(self, node: Node) -> Node:
        """Return a node with pseudonyms."""
        kept = self._nodes.get(node.ref)
        if kept is None or kept[0] is not node:
            kept = self._nodes[node.ref] = (node, self._node(node))
        return kept[1]

    def _node(self, node: Node) -> Node:
        return msgspec.structs.replace(
            node,
            ref=self.ref(node.ref),
            name=self.dns(node.name),
            host_name=self.label(node.host_name),
            addresses=tuple(self._addresses.stand_in(address) for address in node.addresses),
            tags=tuple(self.tag(tag) for tag in node.tags),
            owner=self.owner(node.owner) if node.owner else node.owner,
            home_region=self._region(node.home_region),
            routes=tuple(self._addresses.stand_in(route) for route in node.routes),
            site=self._site(node.site),
        )

    def _hidden_pair(self, pair: Pair, kept: tuple[Pair, Pair] | None) -> tuple[tuple[NodeRef, NodeRef], Pair]:
        if kept is None or kept[0] is not pair:
            kept = (pair, self._pair(pair))
        self._pairs[pair.key] = kept
        return kept[1].key, kept[1]

    def _pair(self, pair: Pair) -> Pair:
        return msgspec.structs.replace(
            pair,
            source=self.ref(pair.source),
            target=self.ref(pair.target),
            endpoint=None if pair.endpoint is None else self.words(pair.endpoint),
            derp_region=self._region(pair.derp_region),
            peer_relay=None if pair.peer_relay is None else self.words(pair.peer_relay),
            error=None if pair.error is None else self.words(pair.error),
        )

    def host(self, host: Host) -> Host:
        """Return a host with pseudonyms."""
        fake = msgspec.structs.replace(
            host,
            spec=self.spec(host.spec),
            ref=None if host.ref is None else self.ref(host.ref),
            name=self.spec(host.name) if host.name == host.spec else self._part(host.name),
            via=self.spec(host.via),
            error=None if host.error is None else self.words(host.error),
            health=tuple(self.words(warning) for warning in host.health),
        )
        self._hosts[fake.spec] = host
        return fake

    # single things

    def ref(self, ref: NodeRef) -> NodeRef:
        """Return the key that stands for a node's."""
        if ref not in self._refs:
            fake = NodeRef(self._tailnet(ref.tailnet), StableNodeID(self._names.identifier(ref.stable_id)))
            self._refs[ref], self._real_refs[fake] = fake, ref
            self._ids.add(ref.stable_id)
        return self._refs[ref]

    def knows(self, stable_id: str) -> bool:
        """Whether a text is the stable ID of a node that was in a picture."""
        return stable_id in self._ids

    def real_ref(self, ref: NodeRef) -> NodeRef:
        """Return the node's own key; any other as it is."""
        return self._real_refs.get(ref, ref)

    def real_host(self, host: Host) -> Host:
        """Return the host that one with pseudonyms stands for; any other as it is."""
        return self._hosts.get(host.spec, host)

    def _tailnet(self, tailnet: Tailnet) -> Tailnet:
        url = tailnet.control_url
        if url not in _HOSTED:
            scheme, mark, rest = url.partition("://")
            url = f"{scheme}{mark}{self.words(rest)}" if mark else self.words(url)
        return Tailnet(control_url=url, name=self.network(tailnet.name))

    def network(self, name: str) -> str:
        """Return what stands for a tailnet's name, or for the end of DNS names."""
        if "@" in name:
            return self.owner(name)
        return self._domain(name) if name else name

    def label(self, name: str) -> str:
        """Return what stands for a machine's name, without a domain."""
        return self._remember(name, self._names.stand_in(NameKind.NODE, name)) if name else name

    def dns(self, name: str) -> str:
        """Return what stands for a name with its domain; `nas.home.ts.net` keeps its end."""
        head, dot, domain = name.rstrip(".").partition(".")
        if name.endswith(UNUSED_EXIT_SUFFIX):
            return name  # the same exit nodes for everybody
        if not dot:
            return self.label(name)
        return self._remember(name.rstrip("."), f"{self.label(head)}.{self._domain(domain)}")

    def _domain(self, name: str) -> str:
        name = name.rstrip(".")
        if is_public(name) or name == "ts.net":
            return name
        own = name.removesuffix(".ts.net")
        fake = self._names.stand_in(NameKind.DOMAIN, own) + (".ts.net" if own != name else ".example")
        first = own.partition(".")[0]
        if len(first) > LEAST_KNOWN and "." in name:  # the company's name alone, as people write it
            self._remember(first, fake.partition(".")[0])
        return self._remember(name, fake)

    def owner(self, login: str) -> str:
        """Return what stands for a person's login."""
        if not login:
            return login
        user, at, domain = login.partition("@")
        fake = self._names.stand_in(NameKind.PERSON, user)
        if len(user) > LEAST_KNOWN:
            self._remember(user, fake)
        return self._remember(login, f"{fake}@{self._domain(domain)}" if domain else fake + at)

    def tag(self, tag: str) -> str:
        """Return what stands for a tag."""
        if tag in OUR_TAGS:
            return tag
        return self._remember(tag, f"tag:{self._names.stand_in(NameKind.TAG, tag.removeprefix('tag:'))}")

    def _site(self, site: str | None) -> str | None:
        if not site:
            return site
        place = self._addresses.stand_in(site)
        return place if place != site else self._remember(site, self._names.stand_in(NameKind.SITE, site))

    def identifier(self, text: str) -> str:
        """Return what stands for a stable ID."""
        return self._names.identifier(text)

    def _region(self, code: str | None) -> str | None:
        """Keep the codes of public regions, three letters each; others are somebody's own."""
        if code is None or (len(code) == 3 and code.isalpha()):
            return code
        return self._names.stand_in(NameKind.SPACE, code)

    def spec(self, text: str) -> str:
        """Return how a host is named, or by which way it is reached, with pseudonyms."""
        scheme, colon, rest = text.partition(":")
        if scheme in {"ssh", "agent", "kube"} and colon:
            path = ""
            if scheme == "ssh":
                rest, colon, path = rest.partition(":")
                path = colon + self.words(path)
            parts = re.split(r"(\[[^\]]+\]|[@/:]+)", rest)
            return f"{scheme}:{''.join(self._part(part) for part in parts)}{path}"
        if scheme == "sim" and "#" in rest:
            folder, _, host = rest.partition("#")
            return f"sim:{self.words(folder)}#{self.label(host)}"
        return self.words(text)

    def _part(self, part: str) -> str:
        """Hide one part of a spec: whatever stands there was named by somebody."""
        if not re.search(r"[^\W\d]", part):
            return self.words(part)
        hidden = self.words(part)
        return hidden if hidden != part else self.label(part)

    # texts and answers

    def words(self, text: str, *, keeps_own: bool = False) -> str:
        """Hide names in a text from outside; `keeps_own` leaves pseudonyms alone that stand there already."""
        if self._phrases:
            if self._pattern is None:
                longest = sorted(self._phrases, key=len, reverse=True)
                self._pattern = re.compile("|".join(re.escape(phrase) for phrase in longest), re.IGNORECASE)
            text = self._pattern.sub(lambda found: self._phrases[found[0].casefold()], text)
        return TOKEN.sub(lambda found: self._token(found, keeps_own=keeps_own), text)

    def _token(self, found: re.Match[str], *, keeps_own: bool) -> str:
        text = found[0]
        if keeps_own and self._is_own(text):
            return text
        hide = {"ip4": self._addresses.stand_in, "ip6": self._addresses.stand_in, "tag": self.tag, "login": self.owner}
        hide |= {"home": self._person, "key": self._secret, "mac": self._mac}
        return hide.get(found.lastgroup or "", self._word)(text)

    def _person(self, name: str) -> str:
        return self._names.stand_in(NameKind.PERSON, name)

    def _secret(self, key: str) -> str:
        scheme = re.match(r"\w+[:-]", key)
        return f"{scheme[0] if scheme else ''}{self._names.identifier(key)}"

    def _mac(self, address: str) -> str:
        """Return one of the documentation block of RFC 7042."""
        return "00:00:5e:00:53:" + f"{self._names.order(address)[0]:02x}"

    def _word(self, word: str) -> str:
        low = word.casefold()
        if low in self._known and len(low) > 1:
            return self._known[low]
        if is_dns_name(word):
            return self._strange_name(word)
        for mark in ".-_":
            if mark in word:
                return self._inside(word, mark)
        return word

    def _strange_name(self, name: str) -> str:
        """Hide a DNS name that nobody introduced: its own label and what it ends with."""
        labels = name.split(".")
        if labels[0].casefold() in self._known:
            return self.dns(name)
        for place in range(1, len(labels)):
            domain = ".".join(labels[place:]).casefold()
            if domain in self._known:
                return ".".join([self.label(label) for label in labels[:place]] + [self._known[domain]])
        return self._domain(name) if len(labels) == 2 else self.dns(name)

    def _inside(self, word: str, mark: str) -> str:
        """Hide known names inside a longer word: the longest run of its parts first."""
        parts = word.split(mark)
        count = len(parts)
        for length in range(count - 1, 0, -1):
            for start in range(count - length + 1):
                run = mark.join(parts[start : start + length])
                if len(run) >= LEAST_KNOWN and run.casefold() in self._known:
                    before, after = mark.join(parts[:start]), mark.join(parts[start + length :])
                    halves = [self._word(before), self._known[run.casefold()], self._word(after)]
                    return mark.join(half for half, own in zip(halves, (before, run, after), strict=True) if own)
        return mark.join(self._word(part) for part in parts)

    def _is_own(self, text: str) -> bool:
        return text in self._real or self._names.real(text) is not None or self._addresses.real(text) is not None

    def real(self, text: str) -> str:
        """Put the real names back into a text that was typed or chosen where pseudonyms are shown."""
        return TOKEN.sub(lambda found: self._real_token(found[0]), text)

    def _real_token(self, text: str) -> str:
        return self._addresses.real(text) or self._real.get(text) or self._names.real(text) or text

    def _remember(self, name: str, fake: str) -> str:
        """Note that a name is known, so that texts are searched for it."""
        low = name.casefold()
        self._real.setdefault(fake, name)
        if low in COMMON_WORDS:
            return fake
        if re.fullmatch(r"\w(?:[\w.-]*\w)?", low):
            self._known.setdefault(low, fake)
        elif low not in self._phrases and "@" not in low and ":" not in low:
            self._phrases[low] = fake
            self._pattern = None
        slug = slug_of(name)
        if slug != low and "." not in slug:
            self._known.setdefault(slug, fake)
        return fake
