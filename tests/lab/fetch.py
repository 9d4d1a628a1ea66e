"""One HTTP request, for a test that asks from inside a namespace: `python fetch.py METHOD URL [BODY] [NAME:VALUE…]`.

It stands alone on the standard library, so that what answers is not asked through the code under test.
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

DEADLINE_S = 20.0


def fetch(method: str, url: str, body: str, headers: dict[str, str]) -> dict[str, object]:
    """Send one request and return its answer."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=DEADLINE_S)
    try:
        connection.request(method, url.partition(place.netloc)[2], body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return {"status": answer.status, "headers": {k.lower(): v for k, v in answer.getheaders()}, "body": text}
    finally:
        connection.close()


if __name__ == "__main__":
    method, url, *rest = sys.argv[1:]
    print(json.dumps(fetch(method, url, rest[0] if rest else "", dict(pair.split(":", 1) for pair in rest[1:]))))
