"""OpenSSH's own server on a host of the lab, and a user's ssh that knows it."""

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .node import Node
from .programs import Program, run, wait_until
from .requirements import LabError

PORT = 22
START_DEADLINE_S = 10.0


@dataclass(frozen=True)
class Sshd:
    """One running server; its files lie in `folder`."""

    node: Node
    folder: Path
    program: Program

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.program.log.read_text(errors="replace")


def make_key(path: Path, passphrase: str = "") -> str:
    """Make a key and return its public half."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", path.name, "-f", path])
    return path.with_suffix(".pub").read_text()


@contextmanager
def sshd(node: Node, folder: Path, *options: str, at_usual_place: bool = False) -> Iterator[Sshd]:
    """Serve ssh on a node's host for a while; who may log in is in `authorized` in the folder.

    The server sees a /run of its own. `at_usual_place` puts the daemon's socket there, where packages have it.
    """
    folder.mkdir(mode=0o711)
    make_key(folder / "host")
    (folder / "authorized").touch()
    path = f"{tools.ensure(tools.TAILSCALE)}:/usr/bin:/bin"
    settings = (
        f"ListenAddress {node.host.address}",
        f"Port {PORT}",
        f"HostKey {folder}/host",
        f"AuthorizedKeysFile {folder}/authorized",
        "StrictModes no",  # the lab's folder is under /tmp
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PidFile none",
        f"SetEnv PATH={path}",
        *options,
    )
    (folder / "sshd_config").write_text("\n".join(settings) + "\n")
    place = f"mkdir -m 755 /run/tailscale && ln -s {node.socket} /run/tailscale/tailscaled.sock && "
    script = f"mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && {place if at_usual_place else ''}"
    script += f"exec {_program('sshd')} -D -e -f {shlex.quote(str(folder / 'sshd_config'))}"
    argv = node.host.namespace.wrap(["unshare", "--mount", "/bin/sh", "-c", script])
    program = Program(argv, folder / "sshd.log")
    try:
        is_listening = lambda: node.host.namespace.accepts(node.host.address, PORT)  # noqa: E731  # used once
        wait_until(is_listening, f"sshd of {node.name} to listen", START_DEADLINE_S, program)
        yield Sshd(node, folder, program)
    finally:
        program.stop()


class User:
    """A person with an ssh configuration: the program `ssh` in `bin` uses it."""

    def __init__(self, folder: Path, passphrase: str = "") -> None:
        """Make a person whose key has a passphrase, empty = none."""
        folder.mkdir(mode=0o700)
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.public_key = make_key(folder / "id", passphrase)
        self.known_hosts = folder / "known_hosts"
        self._config = folder / "config"
        self._key = folder / "id"
        ssh = self.bin / "ssh"
        # ssh looks for its configuration in the home folder of the password file, whatever HOME says.
        ssh.write_text(f'#!/bin/sh\nexec {_program("ssh")} -F {shlex.quote(str(self._config))} "$@"\n')
        ssh.chmod(0o755)

    def learn(self, alias: str, server: Sshd, *, login: str = "root", more: str = "", knows_key: bool = True) -> None:
        """Add a host to the configuration, and its key to the known ones."""
        address = server.node.host.address
        with self._config.open("a") as config:
            config.write(
                f"Host {alias}\n HostName {address}\n User {login}\n IdentityFile {self._key}\n IdentitiesOnly yes\n"
                f" UserKnownHostsFile {self.known_hosts}\n GlobalKnownHostsFile none\n {more}\n"
            )
        if knows_key:
            self.remember(address, (server.folder / "host.pub").read_text())

    def remember(self, address: str, public_key: str) -> None:
        """Take a key for a host's."""
        with self.known_hosts.open("a") as known:
            known.write(f"{address} {public_key}")

    def may_log_in(self, server: Sshd) -> None:
        """Have the user's key let in."""
        with (server.folder / "authorized").open("a") as authorized:
            authorized.write(self.public_key)
        (server.folder / "authorized").chmod(0o644)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise LabError(f"there is no {name}")
    return found
