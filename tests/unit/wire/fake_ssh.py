"""Stands for OpenSSH's client: a control master over this machine's own sockets.

Its host says how it goes: `well` logs in, `says:WORDS` prints them and ends, `hangs` never gets anywhere. Each start is
noted in the file that FAKE_SSH_NOTES names.
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def note(*words: str) -> None:
    with Path(os.environ["FAKE_SSH_NOTES"]).open("a") as notes:
        notes.write(" ".join(words) + "\n")


def value_of(option: str) -> str:
    return sys.argv[sys.argv.index(option) + 1]


def be_master(control: str, host: str) -> None:
    note("master", str(os.getpid()), *[word for word in sys.argv if word.startswith("BatchMode")], host)
    kind, _, words = host.partition(":")
    if kind == "asks" and "BatchMode=yes" in sys.argv:
        kind, words = "says", "me@web: Permission denied (publickey,password)."
    if kind == "says":
        sys.exit(words)
    if kind == "hangs":
        time.sleep(60)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(control)
        listener.listen()
        serve(listener)
    Path(control).unlink()


def serve(listener: socket.socket) -> None:
    """Answer on the control socket: `exit`, or `forward FROM TO`, and carry bytes between."""
    eyes = selectors.DefaultSelector()
    eyes.register(listener, selectors.EVENT_READ, "")
    while True:
        for key, _ in eyes.select():
            if key.fileobj is listener:
                asker, _ = listener.accept()
                verb, *paths = asker.recv(4096).decode().split("\0")
                if verb == "exit":
                    return
                local = socket.socket(socket.AF_UNIX)
                local.bind(paths[0])
                local.listen()
                eyes.register(local, selectors.EVENT_READ, paths[1])
                asker.close()
            else:
                carry(key.fileobj, key.data)  # type: ignore[arg-type]  # only sockets are registered


def carry(local: socket.socket, remote: str) -> None:
    """Join a client with the socket it wants, in two processes of `cat`'s simplicity."""
    client, _ = local.accept()
    far = socket.socket(socket.AF_UNIX)
    try:
        far.connect(remote)
    except OSError:
        client.close()
        return
    for source, sink in ((client, far), (far, client)):
        if os.fork() == 0:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
            os._exit(0)
    client.close()
    far.close()


def ask_master(control: str, *words: str) -> None:
    with socket.socket(socket.AF_UNIX) as asker:
        try:
            asker.connect(control)
        except OSError as error:
            sys.exit(f"Control socket connect({control}): {error.strerror}")
        asker.sendall("\0".join(words).encode())
        asker.recv(1)


def main() -> None:
    control = value_of("-S")
    if "-M" in sys.argv:
        be_master(control, sys.argv[-1])
    elif "-O" in sys.argv and value_of("-O") == "exit":
        ask_master(control, "exit")
    elif "-O" in sys.argv:
        local, _, remote = value_of("-L").partition(":")
        ask_master(control, "forward", local, remote)
    else:
        note("run", sys.argv[-1].partition(" ")[0])
        sys.exit(subprocess.run(["/bin/sh", "-c", sys.argv[-1]], check=False).returncode)


if __name__ == "__main__":
    main()
