"""A server that tells each client which address it sees, over UDP and TCP, and its client: STUN in one screenful.

python mirror.py serve ADDRESS…           until it is killed
python mirror.py ask udp|tcp ADDRESS…     from one socket, prints what each server saw, `-` for no answer
"""

import selectors
import socket
import sys

PORT = 7
ANSWER_DEADLINE_S = 2.0


def serve(addresses: list[str]) -> None:
    """Answer for ever on these addresses."""
    selector = selectors.DefaultSelector()
    for address in addresses:
        udp = socket.socket(type=socket.SOCK_DGRAM)
        udp.bind((address, PORT))
        selector.register(udp, selectors.EVENT_READ, is_udp := True)
        selector.register(socket.create_server((address, PORT)), selectors.EVENT_READ, not is_udp)
    print("serving", flush=True)
    while True:
        for key, _ in selector.select():
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            if key.data:
                _, seen = sock.recvfrom(100)
                sock.sendto(f"{seen[0]}:{seen[1]}".encode(), seen)
            else:
                connection, seen = sock.accept()
                with connection:
                    connection.sendall(f"{seen[0]}:{seen[1]}".encode())


def ask_udp(addresses: list[str]) -> list[str]:
    """Send to all servers from one socket."""
    answers = dict.fromkeys(addresses, "-")
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(ANSWER_DEADLINE_S)
        for address in addresses:
            sock.sendto(b"?", (address, PORT))
        try:
            while "-" in answers.values():
                answer, server = sock.recvfrom(100)
                answers[server[0]] = answer.decode()
        except TimeoutError:
            pass  # what is still missing stays `-`
    return list(answers.values())


def ask_tcp(address: str) -> str:
    """Connect to one server."""
    try:
        with socket.create_connection((address, PORT), ANSWER_DEADLINE_S) as sock:
            return sock.recv(100).decode()
    except OSError:
        return "-"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", *addresses]:
            serve(addresses)
        case ["ask", "udp", *addresses]:
            print(*ask_udp(addresses))
        case ["ask", "tcp", *addresses]:
            print(*map(ask_tcp, addresses))
        case _:
            sys.exit(__doc__)
