"""Names that stand for names: a word and a number, the same every time for a salt, never one for two."""

from __future__ import annotations

import re
from enum import StrEnum
from hashlib import blake2b


class NameKind(StrEnum):
    """What a name is of; each kind has words of its own, so that a reader knows which it is."""

    NODE = "node"
    PERSON = "person"
    DOMAIN = "domain"
    TAG = "tag"
    SITE = "site"
    SPACE = "space"
    """A namespace, a profile, a share: whatever else somebody named."""


_NODES = """
adder alpaca badger beaver bison bobcat camel caribou cheetah cobra condor coyote crane cricket curlew dingo dolphin
donkey eagle egret falcon ferret finch fox gecko gibbon goose grouse hare hawk heron hyena ibex ibis iguana jackal
jaguar kestrel koala lemur lion llama lynx magpie marten mole moose newt ocelot osprey otter owl panda parrot pelican
plover puffin puma quail rabbit raven robin salmon seal shrew skunk sloth stoat stork swan tapir tiger toucan trout
turtle viper vole walrus weasel whale wombat wren yak zebra
"""
_DOMAINS = """
bay brook canyon cape cliff coast cove creek delta dune fen field fjord forest glade glen grove harbour heath hill
island lagoon lake marsh meadow moor oasis pass peak plain pond prairie reef ridge river shore slope spring strait
summit valley wood
"""
_TAGS = """
amber azure beige bronze coral crimson cyan ebony gold grey hazel indigo ivory jade khaki lemon lilac lime mauve mint
ochre olive opal pearl pink plum ruby rust sable sand scarlet sienna silver slate teal topaz umber violet white
"""
_SITES = """
alder ash aspen beech birch cedar cherry cypress elder elm fir hawthorn hazel hemlock holly juniper larch laurel lime
linden maple oak olive pear pine plane poplar rowan spruce sycamore walnut willow yew
"""
_WORDS = {
    NameKind.NODE: _NODES.split(),
    NameKind.PERSON: ["user"],
    NameKind.DOMAIN: _DOMAINS.split(),
    NameKind.TAG: _TAGS.split(),
    NameKind.SITE: _SITES.split(),
    NameKind.SPACE: ["space"],
}
_NUMBERS = {NameKind.PERSON: 9000, NameKind.SPACE: 9000}
_FEWEST = 900
"""Three digits: a household never meets two of one hash, and five thousand nodes have names enough."""


class FakeNames:
    """Gives out names, and remembers for whom."""

    def __init__(self, salt: bytes) -> None:
        self._key = salt[:64]
        self._given: dict[tuple[NameKind, str], str] = {}
        self._real: dict[str, str] = {}

    def stand_in(self, kind: NameKind, name: str) -> str:
        """Return what stands for a name of a kind; writing it in capitals or with blanks makes no other name."""
        slug = slug_of(name)
        key = kind, slug
        if key not in self._given:
            self._given[key] = fake = self._mint(kind, slug)
            self._real[fake] = name
        return self._given[key]

    def has(self, kind: NameKind, name: str) -> bool:
        """Whether a name was given one already."""
        return (kind, slug_of(name)) in self._given

    def real(self, fake: str) -> str | None:
        """Return whom a name stands for; None when it stands for nobody."""
        return self._real.get(fake)

    def order(self, name: str) -> bytes:
        """Return a sorting key that depends on the salt alone: names given in this order are always the same."""
        return self._hash(NameKind.NODE, slug_of(name))

    def identifier(self, text: str) -> str:
        """Return what stands for an ID, of the same shape: a number for a number, else as the hosted service writes."""
        if not text:
            return text
        digest = int.from_bytes(self._hash(NameKind.SPACE, f"id {text}"), "big")
        fake = str(digest % 9_000_000 + 1_000_000) if text.isdigit() else f"n{_letters(digest, 10)}11CNTRL"
        while self._real.setdefault(fake, text) != text:
            digest += 1
            fake = str(digest % 9_000_000 + 1_000_000) if text.isdigit() else f"n{_letters(digest, 10)}11CNTRL"
        return fake

    def _mint(self, kind: NameKind, slug: str) -> str:
        digest = int.from_bytes(self._hash(kind, slug), "big")
        words, count = _WORDS[kind], _NUMBERS.get(kind, _FEWEST)
        first = count // 9
        for step in range(len(words) * count):
            place, number = divmod((digest + step) % (len(words) * count), count)
            fake = f"{words[place]}-{first + number}"
            if fake not in self._real:
                return fake
        return f"{words[0]}-{digest}"  # more names than there are: never two of one

    def _hash(self, kind: NameKind, text: str) -> bytes:
        return blake2b(text.encode(), digest_size=12, key=self._key, person=kind.value.encode()).digest()


def slug_of(name: str) -> str:
    """Return a name as MagicDNS would write it, so that a host name and its label are one."""
    plain = re.sub(r"['’]", "", name.casefold())
    return re.sub(r"[^\w.]+", "-", plain).strip("-") or name


_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789"


def _letters(number: int, count: int) -> str:
    text = ""
    for _ in range(count):
        number, place = divmod(number, len(_ALPHABET))
        text += _ALPHABET[place]
    return text
