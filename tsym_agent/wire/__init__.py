"""HTTP/1.1 over any byte stream: openers that yield a stream, a client that speaks over it, and a small server.

One protocol serves a unix socket, TCP, TLS and whatever is added later, because the client only knows an `Opener`.
"""
